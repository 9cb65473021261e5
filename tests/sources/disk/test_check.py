from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.dispatch import Signal
from pytest_django import Settings

from freeze_alerts import signals
from freeze_alerts.catalog import Severity
from freeze_alerts.sources.disk import check, consumers, growth, reading, samples
from freeze_alerts.sources.disk.check import Measured, check_disks
from freeze_alerts.sources.disk.consumers import Size
from freeze_alerts.sources.disk.models import DiskConsumer, DiskSample
from freeze_alerts.sources.disk.reading import Reading, Unreadable
from tests.sources.disk.readings import NOON, a_reading

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _quick_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    size = Size("backups", "/backups", 5)
    monkeypatch.setattr(consumers, "measure", lambda path, **limits: [size])


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    news: list[dict[str, Any]] = []

    def listen(sender: object, signal: Signal, **kwargs: Any) -> None:
        news.append(kwargs)

    signal.connect(listen)
    yield news
    signal.disconnect(listen)


def seeing(monkeypatch: pytest.MonkeyPatch, *outcomes: Reading | Unreadable) -> None:
    monkeypatch.setattr(reading, "read_all", lambda paths: list(outcomes))


def refuse(*args: object) -> None:
    raise OperationalError("server closed the connection")


def test_a_real_disk_is_read_judged_told_and_written_down(tmp_path: Path, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DISK": {"HOST": "web1", "WARNING_PERCENT": 0.000001}}
    with heard(signals.disk_measured) as news:
        (measured,) = check_disks([str(tmp_path)])
    assert isinstance(measured, Measured)
    assert (news[0]["host"], news[0]["path"]) == ("web1", str(tmp_path))
    assert news[0]["severity"] is measured.verdict.severity is not None
    assert DiskSample.objects.get().used_bytes == measured.reading.used_bytes


def test_what_is_told_of_a_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, a_reading(91.125))
    with heard(signals.disk_measured) as news:
        check_disks(["/"])
    assert news == [
        {
            "host": "web1",
            "device": "/dev/sda1",
            "path": "/",
            "also": [],
            "used_percent": 91.125,
            "severity": Severity.CRITICAL,
            "held": Severity.CRITICAL,
            "text": "/ on web1 is 91.2 % full: 7.1 GB left of 80 GB.",
            "fields": [
                ("Used", "91.2 % · 72.9 GB of 80 GB"),
                ("Free", "7.1 GB"),
                ("Inodes", "10 %"),
                ("Forecast", "not known before 3 hours of samples"),
                ("Path", "/"),
            ],
        }
    ]


def test_the_percent_told_is_the_worse_of_bytes_and_inodes(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, a_reading(10, inodes_percent=96))
    with heard(signals.disk_measured) as news:
        check_disks(["/"])
    assert (news[0]["used_percent"], news[0]["severity"]) == (96, Severity.EMERGENCY)


def test_a_filesystem_without_inodes_shows_none(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, a_reading(10, inodes_percent=None))
    (measured,) = check_disks(["/"])
    assert isinstance(measured, Measured)
    assert "Inodes" not in dict(check.fields(measured))


def test_an_unreadable_path_is_told_and_stops_no_other(tmp_path: Path) -> None:
    missing = str(tmp_path / "nowhere")
    with heard(signals.disk_unreadable) as news:
        outcomes = check_disks([missing, str(tmp_path)])
    assert [type(each) for each in outcomes] == [Unreadable, Measured]
    assert news == [{"host": reading.host_name(), "path": missing, "error": "No such file or directory"}]


def test_only_a_full_pass_says_that_all_were_checked(settings: Settings, tmp_path: Path) -> None:
    settings.FREEZE_ALERTS = {"DISK": {"PATHS": [str(tmp_path), "/nowhere"], "HOST": "web1"}}
    with heard(signals.disks_checked) as news:
        check_disks([str(tmp_path)])
        assert news == []
        assert len(check_disks()) == 2
    assert news == [{"host": "web1"}]


def test_the_forecast_is_made_of_earlier_samples_and_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for hours in range(1, 12):
        samples.store(a_reading(85 - hours * 1.25, read_at=NOON - timedelta(hours=hours)))
    seeing(monkeypatch, a_reading(85))
    (measured,) = check_disks(["/"])
    assert isinstance(measured, Measured)
    assert ("Forecast", "full in ≈ 12 h at this rate") in check.fields(measured)


def test_a_database_that_fails_costs_the_forecast_but_not_the_verdict(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seeing(monkeypatch, a_reading(91))
    monkeypatch.setattr(samples, "since", refuse)
    monkeypatch.setattr(samples, "store", refuse)
    with heard(signals.disk_measured) as news:
        check_disks(["/"])
    assert news[0]["severity"] == Severity.CRITICAL
    assert "could not store a sample: OperationalError: server closed" in caplog.text


def test_a_listener_that_fails_is_logged_and_not_felt(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    def fail(**news: object) -> None:
        raise RuntimeError("no channel")

    signals.disk_measured.connect(fail)
    with caplog.at_level(logging.ERROR), heard(signals.disk_measured) as news:
        check_disks([str(tmp_path)])
    signals.disk_measured.disconnect(fail)
    assert len(news) == 1
    assert "failed when told of a disk" in caplog.text


def test_a_calm_full_pass_measures_the_consumers_once(settings: Settings, tmp_path: Path) -> None:
    settings.FREEZE_ALERTS = {"DISK": {"PATHS": [str(tmp_path)], "WARNING_PERCENT": 100, "HOST": "web1"}}
    check_disks()
    check_disks()
    row = DiskConsumer.objects.get()
    assert (row.host, row.name, row.size_bytes) == ("web1", "backups", 5)


@pytest.mark.parametrize("paths", [None, ["/"]], ids=["a disk above its line", "a partial pass"])
def test_consumers_are_not_measured(monkeypatch: pytest.MonkeyPatch, paths: list[str] | None) -> None:
    seeing(monkeypatch, a_reading(81 if paths is None else 20))
    check_disks(paths)
    assert not DiskConsumer.objects.exists()


def test_consumers_are_not_measured_when_nothing_could_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, Unreadable("/", "Permission denied"))
    check_disks()
    assert not DiskConsumer.objects.exists()


def test_a_measure_that_can_not_be_stored_breaks_no_pass(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    seeing(monkeypatch, a_reading(20))
    monkeypatch.setattr(growth, "remember", refuse)
    assert len(check_disks()) == 1
    assert "could not store the measure" in caplog.text

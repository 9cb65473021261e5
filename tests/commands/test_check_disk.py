from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command, get_commands, load_command_class
from pytest_django import Settings

from freeze_alerts.catalog import Severity
from freeze_alerts.management.commands import check_disk
from freeze_alerts.management.commands.check_disk import Command
from freeze_alerts.sources.disk import growth, reading
from freeze_alerts.sources.disk.reading import Reading, Unreadable
from tests.sources.disk.readings import GIGABYTE, NOON, a_reading

pytestmark = pytest.mark.django_db

GONE = Unreadable("/mnt/backups", "No such file or directory")


@pytest.fixture(autouse=True)
def _web1(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.FREEZE_ALERTS = {"DISK": {"HOST": "web1"}, "DELIVERY": {"DOORBELL": "none"}}
    monkeypatch.setattr(growth, "measure", lambda paths: [])


def run(*arguments: str, **options: Any) -> tuple[int, str]:
    """The exit code, and what was printed."""
    printed = io.StringIO()
    try:
        call_command("check_disk", *arguments, stdout=printed, **options)
    except SystemExit as end:
        return int(end.code or 0), printed.getvalue()
    return 0, printed.getvalue()


def seeing(monkeypatch: pytest.MonkeyPatch, *outcomes: Reading | Unreadable) -> None:
    monkeypatch.setattr(reading, "read_all", lambda paths: list(outcomes))


FINE, WARNING, CRITICAL, EMERGENCY = (a_reading(each, device=f"/dev/sd{each}") for each in (50, 81, 91, 96))


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([], 0),  # nothing is watched
        ([FINE], 0),
        ([a_reading(79)], 0),  # held, but calls for nothing
        ([FINE, WARNING], 1),
        ([WARNING, GONE], 3),  # what can't be read may be worse than a warning
        ([GONE, CRITICAL], 2),  # but a disk known to be full is worst
        ([EMERGENCY, GONE, WARNING, FINE], 2),
    ],
)
def test_the_exit_code_is_the_worst_of_all(
    outcomes: list[Reading | Unreadable], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeing(monkeypatch, *outcomes)
    assert run()[0] == code


def test_the_table_lines_up(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, a_reading(50), a_reading(91.125, path="/srv", device="/dev/mapper/data"), GONE)
    lines = run()[1].splitlines()
    assert [line.partition("not known")[0].rstrip() for line in lines] == [
        "Path          Device            Used                       Free    Inodes  State       Forecast",
        "/             /dev/sda1         50 % · 40 GB of 80 GB      40 GB   10 %    fine",
        "/srv          /dev/mapper/data  91.2 % · 72.9 GB of 80 GB  7.1 GB  10 %    critical",
        "/mnt/backups  -                 -                          -       -       unreadable  -",
        "/mnt/backups: No such file or directory",
    ]


def test_paths_on_one_disk_share_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, a_reading(50, also=("/srv", "/var")))
    assert run()[1].splitlines()[1].startswith("/, /srv, /var  /dev/sda1")


def test_the_state_is_coloured_when_colour_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, FINE, WARNING, CRITICAL)
    _, printed = run(force_color=True)
    assert printed.count("\x1b[") >= 6
    assert "\x1b" not in run()[1]


def test_quiet_prints_only_what_is_not_fine(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, FINE, WARNING)
    assert "/dev/sd50" not in run("--quiet")[1]
    seeing(monkeypatch, FINE)
    assert run("--quiet") == (0, "")
    assert run("--quiet", "--json") == (0, "[]\n")


def test_json_has_every_key_for_every_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    seeing(monkeypatch, a_reading(91.125), GONE)
    disk, gone = json.loads(run("--json")[1])
    assert list(disk) == list(gone) == list(check_disk.JSON_KEYS)
    assert (disk["state"], disk["severity"], disk["held"], disk["measure"]) == ("critical",) * 3 + ("bytes",)
    assert (disk["host"], disk["device"], disk["used_percent"]) == ("web1", "/dev/sda1", 91.125)
    assert gone == dict.fromkeys(check_disk.JSON_KEYS) | {
        "host": "web1", "path": "/mnt/backups", "state": "unreadable", "error": "No such file or directory"
    }  # fmt: skip


def test_json_has_the_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freeze_alerts.sources.disk.samples.since", lambda *window: _filling())
    seeing(monkeypatch, a_reading(85))
    (disk,) = json.loads(run("--json")[1])
    assert disk["bytes_per_hour"] == pytest.approx(GIGABYTE)
    assert disk["full_in_seconds"] == pytest.approx(12 * 3600)


def test_a_disk_without_a_free_byte_is_full_in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("freeze_alerts.sources.disk.samples.since", lambda *window: _filling())
    seeing(monkeypatch, a_reading(100))
    (disk,) = json.loads(run("--json")[1])
    assert disk["full_in_seconds"] == 0


def _filling() -> list[tuple[Any, int]]:
    return [(NOON - timedelta(hours=ago), (68 - ago) * GIGABYTE) for ago in range(12)]


def test_a_path_that_is_named_is_read_and_no_other(tmp_path: Path) -> None:
    code, printed = run("--json", "--path", str(tmp_path), "--path", str(tmp_path / "nowhere"))
    assert [each["path"] for each in json.loads(printed)] == [str(tmp_path), str(tmp_path / "nowhere")]
    assert code in {2, 3}  # 2 where this machine's own disk is nearly full


def test_the_help_documents_the_json_and_the_exit_codes() -> None:
    text = Command().create_parser("manage.py", "check_disk").format_help()
    assert all(key in text for key in check_disk.JSON_KEYS)
    assert "2  critical or emergency    3  could not be read    1  warning    0  fine" in text


def test_a_wrong_setting_elsewhere_does_not_stop_the_command() -> None:
    command = load_command_class(get_commands()["check_disk"], "check_disk")
    assert command.requires_system_checks == []


def test_every_severity_of_the_ladder_has_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for percent, severity in ((81, Severity.WARNING), (91, Severity.CRITICAL), (96, Severity.EMERGENCY)):
        seeing(monkeypatch, a_reading(percent))
        code, printed = run()
        assert code == (1 if severity is Severity.WARNING else 2)
        assert severity in printed

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from freeze_alerts.diagnosis import disk
from freeze_alerts.diagnosis.budget import Skip, Step, run_steps
from freeze_alerts.discord.message import Finding, Outcome
from freeze_alerts.sources.disk import consumers, growth, reading
from freeze_alerts.sources.disk.consumers import Size
from freeze_alerts.sources.disk.reading import Reading, Unreadable
from tests.sources.backups.manifests import NOON, a_backup
from tests.sources.disk.readings import GIGABYTE, a_reading


@dataclass(frozen=True)
class Alert:
    """As much of an alert as a diagnosis asks for; JSON makes lists of pairs."""

    host: str = "web1"
    fields: list[list[str]] = field(default_factory=lambda: [["Used", "91.2 %"], ["Path", "/"]])


@pytest.fixture(autouse=True)
def _on_web1(settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DISK": {"HOST": "web1"}}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Backups of 21.3 GB, and a media directory too large to measure; collects the paths asked about."""
    asked: list[str] = []
    sizes = [
        Size("backups", "/srv/backups", round(21.3 * GIGABYTE)),
        Size("media", "/srv/media", None, "timed out after 3 s"),
    ]

    def measure(path: str, **limits: float) -> list[Size]:
        asked.append(path)
        return sizes

    monkeypatch.setattr(consumers, "measure", measure)
    return asked


def sees(monkeypatch: pytest.MonkeyPatch, seen: Reading | Unreadable) -> None:
    monkeypatch.setattr(reading, "read", lambda path: seen)


def step(name: str) -> Step:
    return next(each for each in disk.steps(Alert()) if each.name == name)  # type: ignore[arg-type]


def test_another_hosts_disk_is_not_looked_at_here() -> None:
    (finding,) = run_steps(disk.steps(Alert(host="web2")))  # type: ignore[arg-type]
    assert finding.outcome is Outcome.SKIPPED
    assert finding.text.startswith("findings are only taken on web2, and this was sent from web1")


def test_df_is_two_or_three_short_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    sees(monkeypatch, a_reading(91.125))
    assert step("df -h").run() == (
        "/dev/sda1 on /\n91.2 % · 72.9 GB of 80 GB used, 7.1 GB free\ninodes 10 % used, 90,000 free"
    )
    sees(monkeypatch, a_reading(91.125, inodes_percent=None))
    assert "inodes" not in step("df -h").run()


def test_a_disk_that_can_not_be_read_is_a_failed_step(monkeypatch: pytest.MonkeyPatch) -> None:
    sees(monkeypatch, Unreadable("/mnt", "did not answer within 5 s"))
    (finding,) = run_steps([step("df -h")])
    assert (finding.outcome, finding.text) == (Outcome.FAILED, "OSError: /mnt: did not answer within 5 s")


@pytest.mark.django_db
@pytest.mark.usefixtures("measured")
def test_what_grew_since_last_night() -> None:
    since = timezone.now() - timedelta(hours=4)
    growth.remember("web1", [Size("backups", "/srv/backups", round(12.2 * GIGABYTE))], since)
    at = f"{timezone.localtime(since):%H:%M}"
    assert step("What grew since last night").run() == f"backups +9.1 GB since {at}, now 21.3 GB"


@pytest.mark.django_db
@pytest.mark.usefixtures("measured")
def test_growth_over_days_names_the_day() -> None:
    since = timezone.now() - timedelta(days=3)
    growth.remember("web1", [Size("backups", "/srv/backups", 0)], since)
    assert f"since {timezone.localtime(since):%d %b %H:%M}" in step("What grew since last night").run()


@pytest.mark.django_db
@pytest.mark.usefixtures("measured")
def test_nothing_grown_is_said() -> None:
    since = timezone.now() - timedelta(hours=4)
    growth.remember("web1", [Size("backups", "/srv/backups", 22 * GIGABYTE)], since)
    assert step("What grew since last night").run().startswith("nothing we measure has grown since ")


@pytest.mark.django_db
@pytest.mark.usefixtures("measured")
def test_without_an_earlier_measure_the_step_is_skipped() -> None:
    with pytest.raises(Skip, match="no earlier measure to compare with"):
        step("What grew since last night").run()


@pytest.mark.usefixtures("measured")
def test_the_largest_are_listed_and_then_what_could_not_be_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    sees(monkeypatch, a_reading(50))
    assert step("Largest consumers").run() == (
        "backups 21.3 GB · /srv/backups\nmedia timed out after 3 s · /srv/media"
    )


@pytest.mark.usefixtures("measured")
def test_what_nobody_explains_leads_to_du_and_deleted_open_files(monkeypatch: pytest.MonkeyPatch) -> None:
    sees(monkeypatch, a_reading(91.125))
    last = step("Largest consumers").run().splitlines()[-1]
    assert last == "51.6 GB lie elsewhere: du -xh -d2 / | sort -h | tail; deleted but still open: lsof +L1"


@pytest.mark.django_db(transaction=True)
def test_both_steps_share_one_measure(measured: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    sees(monkeypatch, a_reading(91.125))
    run_steps(disk.steps(Alert(fields=[["Path", "/srv"]])))  # type: ignore[arg-type]
    assert measured == ["/srv"]


def test_an_alert_without_a_path_is_about_the_root(measured: list[str]) -> None:
    disk.steps(Alert(fields=[]))[2].run()  # type: ignore[arg-type]
    assert measured == ["/"]


@pytest.mark.django_db(transaction=True)
def test_on_a_real_disk_every_step_ends_within_the_budget(tmp_path: Path) -> None:
    findings: list[Finding] = run_steps(disk.steps(Alert(fields=[["Path", str(tmp_path)]])))  # type: ignore[arg-type]
    assert [each.step for each in findings] == [
        "df -h", "What grew since last night", "Largest consumers", "backup_database --cleanup",
    ]  # fmt: skip
    assert findings[0].outcome is Outcome.OK
    assert all(len(each.text.splitlines()) <= 12 for each in findings)


def test_what_a_cleanup_would_free_is_said(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    backups = tmp_path / "backups"
    backups.mkdir()
    settings.FREEZE_ALERTS = {"DISK": {"HOST": "web1"}, "BACKUPS": {"DIRECTORY": str(backups)}}
    for number in range(9):
        a_backup(backups, f"default_20261123T120000Z_{number:08x}", snapshot_at=NOON + timedelta(seconds=number))
    [step] = [each for each in disk.steps(Alert(fields=[["Path", str(tmp_path)]])) if "cleanup" in each.name]  # type: ignore[arg-type]
    assert step.run() == "would free 102 B"


def test_where_no_backups_are_kept_nothing_is_said_of_them(tmp_path: Path, settings: Settings) -> None:
    settings.FREEZE_ALERTS = {"DISK": {"HOST": "web1"}, "BACKUPS": {"DIRECTORY": str(tmp_path / "none")}}
    with pytest.raises(Skip, match="no backups are kept"):
        step("backup_database --cleanup").run()

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from freeze_alerts import signals
from freeze_alerts.alerts.models import Alert
from freeze_alerts.diagnosis import backups, diagnose
from freeze_alerts.diagnosis.budget import BUDGET_SECONDS, run_steps
from freeze_alerts.sources.backups import keeping
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.watch.models import Heartbeat
from tests.sources.backups.manifests import a_backup

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass(frozen=True)
class Told:
    """As much of an alert as a diagnosis asks for; JSON makes lists of pairs."""

    fields: list[list[str]] = field(default_factory=lambda: [["Database", "default"], ["Stage", "dump"]])


@pytest.fixture(autouse=True)
def _kept(tmp_path, settings):
    keeping._tried.clear()  # what this process remembers of its tries is of other tests
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "BACKUPS": {"DIRECTORY": str(tmp_path)}}


def found(steps):
    return {each.step: (each.outcome.value, each.text) for each in run_steps(steps)}


def test_a_failed_backup_shows_room_database_last_good_one_and_next_try(tmp_path):
    a_backup(tmp_path, snapshot_at=datetime.now(UTC) - timedelta(hours=2, minutes=5))
    said = found(backups.failed(Told()))
    assert [outcome for outcome, _ in said.values()] == ["ok"] * 4
    assert said[f"df -h {tmp_path}"][1].endswith("free; the newest backup has 17 B")
    assert said["Database default"][1].startswith("answers, after")
    assert "2 h old, 17 B, 42 rows, not proved yet" in said["Last good backup"][1]
    assert said["Next try"][1].startswith("is due now")


def test_right_after_a_failure_the_next_try_is_said_with_its_time():
    BackupRun.objects.create(database="default", made_by="freeze_alerts", state="failed", at=timezone.now())
    assert found(backups.failed(Told()))["Next try"][1].startswith("the next regular one is due at 2")


def test_a_run_that_is_on_is_the_next_try(tmp_path):
    note = {
        "alias": "default",
        "name": "x",
        "host": "h",
        "pid": 1,
        "task_id": "",
        "started_at": "2026-11-23T12:00:00+00:00",
    }
    (tmp_path / ".default.running").write_text(json.dumps(note))
    assert found(backups.failed(Told()))["Next try"][1] == "one is being made since 2026-11-23 12:00 UTC"


def test_without_any_backup_and_without_its_directory_the_steps_say_so(tmp_path, settings):
    settings.FREEZE_ALERTS["BACKUPS"]["DIRECTORY"] = str(tmp_path / "not" / "there")
    said = found(backups.failed(Told()))
    assert said["Last good backup"][1].startswith("none of default in")
    assert said[f"df -h {tmp_path}/not/there"][1].endswith("free")


def test_a_database_that_is_none_is_a_failed_step_and_hides_no_other():
    said = found(backups.failed(Told([["Database", "shop"]])))
    outcome, text = said["Database shop"]
    assert outcome == "failed"
    assert "there is no database 'shop'" in text
    assert said["Last good backup"][0] == "ok"


def test_a_missed_backup_shows_who_should_have_made_it_and_what_became_of_the_last():
    now = timezone.now()
    Heartbeat.objects.create(name="beat", at=now - timedelta(minutes=2))
    Heartbeat.objects.create(name="canary", at=now - timedelta(minutes=50))
    Heartbeat.objects.create(name="broker", at=now - timedelta(minutes=9), failures=3, detail="Connection refused")
    BackupRun.objects.create(database="default", made_by="freeze_alerts", state="complete", at=now, size_bytes=1 << 20)
    BackupRun.objects.create(database="default", made_by="freeze_alerts", state="failed", at=now - timedelta(hours=1),
                             stage="write", error="pg_dump: error\nNo space left on device")  # fmt: skip
    said = found(backups.missed(Told()))
    assert said["Celery Beat"] == ("ok", "alive 2 min ago")
    assert said["A worker"] == ("ok", "SILENT: last seen 50 min ago")
    assert said["The broker"] == ("ok", "DOES NOT ANSWER (Connection refused); it last did 9 min ago")
    first, second = said["Last runs"][1].splitlines()
    assert first.endswith("complete, 1 MB")
    assert second.endswith("failed (write): No space left on device")


def test_what_was_never_seen_is_skipped():
    said = found(backups.missed(Told()))
    assert [said[name][0] for name in ("Celery Beat", "A worker", "The broker", "Last runs")] == ["skipped"] * 4


def test_the_cards_of_both_alerts_carry_their_findings(tmp_path):
    signals.backup_failed.send_robust(None, database="default", stage="dump", error="gone")
    signals.backup_age_judged.send_robust(
        None, database="default", severity="high", age_hours=26.0, text="old", fields=[]
    )
    for alert in Alert.objects.all():
        diagnose([alert])
        assert len(alert.findings) >= 4
        assert all(each["seconds"] <= BUDGET_SECONDS for each in alert.findings)

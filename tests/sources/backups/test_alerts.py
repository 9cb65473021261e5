"""From what is told of backups to alerts, and to the table."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from freeze_alerts import signals
from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups.models import BackupRun
from tests.sources.backups.manifests import NOON

pytestmark = pytest.mark.django_db(transaction=True)
MADE = {"name": "default_20261123T120000Z_0000000a", "snapshot_at": NOON, "duration_seconds": 9.0, "stored_bytes": 17}


def failed(stage="dump", **told):
    told = {"database": "default", "stage": stage, "error": "pg_dump: error: server closed the connection"} | told
    signals.backup_failed.send_robust(None, **told)


def made(**told):
    signals.backup_made.send_robust(None, database="default", **told)


def standing():
    return {alert.key for alert in Alert.objects.exclude(open_key=None)}


def test_a_failed_backup_says_where_why_and_what_was_left_untouched():
    failed(signal_name="SIGKILL", task_id="7f3a", untouched="Nothing of default_1 was touched.")
    alert = Alert.objects.get()
    assert (alert.type, alert.severity, alert.title) == ("backups.failed", "high", "the backup of default failed")
    assert alert.text.splitlines() == [
        "pg_dump: error: server closed the connection", "Nothing of default_1 was touched.",
    ]  # fmt: skip
    assert alert.fields == [["Database", "default"], ["Stage", "dump"], ["Ended by", "SIGKILL"], ["Task", "7f3a"]]


def test_failing_again_is_the_same_alert_and_the_next_success_ends_it():
    for _ in range(3):
        failed()
    assert Alert.objects.get().occurrences == 3
    made(**MADE)
    assert Alert.objects.get().ended


@pytest.mark.parametrize(
    ("stage", "ends"),
    [
        ("copy", lambda: signals.backup_copied.send_robust(None, database="default", name="x", storage="offsite")),
        ("proof", lambda: signals.backup_verified.send_robust(None, database="default", name="x", level=1)),
    ],
)
def test_a_copy_or_a_proof_that_failed_is_ended_by_the_next_of_its_kind_alone(stage, ends):
    failed(stage)
    assert BackupRun.objects.count() == 0  # the backup itself was made
    made(**MADE)
    assert standing() == {f"backup:default:{stage}"}
    ends()
    assert standing() == set()


@pytest.mark.parametrize("stage", ["preflight", "lock", "dump", "write", "died"])
def test_whatever_kept_a_backup_from_being_made_is_one_trouble(stage):
    failed(stage)
    assert standing() == {"backup:default"}
    row = BackupRun.objects.get()
    assert (row.state, row.stage) == ("failed", stage)


def test_a_success_of_one_database_ends_nothing_of_another_with_its_prefix():
    failed(database="default_archive")
    made(**MADE)
    assert standing() == {"backup:default_archive"}


def test_the_table_keeps_what_was_told():
    made(**MADE, made_by="freeze_alerts", task_id="7f3a")
    row = BackupRun.objects.get()
    assert (row.state, row.at, row.seconds, row.size_bytes) == ("complete", NOON, 9.0, 17)
    made(**MADE, made_by="freeze_alerts")  # told twice: one backup
    assert BackupRun.objects.count() == 1


def test_somebody_elses_backup_needs_no_more_than_its_database():
    with time_machine.travel(NOON, tick=False):
        made()
        made()
    assert list(BackupRun.objects.values_list("at", "made_by")) == [(NOON, "")] * 2


def test_of_a_long_error_the_last_lines_are_shown_without_secrets():
    failed(error="\n".join(f"line {number}" for number in range(500)) + "\nURI postgresql://shop:hunter2@db/shop")
    text = Alert.objects.get().text
    assert "line 499" in text
    assert "line 400" not in text
    assert "hunter2" not in text + BackupRun.objects.get().error


def test_the_age_is_a_state_that_ends_by_itself():
    told = {"database": "default", "text": "26 h old", "fields": []}
    signals.backup_age_judged.send_robust(None, severity="high", age_hours=26.0, **told)
    assert Alert.objects.get().peak_value == 26
    signals.backup_age_judged.send_robust(None, severity=None, age_hours=0.1, **told)
    assert Alert.objects.get().ended


def test_the_day_is_told_once():
    told = {"day": NOON.date(), "title": "all is there", "text": "Each has one.", "fields": [("default", "24 made")]}
    with time_machine.travel(NOON, tick=False) as clock:
        signals.backups_summarized.send_robust(None, **told)
        clock.shift(timedelta(hours=3))
        signals.backups_summarized.send_robust(None, **told)
    alert = Alert.objects.get()
    assert (alert.type, alert.severity, alert.ended, alert.occurrences) == ("backups.summary", "info", True, 1)

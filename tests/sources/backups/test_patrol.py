from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from freeze_alerts import signals
from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import BackupMonitor
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.backups.patrol import patrol
from tests.sources.backups.manifests import NOON, a_backup

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture
def clock(directory):
    with time_machine.travel(NOON, tick=False) as traveller:
        MigrationRecorder.Migration.objects.filter(app="freeze_alerts").update(applied=timezone.now() - 300 * HOUR)
        yield traveller


def missed():
    return {alert.key: alert.status for alert in Alert.objects.filter(type="backups.missed")}


def test_a_fresh_backup_is_no_news(directory, clock):
    a_backup(directory, snapshot_at=NOON - 24 * HOUR)
    assert [seen.stale for seen in patrol()] == [False]
    assert not Alert.objects.exists()


def test_a_missed_backup_is_one_alert_that_the_next_backup_ends(directory, clock):
    a_backup(directory, snapshot_at=NOON)
    for hours in (25, 1, 1):
        clock.shift(timedelta(hours=hours))
        patrol()
    alert = Alert.objects.get()
    assert (alert.severity, alert.occurrences, alert.peak_value) == ("high", 1, 27)
    assert alert.text == "The newest complete backup of default is 27 h old, of 2026-11-23 12:00 UTC."
    a_backup(directory, "default_20261124T150000Z_0000000c", snapshot_at=NOON + 27 * HOUR)
    patrol()
    assert missed() == {"backup-age:default": "resolved"}


def test_a_file_that_is_gone_is_no_backup(directory, clock):
    made = a_backup(directory, snapshot_at=NOON)
    (directory / made.file).unlink()
    patrol()
    assert missed() == {"backup-age:default": "open"}


def test_the_table_alone_is_not_believed(directory, clock):
    """A restored database may know of backups that have been deleted since: the directory decides."""
    made = a_backup(directory, snapshot_at=NOON)
    patrol()
    assert missed() == {}
    for path in (directory / made.file, directory / f"{made.name}.json"):
        path.unlink()
    patrol()
    assert missed() == {"backup-age:default": "open"}
    assert BackupRun.objects.get().deleted_at is not None


def test_a_database_that_was_restored_hides_no_backup(directory, clock):
    a_backup(directory, snapshot_at=NOON - 30 * HOUR)
    patrol()
    a_backup(directory, "default_20261123T110000Z_0000000b", snapshot_at=NOON - HOUR)
    assert BackupRun.objects.count() == 1  # what the restored table knows
    patrol()
    assert missed() == {"backup-age:default": "resolved"}
    assert BackupRun.objects.count() == 2


def test_after_installing_there_is_a_day_for_the_first_one(directory, clock):
    MigrationRecorder.Migration.objects.filter(app="freeze_alerts").update(applied=timezone.now() - HOUR)
    patrol()
    assert missed() == {}
    clock.shift(25 * HOUR)
    patrol()
    assert missed() == {"backup-age:default": "open"}
    assert "There is no complete backup of default at all." in Alert.objects.get().text


def test_backups_of_another_tool_count(directory, clock):
    BackupMonitor().record_success("default", at=NOON - HOUR, made_by="barman")
    assert [seen.stale for seen in patrol()] == [False]


def test_a_prefix_is_another_database(directory, settings, clock):
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = ["app", "app_archive"]
    a_backup(directory, "app_archive_20261123T120000Z_0000000b", database="app_archive", snapshot_at=NOON)
    patrol()
    assert missed() == {"backup-age:app": "open"}


def test_a_database_no_longer_watched_ends_its_alert(directory, settings, clock):
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = ["app"]
    patrol()
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = ["default"]
    a_backup(directory, snapshot_at=NOON)
    clock.shift(timedelta(minutes=16))
    patrol()
    alert = Alert.objects.get()
    assert (alert.ended, alert.ended_because) == (True, "no longer watched")


def test_a_backup_from_the_future_hides_nothing(directory, clock):
    a_backup(directory, snapshot_at=NOON + 500 * HOUR)
    patrol()
    assert missed() == {"backup-age:default": "open"}


def test_with_the_database_away_the_age_is_judged_all_the_same(directory, clock):
    a_backup(directory, snapshot_at=NOON - 30 * HOUR)
    heard = []
    signals.backup_age_judged.connect(lambda **told: heard.append(told["database"]), weak=False)

    def fail(*_, **__):
        raise DatabaseError("down")

    with connection.execute_wrapper(fail):
        assert [seen.stale for seen in patrol()] == [True]
    assert heard == ["default"]

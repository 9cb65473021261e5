from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import entry
from freeze_alerts.sources.backups import BackupMonitor, history, manifest, monitor
from freeze_alerts.sources.backups.manifest import Proof
from freeze_alerts.sources.backups.models import BackupRun
from tests.sources.backups.manifests import NOON, a_backup

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _at_noon():
    with time_machine.travel(NOON, tick=False):
        yield


def hourly(directory, count, **changes):
    for number in range(count):
        a_backup(directory, f"default_20261123T120000Z_{number:08x}", snapshot_at=NOON - number * HOUR, **changes)


def many_runs(count):
    now = timezone.now()
    BackupRun.objects.bulk_create(
        (
            BackupRun(database=f"db{number % 5}", state="complete" if number % 4 else "failed", made_by="cron",
                      at=now - number * timedelta(minutes=5), seconds=1, size_bytes=100 + number)
            for number in range(count)
        ),
        batch_size=5000,
    )  # fmt: skip


def test_without_any_backup_the_numbers_say_so(directory):
    metrics = BackupMonitor().get_metrics()
    assert (metrics["last_backup_time"], metrics["success_rate"], metrics["total_backups"]) == (None, None, 0)
    assert metrics["databases"]["default"]["next_due"] is None


def test_the_numbers_come_from_the_manifests(directory):
    hourly(directory, 3)
    metrics = BackupMonitor().get_metrics()
    assert metrics["last_backup_time"] == NOON
    assert metrics["oldest_kept"] == NOON - 2 * HOUR
    assert (metrics["total_backups"], metrics["kept"]) == (3, 3)
    assert (metrics["last_duration_seconds"], metrics["last_size_bytes"]) == (9, 17)
    assert metrics["next_due"] == NOON + HOUR
    assert metrics["databases"]["default"]["kept"] == 3


def test_the_rate_is_in_percent_and_of_the_last_thirty_days(directory):
    for days, state in ((1, "complete"), (2, "complete"), (3, "failed"), (31, "failed"), (3, "running")):
        history.remember(history.number(""), database="default", state=state, at=timezone.now() - timedelta(days=days))
    metrics = BackupMonitor().get_metrics()
    assert (metrics["success_rate"], metrics["total_backups"]) == (66.7, 2)


def test_each_database_has_its_own_numbers(directory, settings):
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = ["app", "app_archive"]
    a_backup(directory, "app_20261123T120000Z_0000000a", database="app", snapshot_at=NOON)
    a_backup(directory, "app_archive_20261123T120000Z_0000000b", database="app_archive", snapshot_at=NOON - 9 * HOUR)
    metrics = BackupMonitor().get_metrics()
    ages = {alias: each["last_backup_time"] for alias, each in metrics["databases"].items()}
    assert ages == {"app": NOON, "app_archive": NOON - 9 * HOUR}
    assert metrics["next_due"] == NOON - 8 * HOUR


def test_a_proof_is_told_with_its_time(directory):
    a_backup(directory, proofs=(Proof(2, NOON, "ok"),))
    assert BackupMonitor().get_metrics()["last_verified"] == NOON


def test_another_tool_is_counted_by_what_it_records(directory):
    BackupMonitor().record_success("default", name="base", at=NOON - HOUR, seconds=4, size_bytes=9, made_by="barman")
    metrics = BackupMonitor().get_metrics()
    assert (metrics["last_backup_time"], metrics["success_rate"]) == (NOON - HOUR, 100)
    assert (metrics["last_duration_seconds"], metrics["last_size_bytes"]) == (4, 9)


def test_another_tools_failure_is_told_and_its_next_success_ends_it(directory):
    BackupMonitor().record_failure("default", error="disk full, password=hunter2", made_by="barman")
    alert = Alert.objects.get()
    assert (alert.type, alert.title) == ("backups.failed", "the backup of default failed")
    assert "hunter2" not in alert.text
    assert "hunter2" not in BackupRun.objects.get().error
    BackupMonitor().record_success("default")
    alert.refresh_from_db()
    assert alert.ended
    assert BackupMonitor().get_metrics()["success_rate"] == 50


def test_a_database_that_is_away_costs_the_rate_and_not_the_truth(directory):
    hourly(directory, 2)

    def fail(*_, **__):
        raise DatabaseError("down")

    with connection.execute_wrapper(fail):
        metrics = BackupMonitor().get_metrics()
    assert (metrics["last_backup_time"], metrics["success_rate"], metrics["total_backups"]) == (NOON, None, 2)


@pytest.mark.parametrize("count", [10, 3000])
def test_the_numbers_cost_two_queries_whatever_is_stored(directory, django_assert_max_num_queries, count):
    many_runs(count)
    with django_assert_max_num_queries(5):
        metrics = BackupMonitor().get_metrics()
    assert metrics["databases"]["db1"]["last_backup_time"] == NOON - timedelta(minutes=5)
    assert len(metrics["databases"]) == 6


def test_a_backup_from_the_future_says_nothing_of_the_age(directory):
    hourly(directory, 1)
    a_backup(directory, "default_20270101T000000Z_0000000f", snapshot_at=NOON + 1000 * HOUR)
    assert monitor.newest_at("default", manifest.read_all(directory), NOON) == NOON


@pytest.mark.parametrize(
    ("sizes", "percent"),
    [([], None), ([5], None), ([50, 100, 100, 400], -50), ([150, None, 100], 50), ([5, 0, 0], None)],
)
def test_the_trend_is_against_the_median_of_the_last_seven(sizes, percent):
    assert monitor.size_trend_percent(sizes) == percent


def test_the_runbooks_one_liner_works(directory, capsys):
    command = entry("backups.missed").command
    code = command[command.index('"') + 1 : command.rindex('"')]
    exec(code, {})  # noqa: S102 - the very words of the card
    assert "'last_backup_time': None" in capsys.readouterr().out

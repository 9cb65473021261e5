from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from freeze_alerts.sources.backups import history, manifest
from freeze_alerts.sources.backups.manifest import Proof
from freeze_alerts.sources.backups.models import BackupRun
from tests.sources.backups.manifests import NOON, a_backup

pytestmark = pytest.mark.django_db(transaction=True)
ONE, TWO = "default_20261123T120000Z_0000000a", "default_20261123T110000Z_0000000b"


def agree(directory):
    return history.agree_with(manifest.read_all(directory))


def test_the_table_is_rebuilt_from_the_manifests(directory):
    a_backup(directory, ONE)
    a_backup(directory, TWO, snapshot_at=NOON - timedelta(hours=1), task_id="7f")
    assert agree(directory) == 2
    row = BackupRun.objects.get(name=TWO)
    assert (row.state, row.at, row.seconds, row.size_bytes) == ("complete", NOON - timedelta(hours=1), 9.0, 17)
    assert (row.made_by, row.host, row.task_id) == ("freeze_alerts", "web1", "7f")
    assert agree(directory) == 0


def test_after_a_restore_later_backups_come_back_and_deleted_ones_are_marked(directory):
    kept = a_backup(directory, ONE)
    gone = a_backup(directory, TWO)
    agree(directory)
    (directory / gone.file).unlink()
    BackupRun.objects.filter(name=kept.name).delete()
    assert agree(directory) == 2
    assert BackupRun.objects.get(name=kept.name).deleted_at is None
    assert BackupRun.objects.get(name=gone.name).deleted_at is not None


def test_a_directory_that_comes_back_brings_its_backups_back(directory):
    a_backup(directory)
    agree(directory)
    history.agree_with(manifest.Directory())
    assert BackupRun.objects.get().deleted_at is not None
    agree(directory)
    assert BackupRun.objects.get().deleted_at is None


def test_a_later_proof_arrives_in_the_table(directory):
    made = a_backup(directory)
    agree(directory)
    manifest.change(made.name, directory, lambda each: manifest.with_proof(each, Proof(2, NOON, "ok")))
    assert agree(directory) == 1
    assert BackupRun.objects.get().verified_at == NOON


def test_backups_of_others_are_left_as_they_are(directory):
    history.remember(history.number(""), database="default", state="complete", made_by="pgBackRest", at=NOON)
    assert agree(directory) == 0
    assert BackupRun.objects.get().deleted_at is None


def test_a_row_is_written_once_whoever_comes_first(directory):
    made = a_backup(directory)
    agree(directory)
    history.remember(history.number(made.name), **history.columns(made))
    assert BackupRun.objects.count() == 1


def test_many_backups_are_brought_in_at_once(directory, django_assert_max_num_queries):
    for number in range(50):
        a_backup(directory, f"default_20261123T120000Z_{number:08x}")
    with django_assert_max_num_queries(8):
        assert agree(directory) == 50


def test_a_year_later_only_what_is_still_there_is_remembered():
    then = timezone.now() - history.REMEMBERED_FOR - timedelta(days=1)
    for state, deleted_at in (("failed", None), ("complete", then), ("complete", None)):
        history.remember(history.number(""), database="default", state=state, deleted_at=deleted_at, at=then)
    history.remember(history.number(""), database="default", state="failed", at=timezone.now())
    history.forget()
    assert sorted(BackupRun.objects.values_list("state", flat=True)) == ["complete", "failed"]


def test_a_refused_row_spoils_no_transaction_around_it(caplog):
    def fail(execute, sql, params, many, context):
        return execute("SELECT nothing FROM nowhere" if sql.startswith("INSERT") else sql, params, many, context)

    with transaction.atomic():
        with connection.execute_wrapper(fail):
            history.remember(history.number("x"), database="default", state="failed", at=NOON)
        assert BackupRun.objects.count() == 0
    assert "could not remember a backup" in caplog.text


def test_a_project_without_time_zones_keeps_its_own_clock(settings):
    settings.USE_TZ = False
    assert history.stored(NOON).isoformat() == "2026-11-23T13:00:00"
    assert history.stored(history.stored(NOON)) == history.stored(NOON)

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import cleanup, deletion, engines, history, manifest, remote, sweeping
from freeze_alerts.sources.backups.manifest import Directory
from freeze_alerts.sources.backups.models import BackupRun
from tests.sources.backups.manifests import CONTENT, a_backup

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture
def identity():
    return engines.of("default").server().identity


def minutely(directory, count, identity, database="default"):
    """So many within one hour or two: all but a few have to go."""
    now = datetime.now(UTC)
    return [
        a_backup(directory, f"{database}_20261123T120000Z_{number:08x}", database=database, identity=identity,
                 snapshot_at=now - number * MINUTE)
        for number in range(1, count + 1)
    ]  # fmt: skip


def standing(directory):
    return {each.name for each in manifest.read_all(directory).backups}


def test_what_retention_lets_go_is_deleted_and_the_rest_stays(directory, identity):
    made = minutely(directory, 9, identity)
    cleaned = cleanup.clean("default")
    kept = {each.backup.name for each in cleaned.decisions if each.stays}
    assert made[0].name in kept
    assert 3 <= len(kept) <= 5
    assert standing(directory) == kept
    assert cleaned.freed_bytes == len(CONTENT) * len(cleaned.deleted) == len(CONTENT) * (9 - len(kept))
    assert not Alert.objects.exists()


def test_a_dry_run_says_the_same_and_deletes_nothing(directory, identity):
    minutely(directory, 9, identity)
    before = sorted(os.listdir(directory))
    dry = cleanup.clean("default", dry_run=True)
    assert sorted(os.listdir(directory)) == before
    wet = cleanup.clean("default")
    assert (dry.deleted, dry.freed_bytes) == (wet.deleted, wet.freed_bytes)


def test_the_table_knows_of_what_was_deleted(directory, identity):
    minutely(directory, 9, identity)
    history.agree_with(manifest.read_all(directory))
    cleaned = cleanup.clean("default")
    gone = BackupRun.objects.exclude(deleted_at=None).values_list("name", flat=True)
    assert set(gone) == set(cleaned.deleted)


def test_another_database_and_other_files_are_left_alone(directory, identity, settings):
    """``app`` and ``app_archive``, one backup of a database that once bore the name, and files of other tools."""
    settings.FREEZE_ALERTS["BACKUPS"] |= {"KEEP_HOURLY_HOURS": 1, "KEEP_DAILY_DAYS": 0, "KEEP_WEEKLY_WEEKS": 0}
    minutely(directory, 6, identity)
    archive = minutely(directory, 6, identity, database="default_archive")
    once = a_backup(directory, "default_20250101T000000Z_000000aa", identity="sqlite:/elsewhere",
                    snapshot_at=datetime.now(UTC) - 300 * DAY)  # fmt: skip
    foreign = directory / "default-web1-2026-11-23.psql.bin"
    foreign.write_bytes(b"x")
    cleaned = cleanup.clean("default")
    assert cleaned.others == (once.name,)
    assert {each.name for each in (*archive, once)} <= standing(directory)
    assert foreign.exists()
    assert len(cleaned.deleted) >= 2


def test_a_damaged_backup_counts_for_nothing_and_protects_nobody(directory, identity):
    made = minutely(directory, 3, identity)
    (directory / made[0].file).write_bytes(b"cut")
    cleaned = cleanup.clean("default")
    assert cleaned.deleted == []
    assert standing(directory) == {made[1].name, made[2].name}


def test_a_pinned_one_and_one_from_the_future_stay(directory, identity):
    made = minutely(directory, 9, identity)
    manifest.change(made[7].name, directory, lambda each: replace(each, pinned=True))
    ahead = a_backup(directory, "default_20991123T120000Z_000000ff", identity=identity,
                     snapshot_at=datetime.now(UTC) + DAY)  # fmt: skip
    cleanup.clean("default")
    assert {made[7].name, ahead.name} <= standing(directory)


def test_what_is_being_read_stays_and_is_told_until_it_can_go(directory, identity, monkeypatch):
    minutely(directory, 9, identity)

    def refuse(*_):
        raise deletion.InUse(0, "it is being read, and goes the next time")

    with monkeypatch.context() as patched:
        patched.setattr(deletion, "_refuse_if_read", refuse)
        cleaned = cleanup.clean("default")
    assert cleaned.freed_bytes == 0
    assert len(standing(directory)) == 9
    alert = Alert.objects.get()
    assert (alert.key, alert.title) == ("backup:default:cleanup", "the backup of default could not be cleaned up")
    cleanup.clean("default")
    alert.refresh_from_db()
    assert alert.ended


def test_a_database_that_is_no_more_is_cleaned_up_by_what_its_backups_agree_on(directory, settings):
    """The disk is full, and the server went down of it: this is when room is wanted."""
    minutely(directory, 9, "postgresql:1/shop", database="gone")
    assert len(cleanup.clean("gone").deleted) >= 4


def test_where_they_do_not_agree_nothing_is_deleted(directory):
    minutely(directory, 9, "postgresql:1/shop", database="gone")
    a_backup(directory, "gone_20250101T000000Z_000000aa", database="gone", identity="postgresql:2/shop")
    cleaned = cleanup.clean("gone")
    assert cleaned.deleted == []
    assert "there is no database 'gone'" in cleaned.troubles[0]
    assert len(standing(directory)) == 10


def test_a_directory_that_cannot_be_read_is_told(tmp_path, settings):
    (tmp_path / "file").write_bytes(b"")
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "BACKUPS": {"DIRECTORY": str(tmp_path / "file")}}
    assert cleanup.clean("default").troubles
    assert Alert.objects.get().key == "backup:default:cleanup"


def test_what_would_be_freed_is_known_without_asking_a_database(directory, identity):
    minutely(directory, 9, identity)
    found = manifest.read_all(directory)
    dry = cleanup.clean("default", dry_run=True)
    for wrapper in connections.all():
        wrapper.close()
    assert cleanup.would_free(found, ["default"]) == dry.freed_bytes > 0
    assert cleanup.would_free(Directory(), ["default"]) == 0


def left_over(directory, name, *, hours):
    path = directory / name
    path.write_bytes(b"half")
    then = path.stat().st_mtime - hours * 3600
    os.utime(path, (then, then))
    return path


def test_left_overs_go_when_they_are_a_day_old(directory, identity):
    old = left_over(directory, ".default_20261123T080000Z_0000000e.dump.zst.partial", hours=25)
    young = left_over(directory, ".default_20261123T080000Z_0000000f.dump.zst.partial", hours=23)
    foreign = left_over(directory, "download.partial", hours=99)
    assert cleanup.clean("default").swept == (old.name,)
    assert not old.exists()
    assert young.exists()
    assert foreign.exists()


def test_left_overs_stay_while_a_backup_is_being_made(directory, identity):
    from freeze_alerts.sources.backups import lock

    old = left_over(directory, ".default_20261123T080000Z_0000000e.dump.zst.partial", hours=25)
    with lock.hold("default"):
        assert sweeping.sweep(directory) == []
    assert sweeping.sweep(directory) == [old.name]


@pytest.fixture
def offsite(tmp_path, directory, settings):
    """A second place, with a copy of each backup that is made."""
    far = tmp_path / "far"
    far.mkdir()
    settings.STORAGES = {
        **settings.STORAGES,
        "offsite": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(far)},
        },
    }
    settings.FREEZE_ALERTS["BACKUPS"]["STORAGE"] = "offsite"
    return far


def test_second_copies_are_kept_and_deleted_alike(directory, identity, offsite):
    minutely(directory, 9, identity)
    assert remote.copy_all("default", directory) == ""
    foreign = offsite / "holiday.json"
    foreign.write_bytes(b"{}")
    cleaned = cleanup.clean("default")
    assert cleaned.troubles == ()
    assert {path.name for path in offsite.iterdir()} - {foreign.name} == {
        path.name for path in directory.iterdir()
    } - {".default.lock"}
    assert foreign.exists()


def test_second_copies_of_what_was_lost_here_are_kept_by_the_same_rule(directory, identity, offsite):
    """The disk was lost, and a new one has its first backup: the copies are what there is, and nothing more goes."""
    made = minutely(directory, 9, identity)
    assert remote.copy_all("default", directory) == ""
    for each in made:
        deletion.delete(each, directory)
    expected = cleanup.clean("default", dry_run=True)
    cleaned = cleanup.clean("default")
    assert cleaned.deleted == expected.deleted
    assert made[0].name not in cleaned.deleted
    kept = {each.backup.name for each in cleaned.decisions if each.stays}
    assert {path.stem for path in offsite.glob("*.json")} == kept
    assert cleaned.freed_bytes == 0


def test_a_storage_that_refuses_frees_the_disk_all_the_same_and_is_told(directory, identity, offsite, monkeypatch):
    minutely(directory, 9, identity)
    assert remote.copy_all("default", directory) == ""

    def refuse(copied):
        raise remote.RemoteTrouble("Access Denied", stage="copy")

    with monkeypatch.context() as patched:
        patched.setattr(remote, "delete", refuse)
        cleaned = cleanup.clean("default")
    assert cleaned.freed_bytes == len(CONTENT) * len(cleaned.deleted) > 0
    assert Alert.objects.get().key == "backup:default:cleanup"
    again = cleanup.clean("default")  # the copies have been left behind: they go now
    assert again.deleted == cleaned.deleted
    assert {path.stem for path in offsite.glob("*.json")} == standing(directory)
    assert Alert.objects.get().ended

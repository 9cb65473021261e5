"""What ``--cleanup`` and ``--list`` say; ``--check`` has its own tests, with the damages it finds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import cleanup, engines, manifest
from freeze_alerts.sources.backups.manifest import Copy, Proof
from freeze_alerts.sources.backups.models import BackupRun
from tests.commands.backups import run_backups
from tests.sources.backups.manifests import CONTENT, a_backup

pytestmark = pytest.mark.django_db(transaction=True)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def directory(tmp_path, settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "BACKUPS": {"DIRECTORY": str(tmp_path)}}
    return tmp_path


def minutely(directory, count, **changes):
    now = datetime.now(UTC).replace(minute=30)
    identity = engines.of("default").server().identity
    return [
        a_backup(directory, f"default_20261123T120000Z_{number:08x}", identity=identity,
                 snapshot_at=now - timedelta(hours=1) - number * MINUTE, **changes)
        for number in range(count)
    ]  # fmt: skip


def test_a_dry_run_says_of_each_why_it_stays_or_that_it_would_go(directory):
    made = minutely(directory, 5)
    code, out, err = run_backups("--cleanup", "--dry-run")
    assert (code, err) == (0, "")
    lines = {line.split()[0]: line for line in out.splitlines()}
    assert "newest, hour" in lines[made[0].name]
    assert "one of at least 3" in lines[made[1].name]
    assert lines[made[2].name].endswith("would be deleted")
    assert out.splitlines()[-1].strip() == "3 stay, 2 would be deleted, which would free 34 B"
    assert len(manifest.read_all(directory).backups) == 5


def test_a_cleanup_says_what_it_did_and_why(directory):
    made = minutely(directory, 5)
    foreign = a_backup(directory, "default_20250101T000000Z_000000aa", identity="elsewhere")
    code, out, _ = run_backups("--cleanup", "--json")
    [said] = json.loads(out)
    assert code == 0
    assert said["deleted"] == [made[2].name, made[3].name]
    assert said["freed_bytes"] == 2 * len(CONTENT)
    assert said["of_another_database"] == [foreign.name]
    assert [each["name"] for each in said["kept"]] == [made[0].name, made[1].name, made[4].name]
    assert all(each["reasons"] for each in said["kept"])


def test_a_cleanup_that_fails_exits_with_1_and_is_told(directory, monkeypatch):
    minutely(directory, 5)

    def fail(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(cleanup.deletion, "delete", fail)
    code, out, err = run_backups("--cleanup")
    assert code == 1
    assert "could not be deleted: Permission denied" in err
    assert "which freed 0 B" in out
    assert Alert.objects.get().key == "backup:default:cleanup"


def test_an_unknown_database_is_asked_back(directory):
    code, _, err = run_backups("--cleanup", "--database", "defualt")
    assert code == 1
    assert "did you mean default?" in err


def test_the_list_shows_what_is_there_and_rebuilds_the_table(directory):
    now = datetime.now(UTC)
    made = a_backup(
        directory, snapshot_at=now - timedelta(hours=3), pinned=True, recipients=("age1x",),
        proofs=(Proof(2, now, "ok"),), copies=(Copy("offsite", "x", "x.json", 17, now),),
    )  # fmt: skip
    (directory / "default_20261123T090000Z_0000000d.sql.zst").write_bytes(b"orphan")
    code, out, _ = run_backups("--list")
    assert code == 0
    assert f"{made.name}  default" in out
    for words in ("3 h", "17 B", "42", "offsite", "pinned, encrypted", "1 without a manifest, so no backup"):
        assert words in out
    assert BackupRun.objects.get().name == made.name


def test_the_list_for_programs_is_the_manifests(directory):
    made = a_backup(directory)
    other = a_backup(directory, "old_20261123T120000Z_0000000b", database="old")
    said = json.loads(run_backups("--list", "--json")[1])
    assert {each["name"] for each in said} == {made.name, other.name}
    assert said[0]["rows"] == {"public.items": 30, "public.orders": 12}
    assert [each["name"] for each in json.loads(run_backups("--list", "--json", "--database", "old")[1])] == [
        other.name
    ]


def test_an_empty_directory_is_said_and_no_failure(directory):
    code, out, _ = run_backups("--list")
    assert (code, out) == (0, f"no complete backup in {directory}\n")


def test_a_directory_that_cannot_be_read_is_said(directory, settings):
    (directory / "file").write_bytes(b"")
    settings.FREEZE_ALERTS["BACKUPS"]["DIRECTORY"] = str(directory / "file")
    code, _, err = run_backups("--list")
    assert code == 1
    assert "can't be read: Not a directory" in err


def test_a_backup_that_is_made_cleans_up_after_itself(directory):
    minutely(directory, 9)
    code, _, _ = run_backups()
    assert code == 0
    assert 3 <= len(manifest.read_all(directory).backups) <= 6


def test_a_pinned_backup_stays_until_it_is_unpinned(directory):
    made = minutely(directory, 6)
    assert run_backups("--pin", made[3].name)[0] == 0
    cleaned = json.loads(run_backups("--cleanup", "--json")[1])[0]
    assert "pinned" in next(each["reasons"] for each in cleaned["kept"] if each["name"] == made[3].name)
    assert run_backups("--unpin", made[3].file)[0] == 0
    assert not manifest.read_all(directory).find(made[3].name).pinned


def test_pinning_what_is_not_there_says_so(directory):
    code, _, err = run_backups("--pin", "default_1")
    assert code == 1
    assert "there is no backup default_1" in err

from __future__ import annotations

import hashlib
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import manifest, pipeline, remote
from freeze_alerts.sources.backups.pipeline import Made
from freeze_alerts.sources.backups.remote import RemoteTrouble
from tests.sources.backups import stores
from tests.sources.backups.manifests import a_backup
from tests.sources.backups.shops import Shop
from tests.sources.backups.stores import BUCKET, S3Server

Told = list[tuple[str, dict[str, Any]]]


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "PAUSE_SECONDS", 0)


@pytest.fixture
def offsite(tmp_path: Path) -> Path:
    path = tmp_path / "offsite"
    path.mkdir()
    return path


def use(settings: Settings, directory: Path, storage: dict[str, Any]) -> None:
    settings.STORAGES = {**settings.STORAGES, "offsite": storage}
    settings.FREEZE_ALERTS = {
        "BACKUPS": {"DIRECTORY": str(directory), "STORAGE": "offsite"}, "DELIVERY": {"DOORBELL": "none"},
    }  # fmt: skip


def made(shop: Shop) -> Made:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Made), outcome
    return outcome


def test_a_copy_is_the_same_and_its_manifest_lies_beside_it(
    directory: Path, offsite: Path, settings: Settings, sqlite_shop: Shop, told: Told
) -> None:
    use(settings, directory, stores.local(offsite))
    outcome = made(sqlite_shop)
    backup = manifest.read_all(directory).backups[0]
    (copy,) = backup.copies
    assert (outcome.copy_error, copy.storage, copy.size) == ("", "offsite", backup.stored_bytes)
    assert (offsite / copy.name).read_bytes() == (directory / backup.file).read_bytes()
    assert manifest.read(offsite / copy.manifest_name).sha256 == backup.sha256
    assert [(name, news["database"]) for name, news in told] == [("backup_made", "shop"), ("backup_copied", "shop")]
    assert remote.names("offsite") == sorted([copy.name, copy.manifest_name])


def test_the_name_that_the_storage_gave_is_kept(directory: Path, offsite: Path, settings: Settings, db: None) -> None:
    use(settings, directory, stores.local(offsite))
    backup = a_backup(directory)
    (offsite / backup.file).write_bytes(b"somebody else's")
    (copy,) = remote.copy(backup, directory, "offsite").copies
    assert copy.name != backup.file
    assert hashlib.sha256((offsite / copy.name).read_bytes()).hexdigest() == backup.sha256
    assert (offsite / backup.file).read_bytes() == b"somebody else's"


def test_a_storage_that_refuses_is_tried_again_and_told_and_the_local_backup_counts(
    directory: Path, offsite: Path, settings: Settings, sqlite_shop: Shop, told: Told
) -> None:
    use(settings, directory, stores.local(offsite, "tests.sources.backups.stores.RefusingStorage"))
    stores.RefusingStorage.calls = 0
    outcome = made(sqlite_shop)
    assert stores.RefusingStorage.calls == remote.ATTEMPTS
    assert (
        outcome.copy_error
        == "the storage offsite failed: ConnectionError: https://shop:***@store.example refused: quota exceeded"
    )
    assert [(name, news.get("stage")) for name, news in told] == [("backup_made", None), ("backup_failed", "copy")]
    assert len(manifest.read_all(directory).backups) == 1
    assert Alert.objects.get().key == "backup:shop:copy"


def test_the_next_run_makes_up_for_copies_that_failed_and_ends_the_alert(
    directory: Path, offsite: Path, settings: Settings, sqlite_shop: Shop
) -> None:
    use(settings, directory, stores.local(offsite, "tests.sources.backups.stores.RefusingStorage"))
    made(sqlite_shop)
    use(settings, directory, stores.local(offsite))
    assert made(sqlite_shop).copy_error == ""
    assert [len(each.copies) for each in manifest.read_all(directory).backups] == [1, 1]
    assert Alert.objects.get().ended


def test_a_passing_failure_is_not_worth_a_word(
    directory: Path, offsite: Path, settings: Settings, sqlite_shop: Shop, told: Told
) -> None:
    use(settings, directory, stores.local(offsite, "tests.sources.backups.stores.RecoveringStorage"))
    stores.RecoveringStorage.calls = 0
    assert made(sqlite_shop).copy_error == ""
    assert [name for name, _ in told] == ["backup_made", "backup_copied"]


@pytest.mark.parametrize(
    ("kind", "says"), [("CuttingStorage", "bytes there, and"), ("RottingStorage", "its SHA-256 is another")]
)
def test_a_copy_that_is_not_the_same_is_no_copy_and_does_not_stay(
    directory: Path, offsite: Path, settings: Settings, kind: str, says: str
) -> None:
    use(settings, directory, stores.local(offsite, f"tests.sources.backups.stores.{kind}"))
    backup = a_backup(directory)
    with pytest.raises(RemoteTrouble, match=says):
        remote.copy(backup, directory, "offsite")
    assert (list(offsite.iterdir()), manifest.read_all(directory).backups[0].copies) == ([], ())


def test_a_copy_without_its_manifest_does_not_stay_for_each_attempt(
    directory: Path, offsite: Path, settings: Settings, db: None
) -> None:
    use(settings, directory, stores.local(offsite, "tests.sources.backups.stores.ForgetfulStorage"))
    with pytest.raises(RemoteTrouble, match="quota exceeded"):
        remote.copy(a_backup(directory), directory, "offsite")
    assert list(offsite.iterdir()) == []


def test_a_storage_that_is_none_is_told(directory: Path, settings: Settings, sqlite_shop: Shop) -> None:
    settings.FREEZE_ALERTS = {
        "BACKUPS": {"DIRECTORY": str(directory), "STORAGE": "ofsite"}, "DELIVERY": {"DOORBELL": "none"},
    }  # fmt: skip
    assert "the storage ofsite failed" in made(sqlite_shop).copy_error


def test_what_is_deleted_there_is_gone_with_its_manifest(
    directory: Path, offsite: Path, settings: Settings, db: None
) -> None:
    use(settings, directory, stores.local(offsite))
    (copy,) = remote.copy(a_backup(directory), directory, "offsite").copies
    remote.delete(copy)
    assert list(offsite.iterdir()) == []


def test_a_copy_on_s3_is_the_same(directory: Path, settings: Settings, sqlite_shop: Shop) -> None:
    server = S3Server()
    use(settings, directory, server.storage())
    assert made(sqlite_shop).copy_error == ""
    (copy,) = manifest.read_all(directory).backups[0].copies
    stored = server.client.get_object(Bucket=BUCKET, Key=copy.name)
    content = stored["Body"].read()
    assert hashlib.sha256(content).hexdigest() == manifest.read_all(directory).backups[0].sha256
    assert not stored.get("ContentEncoding")  # or clients would unpack it on the way
    assert remote.names("offsite") == sorted([copy.name, copy.manifest_name])
    remote.delete(copy)
    assert remote.names("offsite") == []


def test_an_s3_that_does_not_answer_costs_its_patience_and_not_the_backup(
    directory: Path, settings: Settings, sqlite_shop: Shop, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "ATTEMPTS", 2)
    server = S3Server()
    use(settings, directory, server.storage(patience_seconds=1))
    os.kill(server.process.pid, signal.SIGSTOP)
    try:
        outcome = made(sqlite_shop)
    finally:
        os.kill(server.process.pid, signal.SIGCONT)
    assert "the storage offsite failed" in outcome.copy_error
    assert [name for name, _ in told] == ["backup_made", "backup_failed"]

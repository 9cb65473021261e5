from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import cores, durable, lock, manifest, names, pipeline, running, sweeping
from freeze_alerts.sources.backups.engines.sqlite import SQLite
from freeze_alerts.sources.backups.pipeline import Failed, Made, Skipped
from freeze_alerts.sources.backups.trouble import Trouble
from tests.sources.backups import shops
from tests.sources.backups.manifests import a_backup
from tests.sources.backups.shops import Shop

Told = list[tuple[str, dict[str, Any]]]


def made(shop: Shop) -> Made:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Made), outcome
    return outcome


def test_a_backup_is_one_file_and_its_manifest_for_our_eyes_only(directory: Path, shop: Shop) -> None:
    backup = made(shop).manifest
    files = {path.name for path in directory.iterdir()} - {f".{shop.alias}.lock"}
    assert files == {backup.file, f"{backup.name}.json"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()} == {0o600}


def test_a_directory_that_is_not_there_is_made_for_our_eyes_only(
    directory: Path, sqlite_shop: Shop, settings: Any
) -> None:
    settings.FREEZE_ALERTS = {"BACKUPS": {"DIRECTORY": str(directory / "a" / "b")}}
    made(sqlite_shop)
    assert stat.S_IMODE((directory / "a" / "b").stat().st_mode) == 0o700


def test_a_manifest_that_did_not_reach_the_disk_leaves_nothing_and_closes_nobodys_file(
    directory: Path, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another thread opens files meanwhile, which may get the numbers of those that were closed."""
    opened: list[int] = []

    def fail(_: Path) -> None:
        if any(directory.glob("*.json")):
            opened.extend(os.open(os.devnull, os.O_RDONLY) for _ in range(50))
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(durable, "sync_directory", fail)
    outcome = pipeline.make(sqlite_shop.alias)
    assert isinstance(outcome, Failed)
    assert outcome.stage == "write"
    assert manifest.read_all(directory) == manifest.Directory()
    for each in opened:
        os.close(each)


def test_a_run_that_died_when_all_was_done_has_not_failed(directory: Path, db: None, told: Told) -> None:
    backup = a_backup(directory)
    with running.noted(backup.database, backup.name, backup.started_at, "", directory):
        sweeping.bury(backup.database, directory)
        assert running.read_notes(directory) == ()
    assert told == []


def test_a_write_that_fails_leaves_no_file_open(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        durable.write(tmp_path / "file", None)  # type: ignore[arg-type]
    assert [name for name in open_files() if name.startswith(str(tmp_path))] == []


def open_files() -> list[str]:
    found = []
    for each in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # other threads close theirs
            found.append(os.readlink(each))
    return found


def test_the_manifest_says_what_is_in_the_backup(directory: Path, shop: Shop) -> None:
    before = datetime.now(UTC)
    backup = made(shop).manifest
    assert backup == manifest.read_all(directory).backups[0]
    assert (backup.rows, backup.migrations) == (shop.rows, shops.MIGRATIONS)
    assert before <= backup.started_at <= backup.snapshot_at <= backup.finished_at <= datetime.now(UTC)
    assert (backup.database, backup.engine, backup.database_name) == (shop.alias, shop.kind, shop.description["NAME"])
    assert backup.stored_bytes == (directory / backup.file).stat().st_size < backup.raw_bytes
    assert [(each.level, each.outcome) for each in backup.proofs] == [(0, "ok")]
    assert all((backup.server_version, backup.client_version, backup.command, backup.host, backup.sha256))


@pytest.mark.parametrize(("usable", "level"), [(1, 1), (2, 1), (3, 3), (16, 3)])
def test_where_there_are_more_cores_it_is_packed_tighter(
    directory: Path, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, usable: int, level: int
) -> None:
    monkeypatch.setattr(cores, "usable", lambda: usable)
    assert made(sqlite_shop).manifest.level == level


def test_a_backup_is_told_with_what_a_card_needs(directory: Path, sqlite_shop: Shop, told: Told) -> None:
    outcome = pipeline.make(sqlite_shop.alias, task_id="task-1")
    assert isinstance(outcome, Made)
    ((name, news),) = told
    assert name == "backup_made"
    assert (news["database"], news["name"], news["task_id"]) == (sqlite_shop.alias, outcome.manifest.name, "task-1")
    assert (news["stored_bytes"], news["snapshot_at"]) == (outcome.manifest.stored_bytes, outcome.manifest.snapshot_at)


def test_rows_are_those_of_the_snapshot_whatever_is_written_meanwhile(directory: Path, shop: Shop) -> None:
    """The dump and its count must agree; proved by reading the dump back."""
    from freeze_alerts.sources.backups import verify

    ended = threading.Event()

    def write() -> None:
        number = shops.ORDERS
        while not ended.is_set():
            number += 1
            shop.run("INSERT INTO orders VALUES (%s, %s)", [(number, "new")])

    writer = threading.Thread(target=write)
    writer.start()
    try:
        backups = [made(shop).manifest for _ in range(3)]
    finally:
        ended.set()
        writer.join()
    assert [verify.read_back(each, directory).outcome for each in backups] == ["ok"] * 3
    assert shop.count("orders") > shops.ORDERS


def test_a_second_run_says_who_is_running_since_when_and_is_skipped(directory: Path, shop: Shop, told: Told) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    with lock.hold(shop.alias):
        outcome = pipeline.make(shop.alias)
        holder = lock.holder(shop.alias)
    assert isinstance(outcome, Skipped)
    assert holder is not None
    assert outcome.holder.who == holder.who
    assert outcome.holder.since is not None
    assert before <= outcome.holder.since <= datetime.now(UTC)
    assert shop.kind == "mysql" or str(os.getpid()) in outcome.holder.who
    assert (told, lock.holder(shop.alias)) == ([], None)
    made(shop)


def test_the_lock_of_one_database_is_none_of_another_whose_name_begins_alike(
    directory: Path, db: None, tmp_path: Path
) -> None:
    with shops.sqlite(tmp_path, "app") as app, shops.sqlite(tmp_path, "app_archive") as archive:
        with lock.hold(app.alias):
            made(archive)
        made(app)
        found = manifest.read_all(directory)
        assert [len(found.of(alias)) for alias in ("app", "app_archive")] == [1, 1]


def test_a_run_leaves_a_note_while_it_is_on(directory: Path, sqlite_shop: Shop) -> None:
    seen = []
    outcome = pipeline.make(sqlite_shop.alias, progress=lambda _: seen.append(running.read_notes(directory)))
    assert isinstance(outcome, Made)
    (note,) = seen[0]
    assert (note.alias, note.name, note.pid) == (sqlite_shop.alias, outcome.manifest.name, os.getpid())
    assert running.read_notes(directory) == ()


def test_progress_counts_up_to_all_that_was_read(directory: Path, shop: Shop) -> None:
    steps: list[int] = []
    outcome = pipeline.make(shop.alias, progress=steps.append)
    assert isinstance(outcome, Made)
    assert steps == sorted(steps)
    assert steps[-1] == outcome.manifest.raw_bytes


def test_an_interrupted_run_leaves_nothing_and_is_told(directory: Path, sqlite_shop: Shop, told: Told) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline.make(sqlite_shop.alias, progress=interrupt)
    assert [path.name for path in directory.iterdir()] == [f".{sqlite_shop.alias}.lock"]
    assert [(name, news["stage"], news["error"]) for name, news in told] == [
        ("backup_failed", "dump", "it was stopped by SIGINT")
    ]


def test_what_nobody_foresaw_is_told_without_the_password(
    directory: Path, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(*_: object) -> None:
        raise ValueError("no way in with password=hunter2")

    monkeypatch.setattr(SQLite, "dump", explode)
    outcome = pipeline.make(sqlite_shop.alias)
    assert isinstance(outcome, Failed)
    assert outcome.error == "ValueError: no way in with password=***"
    assert "hunter2" not in outcome.untouched


def test_the_next_success_ends_the_alert_of_a_failure(
    directory: Path, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(SQLite, "dump_tool", _refusal)
        assert isinstance(pipeline.make(sqlite_shop.alias), Failed)
        assert isinstance(pipeline.make(sqlite_shop.alias), Failed)
    alert = Alert.objects.get(type="backups.failed")
    assert not alert.ended
    made(sqlite_shop)
    alert.refresh_from_db()
    assert alert.ended


def _refusal(*_: object) -> None:
    raise Trouble("the tool is not there", stage="preflight")


def test_names_are_in_utc_and_never_come_twice() -> None:
    summer_hour_that_comes_twice = datetime.fromisoformat("2026-10-25T02:30:00+01:00")
    name = names.of_backup("old shop/éa", summer_hour_that_comes_twice)
    assert name.startswith("old_shop__a-a30607cd_20261025T013000Z_")
    assert name != names.of_backup("old shop/éa", summer_hour_that_comes_twice)


def test_no_two_aliases_share_a_name_on_the_disk() -> None:
    assert names.safe("shop") == "shop"
    assert len({names.safe(alias) for alias in ("a.b", "a_b", "a b", "a-b")}) == 4

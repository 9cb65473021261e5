from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import threading
import time
from pathlib import Path

import pytest

from freeze_alerts.sources.backups import pipeline, restore
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import Trouble
from tests.sources.backups import shops
from tests.sources.backups.shops import ORDERS, Shop


def made(shop: Shop) -> Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, pipeline.Made), outcome
    return outcome.manifest


def file_of(shop: Shop) -> Path:
    return Path(shop.description["NAME"])


@pytest.fixture(params=["wal", "delete"])
def journalled(request: pytest.FixtureRequest, sqlite_shop: Shop) -> Shop:
    with contextlib.closing(sqlite3.connect(file_of(sqlite_shop))) as own:
        own.execute(f"PRAGMA journal_mode = {request.param}")
    sqlite_shop.schema = ""
    return sqlite_shop


def mode_of(path: Path) -> str:
    with contextlib.closing(sqlite3.connect(path)) as own:
        return str(own.execute("PRAGMA journal_mode").fetchone()[0])


def test_what_stands_only_in_the_wal_is_in_the_backup(directory: Path, sqlite_shop: Shop) -> None:
    with contextlib.closing(sqlite3.connect(file_of(sqlite_shop), isolation_level=None)) as open_all_the_time:
        open_all_the_time.execute("PRAGMA journal_mode = wal")
        open_all_the_time.execute("PRAGMA wal_autocheckpoint = 0")
        open_all_the_time.execute("INSERT INTO items VALUES (99, 99)")
        assert made(sqlite_shop).rows["items"] == 4


def test_rows_and_journal_come_back_in_either_mode(directory: Path, journalled: Shop) -> None:
    mode = mode_of(file_of(journalled))
    backup = made(journalled)
    journalled.run("DELETE FROM orders WHERE id > 10")
    restore.restore(backup, directory, journalled.alias)
    assert (journalled.count("orders"), mode_of(file_of(journalled))) == (ORDERS, mode)


def test_a_restore_reaches_connections_that_stay_open(directory: Path, journalled: Shop) -> None:
    """The file is filled, not replaced: nobody goes on in one that is gone."""
    backup = made(journalled)
    with contextlib.closing(sqlite3.connect(file_of(journalled), isolation_level=None)) as stays:
        stays.execute("DELETE FROM orders WHERE id > 10")
        restore.restore(backup, directory, journalled.alias)
        assert stays.execute("SELECT count(*) FROM orders").fetchone() == (ORDERS,)


def test_a_file_that_is_gone_is_made_anew(directory: Path, sqlite_shop: Shop) -> None:
    backup = made(sqlite_shop)
    file_of(sqlite_shop).unlink()
    assert "was not there before" in restore.restore(backup, directory, sqlite_shop.alias)
    assert sqlite_shop.count("orders") == ORDERS


def test_a_file_that_is_no_database_any_more_is_set_aside(directory: Path, sqlite_shop: Shop) -> None:
    backup = made(sqlite_shop)
    file_of(sqlite_shop).write_bytes(b"overwritten by accident " * 500)
    said = restore.restore(backup, directory, sqlite_shop.alias)
    kept = Path(said.split(" kept as ")[1].rstrip("."))
    assert kept.read_bytes().startswith(b"overwritten")
    assert sqlite_shop.count("orders") == ORDERS


@pytest.mark.skipif(shutil.which("zstd") is None, reason="zstd is not installed here")
def test_a_backup_is_a_database_once_it_is_unpacked(directory: Path, tmp_path: Path, sqlite_shop: Shop) -> None:
    backup = made(sqlite_shop)
    subprocess.run(["zstd", "-q", "-d", directory / backup.file, "-o", tmp_path / "by_hand"], check=True)
    with contextlib.closing(sqlite3.connect(tmp_path / "by_hand")) as by_hand:
        assert by_hand.execute("SELECT count(*) FROM orders").fetchone() == (ORDERS,)


def test_a_writer_goes_on_while_the_copy_is_made(directory: Path, sqlite_shop: Shop) -> None:
    """In WAL mode; how long it waits is measured in benchmarks."""
    path = file_of(sqlite_shop)
    with contextlib.closing(sqlite3.connect(path)) as own:
        own.execute("PRAGMA journal_mode = wal")
    ended, written, failures = threading.Event(), [0], []

    def write() -> None:
        with contextlib.closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as own:
            while not ended.is_set():
                try:
                    own.execute("INSERT INTO items (order_id) VALUES (1)")
                    written[0] += 1
                except sqlite3.Error as problem:
                    failures.append(problem)
                time.sleep(0.001)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(5):
            made(sqlite_shop)
    finally:
        ended.set()
        writer.join()
    assert failures == []
    assert sqlite_shop.count("items") == 3 + written[0]


def test_a_database_in_memory_is_refused(directory: Path, sqlite_shop: Shop) -> None:
    shops.add("shop", {**sqlite_shop.description, "NAME": ":memory:"})
    outcome = pipeline.make("shop")
    assert isinstance(outcome, pipeline.Failed)
    assert "is in memory" in outcome.error


def test_a_restore_that_runs_out_of_room_leaves_the_old_database(
    directory: Path, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = made(sqlite_shop)
    sqlite_shop.run("DELETE FROM orders WHERE id > 10")

    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr("freeze_alerts.sources.backups.durable.create", full)
    with pytest.raises(Trouble, match=r"could not be unpacked in .*: No space left on device"):
        restore.restore(backup, directory, sqlite_shop.alias)
    assert sqlite_shop.count("orders") == 11

"""The notes that a restore and a proof leave beside the backups: true, readable, and ours."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from pytest_django import Settings

from freeze_alerts.sources.backups import leftovers, manifest, pipeline, restore, verify
from freeze_alerts.sources.backups.pipeline import Made
from freeze_alerts.sources.backups.trouble import HalfDone, Trouble
from tests.sources.backups import shops
from tests.sources.backups.shops import ORDERS, Shop
from tests.sources.disk import mounts

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def somebody_who_may_not_drop(shop: Shop) -> Iterator[Shop]:
    """The same database, by an alias whose user may do all else with it."""
    name, user = shop.description["NAME"], f"reader_{os.getpid()}"
    hosts = ("%", "localhost")
    for host in hosts:
        shop.run(f"CREATE OR REPLACE USER '{user}'@'{host}' IDENTIFIED BY 'it'")
        shop.run(f"GRANT SELECT, INSERT, UPDATE, LOCK TABLES, SHOW VIEW, TRIGGER, EVENT ON `{name}`.* TO"
                 f" '{user}'@'{host}'")  # fmt: skip
    shops.add("reader", {**shop.description, "USER": user, "PASSWORD": "it"})
    try:
        yield Shop("mysql", "reader", shop.description)
    finally:
        shops.remove("reader")
        for host in hosts:
            shop.run(f"DROP USER '{user}'@'{host}'")


def test_a_restore_that_may_not_drop_the_old_database_leaves_no_note_that_it_is_gone(
    directory: Path, mysql_shop: Shop
) -> None:
    outcome = pipeline.make(mysql_shop.alias)
    assert isinstance(outcome, Made)
    with somebody_who_may_not_drop(mysql_shop) as reader:
        with pytest.raises(Trouble, match="Access denied") as refused:
            restore.restore(outcome.manifest, directory, reader.alias)
        assert not isinstance(refused.value, HalfDone)
        assert leftovers.notes(directory) == []
        assert isinstance(pipeline.make(reader.alias), Made)
    assert mysql_shop.count("orders") == ORDERS


def test_where_a_drop_fails_in_any_other_way_nobody_says_that_all_is_as_it_was(
    directory: Path, mysql_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = pipeline.make(mysql_shop.alias)
    assert isinstance(outcome, Made)
    # The server's own way to this is a strange file in the database's folder, which is out of reach of a test.
    monkeypatch.setattr("freeze_alerts.sources.backups.engines.mysql._DROP", "DROP DATABASE {0} AND MORE")
    with pytest.raises(HalfDone, match="the old database is gone, at least in part"):
        restore.restore(outcome.manifest, directory, mysql_shop.alias)
    assert leftovers.half_filled(mysql_shop.alias, directory)


def test_a_full_disk_is_said_and_no_empty_note_is_left(directory: Path) -> None:
    with mounts.mounted(directory, "size=64k") as full:
        with (full / "fill").open("wb", buffering=0) as file, suppress(OSError):
            while file.write(bytes(4096)):
                pass
        with (
            pytest.raises(Trouble, match=r"\.scratch can't be written: No space left on device"),
            leftovers.in_place("shop", "b", full),
        ):
            pytest.fail("it began without its note")
        assert [path.name for path in full.iterdir()] == ["fill"]


def test_the_note_that_a_database_is_half_filled_is_of_the_last_try_and_names_all_that_there_are(
    directory: Path,
) -> None:
    for backup in ("first", "second", "third"):
        with pytest.raises(HalfDone), leftovers.in_place("shop", backup, directory):
            raise HalfDone("it failed", stage="restore")
    said = leftovers.half_filled("shop", directory)
    assert "a restore of third into it" in said
    assert all(str(note.path) in said for note in leftovers.notes(directory))


def test_a_note_is_no_file_of_another_tool(directory: Path) -> None:
    with leftovers.in_place("shop", "b", directory):
        assert len(leftovers.notes(directory)) == 1
        assert manifest.read_all(directory).foreign == ()


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "sqlite"])
def test_a_file_system_that_went_read_only_is_a_sentence(
    directory: Path, request: pytest.FixtureRequest, settings: Settings, kind: str
) -> None:
    """As a kernel makes it of a disk that fails, on the very night when one wants to restore."""
    shop: Shop = request.getfixturevalue(f"{kind}_shop")
    with mounts.mounted(directory, "size=2m,mode=700") as place:
        settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "BACKUPS": {"DIRECTORY": str(place)}}
        outcome = pipeline.make(shop.alias)
        assert isinstance(outcome, Made)
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        shop.run("DELETE FROM items")
        with pytest.raises(Trouble, match="Read-only file system"):
            restore.restore(outcome.manifest, place, shop.alias)
        proof = verify.drill(outcome.manifest, place)
    assert (proof.outcome, "Read-only file system" in proof.detail) == ("failed", True)
    assert (shop.count("orders"), shop.count("items")) == (ORDERS, 0)

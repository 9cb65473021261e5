"""Restores and proofs that are asked to stop, or killed, in the middle: real processes, real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import (
    children,
    cleanup,
    durable,
    engines,
    leftovers,
    lock,
    manifest,
    pipeline,
    restore,
    verify,
)
from freeze_alerts.sources.backups.interruption import unbroken
from freeze_alerts.sources.backups.lock import Taken
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.pipeline import Failed, Made, Skipped
from tests.processes import kill, read_until, start_python, wait_until
from tests.sources.backups.shops import ORDERS, Shop

pytestmark = pytest.mark.django_db(transaction=True)

# So that a real pg_restore hangs in the middle, wherever it fills a scratch database.
_SLOW = """
    CREATE FUNCTION public.slow(n integer) RETURNS boolean LANGUAGE sql AS $$
        SELECT pg_sleep(CASE WHEN current_database() ~ '(_restored|freeze_alerts_drill)_' THEN 600 ELSE 0 END)::text
               IS NOT NULL $$;
    CREATE TABLE slow (id integer CHECK (public.slow(id)));
    INSERT INTO slow VALUES (1)
"""
_HANGS = "#!/bin/sh\n[ \"$1\" = --version ] && echo 'mariadb from 99.0.0-MariaDB' || exec sleep 600\n"


def made(shop: Shop) -> Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Made), outcome
    return outcome.manifest


def make_slow(shop: Shop, directory: Path) -> dict[str, str]:
    """Let a restore of the next backup never end; gives the environment that this takes."""
    if shop.kind == "postgresql":
        shop.run(_SLOW)
    hanging = directory.parent / "bin" / "mariadb"
    hanging.parent.mkdir(exist_ok=True)
    hanging.write_text(_HANGS)
    hanging.chmod(0o700)
    return {"PATH": f"{hanging.parent}:{os.environ['PATH']}"}


def begin(shop: Shop, directory: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """The command, in a process of its own; SQLite's restore waits where all is unpacked and nothing yet put."""
    code = f"""
        import time
        from django.core.management import call_command
        from freeze_alerts.sources.backups.engines import sqlite
        from tests.sources.backups import shops
        shops.add({shop.alias!r}, {shop.description!r})
        sqlite._refuse_if_malformed = lambda *_: print("unpacked", flush=True) or time.sleep(600)
        print("begun", flush=True)
        call_command("backup_database", *{arguments!r}, no_color=True)
    """
    settings = {"BACKUPS": {"DIRECTORY": str(directory)}, "DELIVERY": {"DOORBELL": "none"}}
    process = start_python(code, FREEZE_ALERTS_TEST_SETTINGS=json.dumps(settings), **environment)
    read_until(process, "begun")
    return process


def in_the_middle(shop: Shop, process: subprocess.Popen[str], directory: Path) -> str:
    """Wait for it; gives the scratch database that is filled, empty where none is."""
    if shop.kind == "sqlite":
        read_until(process, "unpacked")
        return ""
    wait_until(lambda: leftovers.notes(directory) and _tools(process.pid))
    (note,) = leftovers.notes(directory)
    assert not note.scratch or note.scratch in databases(shop)
    return note.scratch


def _tools(parent: int) -> list[str]:
    """What the process runs that is stuck: ``pg_restore``, or what stands for ``mariadb``."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if int((path / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append((path / "comm").read_text().strip())
        except (OSError, ValueError):
            continue
    return [each for each in found if each in {"pg_restore", "sleep"}]


def databases(shop: Shop) -> set[str]:
    if shop.kind == "postgresql":
        return {name for (name,) in shop.run("SELECT datname FROM pg_database WHERE NOT datistemplate")}
    return {name for (name,) in shop.run("SHOW DATABASES")} if shop.kind == "mysql" else set()


def files(directory: Path) -> set[str]:
    return {each.name for each in directory.iterdir()} - {".shop.lock"}


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
def test_a_restore_that_is_stopped_leaves_the_old_database_and_nothing_else(
    directory: Path, request: pytest.FixtureRequest, kind: str, asked: signal.Signals
) -> None:
    shop: Shop = request.getfixturevalue(f"{kind}_shop")
    environment = make_slow(shop, directory)
    backup = made(shop)
    shop.run("DELETE FROM items")
    process = begin(shop, directory, "--restore", "latest", "--into", "shop", "--yes", **environment)
    scratch = in_the_middle(shop, process, directory)
    process.send_signal(asked)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + asked
    assert (
        f"the restore of {backup.name} into shop was stopped by {asked.name}. The database shop is as it was." in said
    )
    assert "Traceback" not in said
    assert (shop.count("orders"), shop.count("items"), scratch in databases(shop)) == (ORDERS, 0, False)
    assert files(directory) == {backup.file, f"{backup.name}.json"}
    assert Alert.objects.get().type == "backups.failed"


def test_a_stopped_restore_of_mariadb_says_what_is_gone_and_what_to_do(directory: Path, mysql_shop: Shop) -> None:
    backup = made(mysql_shop)
    environment = make_slow(mysql_shop, directory)
    process = begin(mysql_shop, directory, "--restore", "latest", "--into", "shop", "--yes", **environment)
    in_the_middle(mysql_shop, process, directory)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "was stopped by SIGTERM. The old database shop is gone, and the new one not whole." in said
    assert f"restore again: manage.py backup_database --restore {backup.name} --into shop" in said
    _assert_closed_until_restored_again(mysql_shop, backup, directory)


def test_a_killed_restore_of_mariadb_is_told_by_the_next_run(directory: Path, mysql_shop: Shop) -> None:
    backup = made(mysql_shop)
    environment = make_slow(mysql_shop, directory)
    process = begin(mysql_shop, directory, "--restore", "latest", "--into", "shop", "--yes", **environment)
    in_the_middle(mysql_shop, process, directory)
    assert isinstance(pipeline.make(mysql_shop.alias), Skipped)
    kill(process)
    wait_until(lambda: lock.holder(mysql_shop.alias) is None)
    _assert_closed_until_restored_again(mysql_shop, backup, directory)


def _assert_closed_until_restored_again(shop: Shop, backup: Manifest, directory: Path) -> None:
    """No backup is made of a database that is half filled."""
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Failed), outcome
    assert f"a restore of {backup.name} into it" in outcome.error
    assert f"restore again: manage.py backup_database --restore {backup.name} --into shop" in outcome.error
    restore.restore(backup, directory, shop.alias)
    assert shop.count("orders") == ORDERS
    made(shop)


@pytest.mark.parametrize("kind", ["postgresql", "mysql", "sqlite"])
def test_a_proof_that_is_stopped_drops_its_scratch_database(
    directory: Path, request: pytest.FixtureRequest, kind: str
) -> None:
    shop: Shop = request.getfixturevalue(f"{kind}_shop")
    environment = make_slow(shop, directory)
    backup = made(shop)
    process = begin(shop, directory, "--verify", "--database", "shop", **environment)
    scratch = in_the_middle(shop, process, directory)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert f"the proof of {backup.name} was stopped by SIGTERM; nothing was proved, and shop was not touched." in said
    assert scratch not in databases(shop)
    assert files(directory) == {backup.file, f"{backup.name}.json"}
    assert len(manifest.read_all(directory).backups[0].proofs) == 1


@pytest.mark.parametrize("kind", ["postgresql", "mysql"])
@pytest.mark.parametrize("what", [("--verify", "--database", "shop"), ("--restore", "--into", "shop", "--yes")])
def test_what_a_killed_one_left_goes_with_the_next_run_and_nobody_elses(
    directory: Path, request: pytest.FixtureRequest, kind: str, what: tuple[str, ...]
) -> None:
    shop: Shop = request.getfixturevalue(f"{kind}_shop")
    if kind == "mysql" and what[0] == "--restore":
        pytest.skip("it makes no database beside the one it fills")
    environment = make_slow(shop, directory)
    made(shop)
    foreign = f"{shop.description['NAME'][:29]}_restored_20260101_000000_{os.getpid():08x}"
    shop.run(f"CREATE DATABASE {foreign}")
    process = begin(shop, directory, *what, **environment)
    left = in_the_middle(shop, process, directory)
    assert leftovers.clear(directory) == []  # it lives
    kill(process)
    wait_until(lambda: all(durable.is_deserted(each.path) for each in leftovers.notes(directory)))
    assert left in databases(shop)
    partials = [each.name for each in directory.glob(".*.unpacked.partial")]
    swept = cleanup.clean(shop.alias).swept
    assert sorted(swept) == sorted([*partials, f"database {left}"])
    assert {left, foreign} & databases(shop) == {foreign}
    assert not [name for name in files(directory) if name.endswith((".partial", ".scratch"))]
    shop.run(f"DROP DATABASE {foreign}")


@pytest.mark.parametrize("named", ["shop", "shop_restored", "freeze_alerts_drill_of_somebody", "x; DROP DATABASE y"])
def test_a_note_that_names_anything_but_a_scratch_database_drops_nothing(
    directory: Path, postgresql_shop: Shop, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    dropped: list[str] = []
    monkeypatch.setattr(
        "freeze_alerts.sources.backups.engines.postgresql.PostgreSQL.drop", lambda _, name: dropped.append(name)
    )
    said = {
        "alias": "shop",
        "backup": "b",
        "scratch": named,
        "host": "h",
        "pid": 1,
        "started_at": "2026-01-01T00:00+00:00",
    }
    (directory / ".shop.0.scratch").write_text(json.dumps(said))
    assert (leftovers.clear(directory), dropped) == ([], [])


def test_a_scratch_database_that_can_not_be_dropped_now_is_left_to_the_next_run(
    directory: Path, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "freeze_alerts_drill_20260101t000000_0123abcd"
    dropped: list[str] = []

    def away() -> None:
        raise children.Trouble("the server is away", stage="proof")

    with leftovers.scratch("shop", "b", name, directory, away):
        pass
    monkeypatch.setattr(engines.engine.Engine, "drop", lambda _, name: dropped.append(name))
    assert (leftovers.clear(directory), dropped) == ([f"database {name}"], [name])
    assert leftovers.notes(directory) == []


def test_a_restore_waits_for_no_backup_and_no_backup_is_made_beside_it(directory: Path, shop: Shop, told: Any) -> None:
    backup = made(shop)
    told.clear()
    with lock.hold(shop.alias), pytest.raises(Taken, match="a backup or a restore of it is running: "):
        restore.restore(backup, directory, shop.alias)
    assert told == []
    with lock.hold(shop.alias, doing="a restore"):
        outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Skipped)
    assert shop.kind == "mysql" or outcome.holder.who.startswith(f"a restore by process {os.getpid()} on ")
    restore.restore(backup, directory, shop.alias)
    assert shop.count("orders") == ORDERS


def test_what_must_not_be_broken_off_hears_of_it_afterwards() -> None:
    done = []

    def work() -> None:
        with unbroken():
            signal.raise_signal(signal.SIGINT)
            done.append("all of it")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == ["all of it"]


def test_a_proof_names_what_it_could_not_drop(directory: Path) -> None:
    name = "freeze_alerts_drill_20260101t000000_0123abcd"
    with leftovers._noted("shop", "b", name, directory):
        assert verify.leaves(directory) == f" The database {name} could not be dropped; the next run drops it."

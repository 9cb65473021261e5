"""``manage.py backup_database`` as a shell sees it."""

from __future__ import annotations

import io
import json
import os
import signal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import OutputWrapper
from pytest_django import Settings

from freeze_alerts.alerts.models import Alert
from freeze_alerts.management.backups import progress
from freeze_alerts.sources.backups import lock, manifest
from tests.processes import read_until, run_python, start_python, wait_until
from tests.services import Service
from tests.sources.backups import stores
from tests.sources.backups.shops import ORDERS, Shop


def run(*arguments: str) -> tuple[int, str, str]:
    """The exit code, and what was printed to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("backup_database", *arguments, stdout=out, stderr=err, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def make(shop: Shop) -> str:
    code, out, err = run("--database", shop.alias)
    assert (code, err) == (0, "")
    return out.split()[1].rstrip(",")


def test_it_says_what_it_made(directory: Path, shop: Shop) -> None:
    code, out, err = run("--database", shop.alias)
    (made,) = manifest.read_all(directory).backups
    assert (code, err) == (0, "")
    assert out.startswith(f"shop: {made.name}, ")
    assert out.rstrip().endswith("s, 1,006 rows in 4 tables")


def test_json_is_the_manifest_and_what_became_of_it(directory: Path, sqlite_shop: Shop) -> None:
    code, out, _ = run("--database", "shop", "--database", "shpo", "--json")
    made, failed = json.loads(out)
    assert (code, made["state"], failed["state"]) == (1, "made", "failed")
    assert made["rows"]["orders"] == ORDERS
    assert failed["error"].endswith("did you mean shop?")


def test_a_failure_says_why_and_what_there_is_to_fall_back_on(directory: Path, sqlite_shop: Shop) -> None:
    name = make(sqlite_shop)
    Path(sqlite_shop.description["NAME"]).unlink()
    code, out, err = run("--database", "shop")
    assert (code, out) == (1, "")
    assert "has no file" in err
    assert f"Earlier backups were not touched; the newest is {name}, of " in err
    assert Alert.objects.get().type == "backups.failed"


def test_one_that_is_running_is_no_failure(directory: Path, sqlite_shop: Shop) -> None:
    with lock.hold("shop"):
        code, out, err = run("--database", "shop")
        assert json.loads(run("--database", "shop", "--json")[1])[0]["state"] == "skipped"
    assert (code, err) == (0, "")
    assert out.startswith(f"shop: skipped, a backup or a restore of it is running: process {os.getpid()} on ")
    assert ", since 20" in out


def test_a_copy_that_failed_is_said_and_exits_1(
    directory: Path, sqlite_shop: Shop, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("freeze_alerts.sources.backups.remote.PAUSE_SECONDS", 0)
    settings.STORAGES = {
        **settings.STORAGES,
        "offsite": stores.local(directory.parent, "tests.sources.backups.stores.RefusingStorage"),
    }
    settings.FREEZE_ALERTS = {
        "BACKUPS": {"DIRECTORY": str(directory), "STORAGE": "offsite"}, "DELIVERY": {"DOORBELL": "none"},
    }  # fmt: skip
    code, out, err = run("--database", "shop")
    assert (code, out.startswith("shop: shop_")) == (1, True)
    assert "the backup counts, but its copy failed: the storage offsite failed" in err


def test_verify_says_what_was_proved(directory: Path, sqlite_shop: Shop) -> None:
    name = make(sqlite_shop)
    assert run("--verify", "--database", "shop") == (0, f"{name} was restored, counted and compared\n", "")
    assert run("--verify", name)[0] == 0
    (proof,) = json.loads(run("--verify", name, "--json")[1])
    assert (proof["name"], proof["level"], proof["outcome"]) == (name, 2, "ok")


def test_verify_says_what_was_not_proved(directory: Path, sqlite_shop: Shop) -> None:
    name = make(sqlite_shop)
    file = directory / f"{name}.sqlite3.zst"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    code, out, err = run("--verify", "--database", "shop")
    assert (code, out) == (1, "")
    assert err.startswith(f"{name} was not proved: ")
    file.unlink()
    assert "is not there" in run("--verify", name)[2]


def test_verify_without_a_key_proves_at_least_the_hash(directory: Path, sqlite_shop: Shop, settings: Settings) -> None:
    import pyrage  # type: ignore[import-not-found]

    recipient = str(pyrage.x25519.Identity.generate().to_public())
    settings.FREEZE_ALERTS = {"BACKUPS": {"DIRECTORY": str(directory), "ENCRYPT_TO": [recipient]}}
    make(sqlite_shop)
    code, out, err = run("--verify", "--database", "shop")
    assert (code, err.count("neither be proved nor disproved"), "is the file that was written" in out) == (1, 2, True)


def test_a_restore_says_what_is_there_again(directory: Path, shop: Shop) -> None:
    make(shop)
    shop.run("DELETE FROM orders WHERE id > 10")
    code, out, err = run("--restore", "--into", "shop", "--yes")
    assert (code, err) == (0, "")
    assert "1,006 rows in 4 tables, counted" in out
    assert shop.count("orders") == ORDERS


def test_the_latest_from_before_an_accident_comes_back(directory: Path, sqlite_shop: Shop, time_machine: Any) -> None:
    """Amsterdam's summer time is the time zone of these settings."""
    for day, orders in (("10", 1000), ("11", 500), ("12", 10)):
        time_machine.move_to(f"2026-07-{day} 08:00 +0000", tick=False)
        sqlite_shop.run("DELETE FROM orders WHERE id >= %s", [(orders,)])
        make(sqlite_shop)
    for before, orders in (("2026-07-12 09:59", 500), ("2026-07-12 10:00", 10), ("2026-07-11", 1000)):
        assert run("--restore", "--before", before, "--into", "shop", "--yes")[0] == 0
        assert sqlite_shop.count("orders") == orders


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--restore", "latest"], "--restore needs --into ALIAS"),
        (["--restore", "--into", "shop", "--before", "yesterday"], "'yesterday' is no time"),
        (["--restore", "--into", "shop", "--before", "2026-02-31"], "'2026-02-31' is no time"),
        (["--restore", "a_name", "--into", "shop", "--before", "2026-01-15"], "a_name is named already"),
        (["--restore", "--into", "shop", "--verify"], "--restore and --verify are two things"),
    ],
)
def test_what_was_not_meant_is_said(directory: Path, sqlite_shop: Shop, arguments: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(*arguments)


def test_a_restore_asks_and_takes_no_silence_for_a_yes(
    directory: Path, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(sqlite_shop)
    sqlite_shop.run("DELETE FROM orders WHERE id > 10")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    with pytest.raises(CommandError, match="nobody is here to be asked; add --yes"):
        run("--restore", "--into", "shop")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda _: "y")
    assert run("--restore", "--into", "shop")[:2][0] == 1
    assert sqlite_shop.count("orders") == 11
    monkeypatch.setattr("builtins.input", lambda _: "shop")
    assert run("--restore", "--into", "shop")[0] == 0
    assert sqlite_shop.count("orders") == ORDERS


def test_a_restore_that_is_refused_says_that_nothing_was_changed(directory: Path, sqlite_shop: Shop) -> None:
    name = make(sqlite_shop)
    os.truncate(directory / f"{name}.sqlite3.zst", 100)
    code, _, err = run("--restore", name, "--into", "shop", "--yes")
    assert (code, err.splitlines()[1]) == (1, "Nothing was changed.")
    assert "it is damaged" in err
    assert run("--restore", "--into", "shpo", "--yes")[0] == 1


@pytest.mark.django_db(transaction=True)
def test_a_polite_end_cleans_up_and_is_told(directory: Path, postgresql: Service, postgresql_shop: Shop) -> None:
    code = f"""
        from django.core.management import call_command
        from tests.sources.backups import shops
        shops.add("shop", {postgresql_shop.description!r})
        print("going", flush=True)
        call_command("backup_database", "--database", "shop")
    """
    login = {
        "host": postgresql.host,
        "port": postgresql.port,
        "user": postgresql.user,
        "password": postgresql.password,
    }
    name = postgresql_shop.description["NAME"]
    settings = json.dumps({"BACKUPS": {"DIRECTORY": str(directory)}, "DELIVERY": {"DOORBELL": "none"}})
    with psycopg.connect(dbname=name, **login) as migration:
        migration.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        process = start_python(code, FREEZE_ALERTS_TEST_SETTINGS=settings)
        read_until(process, "going")
        wait_until(lambda: any(each.name.endswith(".partial") for each in directory.iterdir()))
        wait_until(lambda: _waits(login, name))
        process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 128 + signal.SIGTERM
    assert "shop: it was stopped by SIGTERM, and what was half there is removed. There is no complete" in said
    assert "Traceback" not in said
    assert list(directory.iterdir()) == []
    assert "it was stopped by SIGTERM" in Alert.objects.get().text


def _waits(login: dict[str, Any], name: str) -> bool:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND query LIKE 'LOCK TABLE public%%'"
    with psycopg.connect(dbname="postgres", **login) as server:
        row = server.execute(waiting, [name]).fetchone()
        return bool(row and row[0])


@pytest.mark.django_db(transaction=True)
def test_a_backup_takes_no_memory_for_what_only_a_message_or_a_check_needs(directory: Path, sqlite_shop: Shop) -> None:
    told = run_python(
        f"""
        import sys
        from django.core.management import call_command
        from tests.sources.backups import shops
        shops.add("shop", {sqlite_shop.description!r})
        call_command("backup_database", "--database", "shop")
        unwanted = "requests", "freeze_alerts.sources.backups.check"
        print("loaded:", *[name for name in unwanted if name in sys.modules])
        """,
        FREEZE_ALERTS_TEST_SETTINGS=json.dumps({"BACKUPS": {"DIRECTORY": str(directory)}}),
    )
    assert told.stdout.splitlines()[-1:] == ["loaded:"], told.stdout + told.stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_for_terminals_alone(time_machine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert progress.shown(OutputWrapper(io.StringIO()), "shop", None) is None
    clock = iter([0.0, 0.1, 2.0, 4.0])
    monkeypatch.setattr("freeze_alerts.management.backups.progress.time.monotonic", lambda: next(clock))
    terminal = Terminal()
    draw = progress.shown(OutputWrapper(terminal), "shop", 100 << 20)
    assert draw is not None
    for done in (1 << 20, 50 << 20, 200 << 20):
        draw(done)
    progress.wipe(OutputWrapper(terminal))
    assert terminal.getvalue().split("\r")[1:] == [
        "shop: 50 MB read, 25 MB/s, about 50 %, 0:00:02 left\x1b[K",
        "shop: 200 MB read, 50 MB/s, about 99 %, 0:00:00 left\x1b[K",
        "\x1b[K",
    ]

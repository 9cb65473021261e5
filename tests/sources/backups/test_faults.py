"""What goes wrong for real: killed, full, forbidden, gone. The earlier backups stay, and nothing half counts."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pymysql  # type: ignore[import-untyped]
import pytest
from pytest_django import Settings

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import lock, manifest, pipeline, running, verify
from freeze_alerts.sources.backups.engines import tools
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.pipeline import Failed, Made
from tests.processes import kill, read_until, start_python, wait_until
from tests.services import Service
from tests.sources.backups import own_postgresql, shops
from tests.sources.backups.own_postgresql import OwnServer
from tests.sources.backups.shops import Shop
from tests.sources.disk.mounts import mounted

Told = list[tuple[str, dict[str, Any]]]


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    with own_postgresql.started() as server:
        yield server


@pytest.fixture
def own_shop(db: None, own_server: OwnServer) -> Iterator[Shop]:
    with shops.postgresql(own_server.service) as shop:
        yield shop


@pytest.fixture
def earlier(directory: Path) -> list[Manifest]:
    """The backups that were made before the fault; filled by the test, held against the directory at its end."""
    return []


def made(shop: Shop) -> Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Made), outcome
    return outcome.manifest


def failed(shop: Shop, **options: Any) -> Failed:
    outcome = pipeline.make(shop.alias, **options)
    assert isinstance(outcome, Failed), outcome
    return outcome


def assert_only(backups: list[Manifest], directory: Path) -> None:
    """These, whole, and nothing else: no partial file, no orphan, no note."""
    found = manifest.read_all(directory)
    assert list(found.backups) == backups
    assert found == replace(manifest.Directory(), backups=found.backups)
    assert running.read_notes(directory) == ()
    assert all(verify.check_hash(each, directory).outcome == "ok" for each in backups)


def assert_one_alert(stage: str) -> None:
    alert = Alert.objects.get()
    assert (alert.type, alert.ended) == ("backups.failed", False)
    assert ["Stage", stage] in [list(each) for each in alert.fields]


def children_named(name: str) -> list[int]:
    """Processes of ours that run this program."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and (path / "comm").read_text().strip() == name:
                found.append(int(path.name))
        except (OSError, ValueError):
            continue
    return found


def kill_children(name: str) -> None:
    for process in children_named(name):
        os.kill(process, signal.SIGKILL)


def test_a_dump_tool_that_is_killed_is_told_by_its_signal(directory: Path, postgresql_shop: Shop, told: Told) -> None:
    earlier = made(postgresql_shop)
    shops.make_large(postgresql_shop)
    outcome = failed(postgresql_shop, task_id="task-9", progress=lambda _: kill_children("pg_dump"))
    assert (outcome.stage, outcome.signal_name, outcome.error) == ("dump", "SIGKILL", "pg_dump was ended by SIGKILL")
    assert earlier.name in outcome.untouched
    assert (told[-1][1]["signal_name"], told[-1][1]["task_id"]) == ("SIGKILL", "task-9")
    assert_only([earlier], directory)
    assert_one_alert("dump")


def test_mariadbs_tool_that_is_killed_is_told_by_its_signal(directory: Path, mysql_shop: Shop) -> None:
    earlier = made(mysql_shop)
    mysql_shop.run("CREATE TABLE large AS SELECT seq, md5(seq) AS a, md5(seq + 1) AS b FROM seq_1_to_200000")
    outcome = failed(mysql_shop, progress=lambda _: kill_children("mariadb-dump"))
    assert (outcome.stage, outcome.signal_name) == ("dump", "SIGKILL")
    assert_only([earlier], directory)


def test_a_server_that_goes_in_the_middle_is_told(directory: Path, own_server: OwnServer, own_shop: Shop) -> None:
    earlier = made(own_shop)
    shops.make_large(own_shop)
    stopped = []

    def stop(_: int) -> None:
        if not stopped:
            stopped.append(own_server.stop())

    try:
        outcome = failed(own_shop, progress=stop)
    finally:
        own_server.start()
    assert outcome.stage == "dump"
    assert "pg_dump failed with exit code 1" in outcome.error
    assert own_postgresql.PASSWORD not in outcome.error
    assert_only([earlier], directory)
    assert_one_alert("dump")
    assert len(manifest.read_all(directory).of(own_shop.alias)) + bool(made(own_shop)) == 2


def test_a_server_that_is_down_is_told_before_anything_is_written(
    directory: Path, own_server: OwnServer, own_shop: Shop
) -> None:
    own_server.stop()
    try:
        outcome = failed(own_shop)
    finally:
        own_server.start()
    assert outcome.stage == "preflight"
    assert "can't be opened" in outcome.error
    assert list(directory.iterdir()) == []
    assert_one_alert("preflight")


def test_a_wrong_password_is_told_and_stands_nowhere(
    directory: Path, own_shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shops.add(own_shop.alias, {**own_shop.description, "PASSWORD": "not-the-one"})
    outcome = failed(own_shop)
    shops.add(own_shop.alias, own_shop.description)
    assert "password authentication failed" in outcome.error
    alert = Alert.objects.get()
    assert not any("not-the-one" in text for text in (outcome.error, alert.text, str(alert.fields), caplog.text))


def test_the_password_stands_in_no_process_list_log_manifest_or_alert(
    directory: Path, own_shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    shops.make_large(own_shop)
    seen = []

    def look(_: int) -> None:
        seen.extend(Path(f"/proc/{each}/cmdline").read_bytes().decode() for each in children_named("pg_dump"))

    assert isinstance(pipeline.make(own_shop.alias, progress=look), Made)
    assert any("--snapshot" in line for line in seen)
    written = "".join(path.read_text() for path in directory.glob("*.json"))
    assert own_postgresql.PASSWORD not in "".join([*seen, written, caplog.text])


def test_mariadbs_password_stands_in_no_process_list(directory: Path, mariadb: Service, mysql_shop: Shop) -> None:
    password, user = "Pa$$ \"w'ord\\x", f"{mysql_shop.description['NAME']}"[-30:]
    name = mysql_shop.description["NAME"]
    try:
        mysql_shop.run(f"CREATE USER `{user}`@'%%' IDENTIFIED BY %s", [(password,)])
    except pymysql.MySQLError as refusal:
        pytest.skip(f"no user can be made here: {refusal}")
    try:
        mysql_shop.run(f"GRANT ALL ON `{name}`.* TO `{user}`@'%'")
        shops.add(mysql_shop.alias, {**mysql_shop.description, "USER": user, "PASSWORD": password})
        seen: list[str] = []
        steps = lambda _: seen.extend(  # noqa: E731
            Path(f"/proc/{each}/cmdline").read_bytes().decode() for each in children_named("mariadb-dump")
        )
        outcome = pipeline.make(mysql_shop.alias, progress=steps)
        assert isinstance(outcome, Made), outcome
        assert password not in "".join(seen)
    finally:
        shops.add(mysql_shop.alias, mysql_shop.description)
        mysql_shop.run(f"DROP USER `{user}`@'%'")


_MAKES_ONE = """
    import time
    from freeze_alerts.sources.backups import pipeline
    from tests.sources.backups import shops
    shops.add("shop", {description!r})
    def progress(_):
        print("flowing", flush=True)
        time.sleep(600)
    print(pipeline.make("shop", task_id="task-3", progress=progress), flush=True)
"""


def _settings_of(directory: Path) -> str:
    return json.dumps({"BACKUPS": {"DIRECTORY": str(directory)}, "DELIVERY": {"DOORBELL": "none"}})


def dumping(service: Service, shop: Shop) -> int:
    """Sessions of dump tools in that database, as its server counts them."""
    login = {"host": service.host, "port": service.port, "user": service.user, "password": service.password}
    with psycopg.connect(dbname="postgres", **login) as server:
        return int(
            server.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'",
                [shop.description["NAME"]],
            ).fetchone()[0]  # type: ignore[index]
        )


@pytest.mark.django_db(transaction=True)
def test_when_we_are_killed_the_tool_dies_the_lock_is_free_and_nothing_counts(
    directory: Path, postgresql: Service, postgresql_shop: Shop
) -> None:
    earlier = made(postgresql_shop)
    shops.make_large(postgresql_shop)
    code = _MAKES_ONE.format(description=postgresql_shop.description)
    process = start_python(code, FREEZE_ALERTS_TEST_SETTINGS=_settings_of(directory))
    read_until(process, "flowing")
    assert str(process.pid) in str(lock.holder(postgresql_shop.alias))
    kill(process)
    wait_until(lambda: dumping(postgresql, postgresql_shop) == 0)
    found = manifest.read_all(directory)
    assert (found.backups, found.orphans, len(found.partials)) == ((earlier,), (), 1)
    (note,) = running.read_notes(directory)
    assert (note.pid, note.task_id, lock.holder(postgresql_shop.alias)) == (process.pid, "task-3", None)
    made(postgresql_shop)
    assert running.read_notes(directory) == ()


@pytest.mark.django_db(transaction=True)
def test_a_tool_that_waits_for_a_lock_dies_with_us_too(
    directory: Path, postgresql: Service, postgresql_shop: Shop
) -> None:
    """It reads and writes nothing then, so that no broken pipe would tell it."""
    login = {
        "host": postgresql.host,
        "port": postgresql.port,
        "user": postgresql.user,
        "password": postgresql.password,
    }
    with psycopg.connect(dbname=postgresql_shop.description["NAME"], **login) as migration:
        migration.execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        code = _MAKES_ONE.format(description=postgresql_shop.description)
        process = start_python(code, FREEZE_ALERTS_TEST_SETTINGS=_settings_of(directory))
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
            " AND query LIKE 'LOCK TABLE%%'"
        )
        name = [postgresql_shop.description["NAME"]]
        with psycopg.connect(dbname="postgres", autocommit=True, **login) as server:
            wait_until(lambda: server.execute(waiting, name).fetchone()[0])  # type: ignore[index]
        assert tools_of(postgresql_shop) != []
        kill(process)
        wait_until(lambda: tools_of(postgresql_shop) == [])
    wait_until(lambda: dumping(postgresql, postgresql_shop) == 0)


def tools_of(shop: Shop) -> list[str]:
    """Every dump tool on this machine that works on that database, whosever it is."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            line = path.read_bytes().decode(errors="replace")
            if "--snapshot" in line and f"dbname='{shop.description['NAME']}'" in line:
                found.append(line)
    return found


def test_a_disk_that_fills_up_in_the_middle_leaves_the_earlier_backup_and_nothing_half(
    tmp_path: Path, settings: Settings, postgresql_shop: Shop
) -> None:
    with mounted(tmp_path, "size=2m,mode=700") as full:
        settings.FREEZE_ALERTS = {"BACKUPS": {"DIRECTORY": str(full)}, "DELIVERY": {"DOORBELL": "none"}}
        earlier = made(postgresql_shop)
        shops.make_large(postgresql_shop)
        outcome = failed(postgresql_shop)
        assert outcome.stage == "write"
        assert "No space left on device" in outcome.error
        assert_only([earlier], full)
        assert_one_alert("write")


def test_no_room_for_what_is_to_be_expected_is_said_before_anything_is_written(
    tmp_path: Path, settings: Settings, sqlite_shop: Shop
) -> None:
    with sqlite_shop_file(sqlite_shop).open("ab") as file:
        file.truncate(3 << 20)
    with mounted(tmp_path, "size=2m,mode=700") as small:
        settings.FREEZE_ALERTS = {"BACKUPS": {"DIRECTORY": str(small)}, "DELIVERY": {"DOORBELL": "none"}}
        outcome = failed(sqlite_shop)
        assert outcome.stage == "preflight"
        assert outcome.error == f"{small} has 2 MB free, and a backup needs about 4.8 MB"
        assert list(small.iterdir()) == [small / f".{sqlite_shop.alias}.lock"] or list(small.iterdir()) == []
        assert_one_alert("preflight")


def sqlite_shop_file(shop: Shop) -> Path:
    return Path(shop.description["NAME"])


def test_a_directory_that_can_not_be_written_to_is_told(tmp_path: Path, settings: Settings, sqlite_shop: Shop) -> None:
    with forbidden(tmp_path) as place:
        settings.FREEZE_ALERTS = {"BACKUPS": {"DIRECTORY": str(place / "backups")}, "DELIVERY": {"DOORBELL": "none"}}
        outcome = failed(sqlite_shop)
        assert outcome.stage == "preflight"
        assert f"{place} can't be written to" in outcome.error
        assert_one_alert("preflight")


def forbidden(tmp_path: Path) -> Any:
    """Root may write wherever a disk lets it."""
    if os.geteuid() == 0:
        return mounted(tmp_path, "ro,size=1m")
    return _unwritable(tmp_path)


class _unwritable:  # noqa: N801 - used like a function
    def __init__(self, path: Path) -> None:
        self.path = path / "forbidden"

    def __enter__(self) -> Path:
        self.path.mkdir(mode=0o500)
        return self.path

    def __exit__(self, *_: object) -> None:
        self.path.chmod(0o700)


def test_a_directory_that_is_a_file_is_told(tmp_path: Path, settings: Settings, sqlite_shop: Shop) -> None:
    (tmp_path / "file").write_bytes(b"")
    settings.FREEZE_ALERTS = {"BACKUPS": {"DIRECTORY": str(tmp_path / "file")}, "DELIVERY": {"DOORBELL": "none"}}
    assert "is not a directory" in failed(sqlite_shop).error


def test_an_alias_that_is_none_is_told_with_what_was_meant(directory: Path, sqlite_shop: Shop) -> None:
    outcome = pipeline.make("shpo")
    assert isinstance(outcome, Failed)
    assert outcome.error == "there is no database 'shpo' in DATABASES; did you mean shop?"
    assert list(directory.iterdir()) == []


def test_a_sqlite_file_that_is_missing_is_told_and_not_made(directory: Path, sqlite_shop: Shop) -> None:
    path = sqlite_shop_file(sqlite_shop)
    path.unlink()
    outcome = failed(sqlite_shop)
    assert (outcome.stage, outcome.error) == ("preflight", f"the database shop has no file {path}; nothing was made")
    assert (path.exists(), manifest.read_all(directory)) == (False, manifest.Directory())
    assert_one_alert("preflight")


def test_a_sqlite_file_that_is_no_database_is_told(directory: Path, sqlite_shop: Shop) -> None:
    sqlite_shop_file(sqlite_shop).write_bytes(b"something else entirely" * 100)
    outcome = failed(sqlite_shop)
    assert "file is not a database" in outcome.error
    assert manifest.read_all(directory) == manifest.Directory()


@pytest.mark.parametrize(
    ("kind", "package"), [("postgresql", "install postgresql-client-"), ("mysql", "install mariadb-client")]
)
def test_a_tool_that_is_missing_is_told_with_the_package_that_has_it(
    directory: Path, request: pytest.FixtureRequest, kind: str, package: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = request.getfixturevalue(f"{kind}_shop")
    monkeypatch.setenv("PATH", "/nothing/here")
    monkeypatch.setattr(tools, "HOMES", "/nothing/here")
    outcome = failed(shop)
    assert outcome.stage == "preflight"
    assert package in outcome.error
    assert_one_alert("preflight")


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        ("postgresql", "pg_dump (PostgreSQL) 9.6.24"),
        ("mysql", "mariadb-dump  Ver 10.19 Distrib 5.5.68-MariaDB, for Linux (x86_64)"),
    ],
)
def test_a_tool_that_is_older_than_the_server_is_refused(
    directory: Path, request: pytest.FixtureRequest, kind: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = request.getfixturevalue(f"{kind}_shop")
    old = directory.parent / "bin" / says.split(maxsplit=1)[0]
    old.parent.mkdir()
    old.write_text(f"#!/bin/sh\necho '{says}'\n")
    old.chmod(0o700)
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(tools, "HOMES", "/nothing/here")
    outcome = failed(shop)
    assert "older than the server" in outcome.error
    assert "install" in outcome.error


def test_a_clock_that_was_set_back_loses_no_backup(directory: Path, sqlite_shop: Shop, time_machine: Any) -> None:
    later = made(sqlite_shop)
    time_machine.move_to("2020-01-01 00:00 +0000")
    earlier = made(sqlite_shop)
    assert earlier.name != later.name
    assert_only([later, earlier], directory)

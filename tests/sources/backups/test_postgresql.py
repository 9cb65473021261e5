from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connections

from freeze_alerts.sources.backups import engines, lock, manifest, pipeline, restore, verify
from freeze_alerts.sources.backups.engines import postgresql_restore
from freeze_alerts.sources.backups.manifest import Manifest
from freeze_alerts.sources.backups.trouble import Trouble
from tests.processes import kill, read_until, start_python, wait_until
from tests.services import Service
from tests.sources.backups import own_postgresql, shops
from tests.sources.backups.own_postgresql import OwnServer
from tests.sources.backups.shops import Shop


@pytest.fixture(scope="module")
def own_server() -> Iterator[OwnServer]:
    """Roles are a whole server's: they are made on one of our own."""
    with own_postgresql.started() as server:
        yield server


@pytest.fixture
def own_shop(db: None, own_server: OwnServer) -> Iterator[Shop]:
    with shops.postgresql(own_server.service) as shop:
        yield shop


def made(shop: Shop) -> Manifest:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, pipeline.Made), outcome
    return outcome.manifest


def test_a_dump_is_restored_by_public_tools_alone(
    directory: Path, tmp_path: Path, postgresql: Service, postgresql_shop: Shop
) -> None:
    for tool in ("zstd", "pg_restore"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed here")
    backup = made(postgresql_shop)
    raw = tmp_path / "raw.dump"
    subprocess.run(["zstd", "-q", "-d", directory / backup.file, "-o", raw], check=True)
    with shops.postgresql(postgresql, "by_hand", empty=True) as by_hand:
        environment = {**os.environ, "PGPASSWORD": postgresql.password}
        command = ["pg_restore", "-j", "2", "-h", postgresql.host, "-p", str(postgresql.port), "-U", postgresql.user]
        subprocess.run([*command, "-d", by_hand.description["NAME"], raw], check=True, env=environment)
        assert {table: by_hand.count(table) for table in backup.rows} == postgresql_shop.rows


def test_sequences_identities_views_and_odd_names_come_back(directory: Path, postgresql_shop: Shop) -> None:
    for statement in (
        'CREATE SCHEMA "Odd one"',
        'CREATE TABLE "Odd one"."Say ""hi""" (id bigint GENERATED ALWAYS AS IDENTITY, at timestamptz DEFAULT now())',
        'INSERT INTO "Odd one"."Say ""hi""" (at) SELECT now() FROM generate_series(1, 41)',
        "CREATE TABLE parts (id integer, year integer) PARTITION BY LIST (year)",
        "CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES IN (2025)",
        "CREATE TABLE parts_rest PARTITION OF parts DEFAULT",
        "INSERT INTO parts SELECT i, 2024 + i % 2 FROM generate_series(1, 10) i",
        "CREATE TABLE parent (id integer)",
        "CREATE TABLE child () INHERITS (parent)",
        "INSERT INTO child VALUES (1), (2)",
        "CREATE MATERIALIZED VIEW seen AS SELECT count(*) AS how_many FROM orders",
        "CREATE UNLOGGED TABLE passing AS SELECT 1 AS id",
    ):
        postgresql_shop.run(statement)
    backup = made(postgresql_shop)
    expected = {'Odd one.Say "hi"': 41, "public.parts_2025": 5, "public.parts_rest": 5, "public.parent": 0,
                "public.child": 2, "public.passing": 1}  # fmt: skip
    assert backup.rows == {**postgresql_shop.rows, **expected}
    assert verify.read_back(backup, directory).outcome == "ok"
    postgresql_shop.run('TRUNCATE "Odd one"."Say ""hi""" RESTART IDENTITY')
    restore.restore(backup, directory, postgresql_shop.alias)
    new = postgresql_shop.run('INSERT INTO "Odd one"."Say ""hi""" (at) VALUES (now()) RETURNING id')
    assert (new, postgresql_shop.run("SELECT how_many FROM seen")) == ([(42,)], [(1000,)])


def test_rows_that_an_extension_wants_dumped_are_no_damage(directory: Path, own_shop: Shop) -> None:
    """As PostGIS does with its reference systems."""
    for statement in (
        "DROP EXTENSION plpgsql",
        "CREATE EXTENSION plpgsql",  # pg_dump passes over one that came with the server
        "CREATE TABLE its_own AS SELECT 1 AS id",
        "ALTER EXTENSION plpgsql ADD TABLE its_own",
        "UPDATE pg_extension SET extconfig = ARRAY['its_own'::regclass::oid], extcondition = ARRAY['']"
        " WHERE extname = 'plpgsql'",
    ):
        own_shop.run(statement)
    backup = made(own_shop)
    assert backup.rows == own_shop.rows
    proof = verify.read_back(backup, directory)
    assert (proof.outcome, proof.detail) == ("ok", "")


def test_who_is_killed_between_the_two_names_leaves_the_old_database_where_it_was(
    own_server: OwnServer, own_shop: Shop
) -> None:
    """The new one is in use, so that its rename waits."""
    name = own_shop.description["NAME"]
    fresh = f"{name}_restored"
    with own_server.connect("postgres") as server, ThreadPoolExecutor(1) as aside:
        server.execute(f'CREATE DATABASE "{fresh}"')
        with own_server.connect(fresh):
            swap = aside.submit(postgresql_restore._swap, own_shop.alias, name, fresh, had_one=True)
            waiting = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE %s AND state = 'active'"
            asked = [f'ALTER DATABASE "{fresh}" RENAME%']
            wait_until(lambda: swap.done() or server.execute(waiting, asked).fetchall())
            assert isinstance(swap.exception(60), Trouble)
    assert own_shop.count("orders") == 1000


def test_the_lock_outlives_a_server_that_ends_idle_sessions(directory: Path, own_shop: Shop) -> None:
    name = f'"{own_shop.description["NAME"]}"'
    own_shop.run(f"ALTER DATABASE {name} SET idle_session_timeout = '4s'")
    with lock.hold(own_shop.alias):
        idle = connections[own_shop.alias].copy()
        idle.connect()
        own_shop.run(f"ALTER DATABASE {name} RESET idle_session_timeout")  # for the sessions that begin from here on
        pid = idle.connection.info.backend_pid
        wait_until(lambda: own_shop.run(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {pid}") == [(0,)])  # noqa: S608
        assert lock.holder(own_shop.alias) is not None
        idle.close()


def test_owners_and_rights_come_back(directory: Path, own_server: OwnServer, own_shop: Shop) -> None:
    with _role(own_server, "keeper"), _role(own_server, '"Odd reader"'):
        own_shop.run("ALTER TABLE orders OWNER TO keeper")
        own_shop.run('GRANT SELECT ON orders TO "Odd reader" WITH GRANT OPTION')
        backup = made(own_shop)
        said = restore.restore(backup, directory, own_shop.alias)
        assert "Owners" not in said
        owner = "SELECT tableowner, has_table_privilege('Odd reader', 'orders', 'SELECT WITH GRANT OPTION')"
        assert own_shop.run(f"{owner} FROM pg_tables WHERE tablename = 'orders'") == [("keeper", True)]
        _drop_all(own_server, own_shop)


def test_owners_that_are_not_here_are_left_out_and_it_is_said(
    directory: Path, own_server: OwnServer, own_shop: Shop
) -> None:
    with _role(own_server, "gone"), _role(own_server, "reader"):
        own_shop.run("ALTER TABLE orders OWNER TO gone")
        own_shop.run("GRANT SELECT ON items TO reader")
        backup = made(own_shop)
        own_shop.run("ALTER TABLE orders OWNER TO owner")
        own_shop.run("REVOKE ALL ON items FROM reader")
        own_shop.run("REVOKE ALL ON orders FROM gone")
    said = restore.restore(backup, directory, own_shop.alias)
    assert "Owners and rights were left out: gone, reader can't be used here; all belongs to owner." in said
    assert own_shop.count("orders") == 1000


def test_the_old_database_is_kept_beside_the_new_one(
    directory: Path, postgresql: Service, postgresql_shop: Shop
) -> None:
    backup = made(postgresql_shop)
    postgresql_shop.run("DELETE FROM orders WHERE id > 10")
    said = restore.restore(backup, directory, postgresql_shop.alias)
    (kept,) = [word for word in said.split() if word.startswith("test_freeze_alerts")]
    login = {
        "host": postgresql.host,
        "port": postgresql.port,
        "user": postgresql.user,
        "password": postgresql.password,
    }
    with psycopg.connect(dbname=kept.rstrip(";"), **login) as old:
        assert old.execute("SELECT count(*) FROM orders").fetchone() == (11,)
    assert postgresql_shop.count("orders") == 1000


def test_a_database_that_is_not_there_any_more_is_made_anew(
    directory: Path, postgresql: Service, postgresql_shop: Shop
) -> None:
    backup = made(postgresql_shop)
    name = postgresql_shop.description["NAME"]
    login = {
        "host": postgresql.host,
        "port": postgresql.port,
        "user": postgresql.user,
        "password": postgresql.password,
    }
    with psycopg.connect(dbname="postgres", autocommit=True, **login) as server:
        server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    assert "no database of this name before" in restore.restore(backup, directory, postgresql_shop.alias)
    assert postgresql_shop.count("orders") == 1000


def test_a_drill_without_the_right_to_make_a_database_proves_nothing(
    directory: Path, own_server: OwnServer, own_shop: Shop
) -> None:
    backup = made(own_shop)
    with _role(own_server, "clerk"):
        with own_server.connect("postgres") as server:
            server.execute(
                f"ALTER ROLE clerk LOGIN PASSWORD '{own_postgresql.PASSWORD.replace(chr(39), chr(39) * 2)}'"
            )
        shops.add(own_shop.alias, {**own_shop.description, "USER": "clerk"})
        proof = verify.drill(backup, directory)
        shops.add(own_shop.alias, own_shop.description)
    assert proof.outcome == "inconclusive"
    assert "it needs CREATEDB" in proof.detail


def test_a_drill_leaves_no_database_behind_and_takes_forgotten_ones_along(
    directory: Path, own_server: OwnServer, own_shop: Shop
) -> None:
    backup = made(own_shop)
    forgotten, recent = "freeze_alerts_drill_20200101t000000_0000000a", "freeze_alerts_drill_29990101t000000_0000000a"
    with own_server.connect("postgres") as server:
        for name in (forgotten, recent):
            server.execute(f"CREATE DATABASE {name}")
        assert verify.drill(backup, directory).outcome == "ok"
        left = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'freeze_alerts_drill%'").fetchall()
        server.execute(f"DROP DATABASE {recent}")
    assert left == [(recent,)]


def test_a_restore_that_can_not_be_finished_leaves_the_old_database_and_no_other(
    directory: Path, own_server: OwnServer, own_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pg_restore is killed half-way."""
    backup = made(own_shop)
    own_shop.run("DELETE FROM orders WHERE id > 10")
    broken = directory.parent / "pg_restore"
    real = shutil.which("pg_restore")
    broken.write_text(f'#!/bin/sh\ncase "$*" in *-j*) kill -9 $$ ;; *) exec {real} "$@" ;; esac\n')
    broken.chmod(0o700)
    monkeypatch.setenv("PATH", f"{broken.parent}:{os.environ['PATH']}")
    monkeypatch.setattr("freeze_alerts.sources.backups.engines.tools.HOMES", "/nothing/here")
    with pytest.raises(Trouble, match="pg_restore was ended by SIGKILL"):
        restore.restore(backup, directory, own_shop.alias)
    assert own_shop.count("orders") == 11
    with own_server.connect("postgres") as server:
        names = [name for (name,) in server.execute("SELECT datname FROM pg_database").fetchall()]
    assert [name for name in names if name.startswith("test_")] == [own_shop.description["NAME"]]


def test_a_cluster_tells_its_databases_apart_whatever_they_are_called(
    directory: Path, own_server: OwnServer, own_shop: Shop, postgresql_shop: Shop
) -> None:
    """Both have the alias shop: the later one was added last."""
    here = engines.of("shop").server().identity
    shops.add("shop", own_shop.description)
    there = engines.of("shop").server().identity
    shops.add("shop", postgresql_shop.description)
    assert here != there
    assert here.startswith("postgresql:")


def test_the_lock_is_free_as_soon_as_its_holder_is_killed(directory: Path, shop: Shop) -> None:
    code = f"""
        import time
        from freeze_alerts.sources.backups import lock
        from tests.sources.backups import shops
        shops.add("shop", {shop.description!r})
        with lock.hold("shop"):
            print("held", flush=True)
            time.sleep(600)
    """
    settings = {"BACKUPS": {"DIRECTORY": str(directory)}, "DELIVERY": {"DOORBELL": "none"}}
    process = start_python(code, FREEZE_ALERTS_TEST_SETTINGS=json.dumps(settings))
    read_until(process, "held")
    assert lock.holder(shop.alias) is not None
    kill(process)
    wait_until(lambda: lock.holder(shop.alias) is None)
    assert manifest.read_all(directory).backups == ()


class _role:  # noqa: N801 - used like a function
    def __init__(self, server: OwnServer, name: str) -> None:
        self.server, self.name = server, name

    def __enter__(self) -> None:
        with self.server.connect("postgres") as server:
            server.execute(f"CREATE ROLE {self.name}")

    def __exit__(self, *_: Any) -> None:
        with self.server.connect("postgres") as server:
            server.execute(f"DROP ROLE {self.name}")


def _drop_all(own_server: OwnServer, shop: Shop) -> None:
    """Whatever still belongs to a role that is to be dropped."""
    with own_server.connect("postgres") as server:
        rows = server.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_%%'").fetchall()
        for (name,) in rows:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

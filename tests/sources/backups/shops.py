"""Small real databases to back up, one of each kind, beside the one that the tests themselves run on."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pymysql  # type: ignore[import-untyped]
from django.db import connections

from tests.services import Service

ALIAS = "shop"
ORDERS = 1000
_numbers = itertools.count()

TABLES = (
    "CREATE TABLE orders (id integer PRIMARY KEY, note varchar(200))",
    "CREATE TABLE items (id integer PRIMARY KEY, order_id integer)",
    "CREATE TABLE nothing_yet (id integer PRIMARY KEY)",
    "CREATE TABLE django_migrations (id integer PRIMARY KEY, app varchar(100), name varchar(100))",
)
APPLIED: list[tuple[Any, ...]] = [(1, "shop", "0001_initial"), (2, "auth", "0001_initial"), (3, "shop", "0002_more")]
MIGRATIONS = {"shop": "0002_more", "auth": "0001_initial"}
NASTY = "it's (not) a row, 'x'),(2,'\\ \n\\.\nCOPY public.items (id) FROM stdin;\nINSERT INTO `items` VALUES (1,'a');"


@dataclass
class Shop:
    """A database with an alias of its own. ``rows`` are the rows of each table, as a manifest names them."""

    kind: str
    alias: str
    description: dict[str, Any]
    schema: str = ""

    @property
    def rows(self) -> dict[str, int]:
        tables = {"orders": ORDERS, "items": 3, "nothing_yet": 0, "django_migrations": 3}
        return {f"{self.schema}{table}": count for table, count in tables.items()}

    def run(self, statement: str, many: list[tuple[Any, ...]] | None = None) -> list[tuple[Any, ...]]:
        """On a connection of its own, closed at once: who restores wants nobody to be there."""
        connection = connections[self.alias].copy()
        connection.connect()
        try:
            with connection.cursor() as cursor:
                if many is not None:
                    connection.set_autocommit(False)  # a commit a row would wait for the disk a thousand times
                    cursor.executemany(statement, many)
                    connection.commit()
                    return []
                cursor.execute(statement)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def count(self, table: str) -> int:
        return int(self.run(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608

    def fill(self) -> None:
        for statement in TABLES:
            self.run(statement)
        self.run("INSERT INTO django_migrations VALUES (%s, %s, %s)", APPLIED)
        self.run("INSERT INTO orders VALUES (%s, %s)", [(number, f"{number} {NASTY}") for number in range(ORDERS)])
        self.run("INSERT INTO items VALUES (%s, %s)", [(number, number) for number in range(3)])


def add(alias: str, description: dict[str, Any]) -> None:
    """Let Django know of a database, in this process."""
    if description["ENGINE"].endswith("mysql"):
        pymysql.version_info = (2, 2, 8, "final", 0)
        pymysql.install_as_MySQLdb()
    if alias in connections.settings:
        remove(alias)
    connections.settings[alias] = connections.configure_settings({"default": {}, alias: dict(description)})[alias]


def remove(alias: str) -> None:
    """Where it was added twice, the later one has gone already."""
    if alias in connections.settings:
        connections[alias].close()
        del connections[alias]
        del connections.settings[alias]


@contextlib.contextmanager
def sqlite(directory: Path, alias: str = ALIAS) -> Iterator[Shop]:
    path = directory / f"{alias}.sqlite3"
    description = {"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": {"timeout": 60}}
    with _added(Shop("sqlite", alias, description)) as shop:
        shop.fill()
        yield shop


@contextlib.contextmanager
def postgresql(service: Service, alias: str = ALIAS, *, empty: bool = False) -> Iterator[Shop]:
    name = _name()
    description = {
        "ENGINE": "django.db.backends.postgresql", "NAME": name, "HOST": service.host, "PORT": service.port,
        "USER": service.user, "PASSWORD": service.password,
    }  # fmt: skip
    login = {"host": service.host, "port": service.port, "user": service.user, "password": service.password}
    with psycopg.connect(dbname="postgres", autocommit=True, **login) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    try:
        with _added(Shop("postgresql", alias, description, "public.")) as shop:
            if not empty:
                shop.fill()
            yield shop
    finally:
        with psycopg.connect(dbname="postgres", autocommit=True, **login) as server:
            rows = server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{name}%"]).fetchall()
            for (each,) in rows:
                server.execute(f'DROP DATABASE "{each}" WITH (FORCE)')


def make_large(shop: Shop) -> None:
    """Some 12 MB that can't be made much smaller: a dump that does not fit into the pipes between processes."""
    shop.run("CREATE TABLE large AS SELECT i AS id, md5(i::text) || md5((i + 1)::text) AS words"
             " FROM generate_series(1, 160000) AS i")  # fmt: skip


@contextlib.contextmanager
def mysql(service: Service, alias: str = ALIAS) -> Iterator[Shop]:
    name = _name()
    description = {
        "ENGINE": "django.db.backends.mysql", "NAME": name, "HOST": service.host, "PORT": service.port,
        "USER": service.user, "PASSWORD": service.password, "OPTIONS": {"charset": "utf8mb4"},
    }  # fmt: skip
    server = pymysql.connect(
        host=service.host, port=service.port, user=service.user, password=service.password, autocommit=True
    )
    with server, server.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4")
        try:
            with _added(Shop("mysql", alias, description)) as shop:
                shop.fill()
                yield shop
        finally:
            cursor.execute(f"DROP DATABASE IF EXISTS `{name}`")


@contextlib.contextmanager
def _added(shop: Shop) -> Iterator[Shop]:
    add(shop.alias, shop.description)
    try:
        yield shop
    finally:
        remove(shop.alias)


def _name() -> str:
    return f"test_freeze_alerts_{os.getpid()}_shop{next(_numbers)}"

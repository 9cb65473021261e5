"""Which services can be used here, and for the others the sentence why not.

The environment names them with the variables that their own clients read; what is not named is looked for at the
standard port on loopback. ``python -m tests.services`` prints the list, and exits 1 where one is missing.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

import amqp
import kombu
import psycopg
import pymysql  # type: ignore[import-untyped]
import redis

CONNECT_SECONDS = 3
_REFUSALS = (OSError, ValueError, amqp.AMQPError, psycopg.Error, pymysql.MySQLError, redis.RedisError)


@dataclass(frozen=True)
class Service:
    """A server that answered a login. ``url`` has everything a client needs, the password too."""

    name: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    url: str = field(repr=False)


@dataclass(frozen=True)
class Missing:
    """A server that can't be used. ``reason`` is one sentence that says what to do."""

    name: str
    reason: str


def _postgresql() -> Service:
    host, port = os.environ.get("PGHOST", "127.0.0.1"), int(os.environ.get("PGPORT", "5432"))
    user, password = os.environ.get("PGUSER", "postgres"), os.environ.get("PGPASSWORD", "")
    with psycopg.connect(
        host=host, port=port, user=user, password=password, dbname="postgres", connect_timeout=CONNECT_SECONDS
    ):
        url = f"postgresql://{quote(user)}:{quote(password)}@{host}:{port}/postgres"
        return Service("PostgreSQL", host, port, user, password, url)


def _redis() -> Service:
    url = _redis_url(os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/15"))
    with redis.Redis.from_url(url, socket_connect_timeout=CONNECT_SECONDS) as client:
        client.ping()
    return _from_url("Redis", url, 6379)


def _redis_url(url: str) -> str:
    """The last of the default 16 databases, so that nobody's own keys are in the way; the next below for each process
    that tests at the same time."""
    address, _, database = url.rpartition("/")
    below = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return f"{address}/{max(0, int(database) - below)}" if database.isdigit() else url


def _mariadb() -> Service:
    host, port = os.environ.get("MYSQL_HOST", "127.0.0.1"), int(os.environ.get("MYSQL_PORT", "3306"))
    user, password = os.environ.get("MYSQL_USER", "root"), os.environ.get("MYSQL_PASSWORD", "")
    pymysql.connect(host=host, port=port, user=user, password=password, connect_timeout=CONNECT_SECONDS).close()
    url = f"mysql://{quote(user)}:{quote(password)}@{host}:{port}"
    return Service("MariaDB", host, port, user, password, url)


def _rabbitmq() -> Service:
    url = os.environ.get("AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//")
    transport = kombu.Connection(url, connect_timeout=CONNECT_SECONDS).transport
    transport.close_connection(transport.establish_connection())
    return _from_url("RabbitMQ", url, 5672)


def _from_url(name: str, url: str, default_port: int) -> Service:
    parts = urlsplit(url)
    host, port = parts.hostname or "127.0.0.1", parts.port or default_port
    return Service(name, host, port, unquote(parts.username or ""), unquote(parts.password or ""), url)


@dataclass(frozen=True)
class _Kind:
    connect: Callable[[], Service]
    name: str
    address_variables: tuple[str, ...]
    default_address: str


_KINDS = {
    "postgresql": _Kind(_postgresql, "PostgreSQL", ("PGHOST", "PGPORT"), "127.0.0.1:5432"),
    "redis": _Kind(_redis, "Redis", ("REDIS_URL",), "127.0.0.1:6379"),
    "mariadb": _Kind(_mariadb, "MariaDB", ("MYSQL_HOST", "MYSQL_PORT"), "127.0.0.1:3306"),
    "rabbitmq": _Kind(_rabbitmq, "RabbitMQ", ("AMQP_URL",), "127.0.0.1:5672"),
}
KINDS = tuple(_KINDS)


@functools.cache
def find(kind: str) -> Service | Missing:
    """The service, tried once a process with a real login: one of ``KINDS``."""
    wanted = _KINDS[kind]
    try:
        return wanted.connect()
    except _REFUSALS as error:
        return Missing(wanted.name, _reason(wanted, error))


def _reason(wanted: _Kind, error: Exception) -> str:
    named = [f"{key}={_without_password(os.environ[key])}" for key in wanted.address_variables if key in os.environ]
    where = " ".join(named) or wanted.default_address
    said = " ".join(str(error).split())[:160] or type(error).__name__
    variables = " and ".join(wanted.address_variables)
    return f"{wanted.name} can't be used at {where} ({said}); {variables} would name another"


def _without_password(address: str) -> str:
    return address.rpartition("@")[2]


def named_hosts() -> list[str]:
    """The hosts that the environment names, for the guard that keeps tests off every other one."""
    urls = [os.environ[key] for key in ("REDIS_URL", "AMQP_URL") if key in os.environ]
    named = [urlsplit(url).hostname for url in urls]
    return [host for host in [*named, os.environ.get("PGHOST"), os.environ.get("MYSQL_HOST")] if host]


def _main(kinds: list[str]) -> int:
    found = [find(kind) for kind in kinds or KINDS]
    for each in found:
        if isinstance(each, Service):
            print(f"  {each.name:<11} used at {each.host}:{each.port}")
        else:
            print(f"  {each.name:<11} MISSING, so each test that needs it is skipped: {each.reason}")
    return int(any(isinstance(each, Missing) for each in found))


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))

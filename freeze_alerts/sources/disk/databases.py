"""How large the databases are, by their own word: SQL is instant and needs no access to their files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured
from django.db import Error, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

TROUBLE = (Error, ImproperlyConfigured, OSError)
"""Whatever a database that is away, full or not configured may raise."""

_STATEMENT_MILLISECONDS = 2000
_QUERIES = {
    "postgresql": (
        ("database {}", "SELECT pg_database_size(current_database())"),
        ("write-ahead log of {}", "SELECT sum(size) FROM pg_ls_waldir()"),  # needs the role pg_monitor
    ),
    "mysql": (
        (
            "database {}",
            "SELECT sum(data_length + index_length) FROM information_schema.tables WHERE table_schema = database()",
        ),
    ),
}


@dataclass(frozen=True)
class DatabaseSize:
    """``path`` is no path, but names the database as one would: ``postgresql:shop``."""

    name: str
    path: str
    size_bytes: int


def sizes() -> list[DatabaseSize]:
    """Every database whose server may stand on this machine; what may not be asked, or fails, is left out."""
    return [each for alias in connections if _may_be_here(connections[alias]) for each in _sizes(connections[alias])]


def _may_be_here(connection: BaseDatabaseWrapper) -> bool:
    """False for a server elsewhere: a dotted name is somebody else's, a plain one a neighbouring container's."""
    host = str(connection.settings_dict.get("HOST") or "")
    return "." not in host or host.startswith(("127.", "/"))


def _sizes(connection: BaseDatabaseWrapper) -> Iterator[DatabaseSize]:
    database = str(connection.settings_dict.get("NAME"))
    for name, query in _QUERIES.get(connection.vendor, ()):
        called = name.format(database)
        try:
            size = _ask(connection, query)
        except TROUBLE as problem:
            logger.debug("the size of %s is not known: %s", called, type(problem).__name__)
            continue
        yield DatabaseSize(called, f"{connection.vendor}:{called}", size)


def _ask(connection: BaseDatabaseWrapper, query: str) -> int:
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(f"SET LOCAL statement_timeout = {_STATEMENT_MILLISECONDS}")
        cursor.execute(query)
        row = cursor.fetchone()
    return int(row[0] or 0) if row else 0

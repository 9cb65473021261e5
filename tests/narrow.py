"""A database that has no room for characters above U+FFFF, as MySQL and MariaDB are with ``utf8mb3``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DataError, connection

TABLES = (
    "freeze_alerts_alert", "freeze_alerts_heartbeat", "freeze_alerts_issue", "freeze_alerts_issuerelease",
    "freeze_alerts_message",
)  # fmt: skip


@contextmanager
def narrow_connection() -> Iterator[None]:
    """The tables have room, and the connection has not: what a project's ``charset`` of old comes to."""
    if connection.vendor != "mysql":
        with narrow_database():
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET NAMES utf8mb3")
    try:
        yield
    finally:
        connection.close()


@contextmanager
def narrow_database() -> Iterator[None]:
    """A real one on MariaDB; elsewhere each statement with such a character is refused, as it is there."""
    if connection.vendor != "mysql":
        with connection.execute_wrapper(_refuse):
            yield
        return
    _convert("utf8mb3")
    try:
        yield
    finally:
        _convert("utf8mb4")


def _convert(charset: str) -> None:
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} CONVERT TO CHARACTER SET {charset}")


def _refuse(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
    if any(isinstance(each, str) and any(letter > "\uffff" for letter in each) for each in parameters or ()):
        raise DataError(1366, "Incorrect string value")
    return execute(sql, parameters, many, context)

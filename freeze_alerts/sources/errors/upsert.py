"""Two statements Django has no word for: add to a count, and insert what isn't there yet, without a race."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connections, models
from django.db.backends.base.base import BaseDatabaseWrapper

from freeze_alerts.sources.errors.models import database

_AT_ONCE = 200
"""SQLite takes no more than so many parameters."""

Row = Sequence[Any]


def add_counts(model: type[models.Model], keys: Sequence[str], rows: Sequence[Row]) -> None:
    """Add to ``count`` of the rows with these keys, or insert them. A row's last value is what to add.

    To be called with rows in a fixed order, lest two processes wait for each other.
    """
    connection = connections[database()]
    table, count = (connection.ops.quote_name(each) for each in (model._meta.db_table, "count"))
    unique = ", ".join(_columns(model, keys, connection))
    if connection.vendor == "mysql":
        on_conflict = f"ON DUPLICATE KEY UPDATE {count} = {count} + VALUES({count})"
    else:
        on_conflict = f"ON CONFLICT ({unique}) DO UPDATE SET {count} = {table}.{count} + excluded.{count}"
    for chunk in _chunks(rows):
        _insert("INSERT", model, [*keys, "count"], chunk, on_conflict)


def insert_new(model: type[models.Model], names: Sequence[str], rows: Sequence[Row]) -> int:
    """Insert those of the rows that aren't there yet; returns how many."""
    connection = connections[database()]
    is_mysql = connection.vendor == "mysql"
    verb, on_conflict = ("INSERT IGNORE", "") if is_mysql else ("INSERT", "ON CONFLICT DO NOTHING")
    return sum(_insert(verb, model, names, chunk, on_conflict) for chunk in _chunks(rows))


def _insert(verb: str, model: type[models.Model], names: Sequence[str], rows: Sequence[Row], on_conflict: str) -> int:
    connection = connections[database()]
    table = connection.ops.quote_name(model._meta.db_table)
    columns = ", ".join(_columns(model, names, connection))
    values = ", ".join(["(" + ", ".join(["%s"] * len(names)) + ")"] * len(rows))
    fields = [model._meta.get_field(name) for name in names]
    parameters = [
        field.get_db_prep_save(value, connection)  # type: ignore[union-attr]
        for row in rows
        for field, value in zip(fields, row, strict=True)
    ]
    with connection.cursor() as cursor:
        # Only names of our own tables and columns are put into the text.
        cursor.execute(f"{verb} INTO {table} ({columns}) VALUES {values} {on_conflict}", parameters)
        return int(cursor.rowcount)


def _columns(model: type[models.Model], names: Sequence[str], connection: BaseDatabaseWrapper) -> list[str]:
    return [connection.ops.quote_name(str(model._meta.get_field(name).column)) for name in names]  # type: ignore[union-attr]


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]

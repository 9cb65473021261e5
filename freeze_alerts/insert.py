"""Rows of our own into the database, worded once a model: the ORM takes longer to word an INSERT than the database to
carry it out, and an admin's delete makes six.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from django.db import connections
from django.db.models import Field, Model

_MANY = 100_000
_ROWS_AS_LISTS = 100


class _Wording(NamedTuple):
    fields: list[Field[Any, Any]]
    into: str
    row: str
    lists: str
    """For PostgreSQL, many rows as a list a column; "" elsewhere."""
    key: str


def insert(instance: Model, using: str) -> None:
    """As ``instance.save(using=using, force_insert=True)``, but for the signals of ``save``."""
    connection = connections[using]
    wording = _wording(type(instance), using)
    values = [each.get_db_prep_save(each.pre_save(instance, add=True), connection) for each in wording.fields]
    returns = connection.features.can_return_columns_from_insert
    with connection.cursor() as cursor:
        cursor.execute(f"{wording.into}VALUES {wording.row}{f' RETURNING {wording.key}' if returns else ''}", values)
        table = instance._meta.db_table
        pk = cursor.fetchone()[0] if returns else connection.ops.last_insert_id(cursor, table, wording.key)
    instance.pk = pk
    instance._state.adding, instance._state.db = False, using


def insert_rows(
    model: type[Model], rows: Sequence[Sequence[Any]], using: str, *, at_once: int = _MANY, returning: str = ""
) -> None:  # fmt: skip
    """Rows of all columns but the key, in the model's order, each value as the database takes it."""
    connection = connections[using]
    wording = _wording(model, using)
    at_once = max(1, min(at_once, (connection.features.max_query_params or _MANY) // len(wording.fields)))
    with connection.cursor() as cursor:
        for start in range(0, len(rows), at_once):
            part = rows[start : start + at_once]
            if wording.lists and len(part) > _ROWS_AS_LISTS:  # psycopg reads each placeholder: so there are few
                cursor.execute(wording.into + wording.lists, [list(column) for column in zip(*part, strict=True)])
            else:
                values = f"VALUES {', '.join([wording.row] * len(part))}"
                cursor.execute(wording.into + values + returning, [*chain.from_iterable(part)])


@cache
def _wording(model: type[Model], using: str) -> _Wording:
    connection = connections[using]
    opts, quote = model._meta, connection.ops.quote_name
    fields = [each for each in opts.concrete_fields if not each.primary_key]
    into = f"INSERT INTO {quote(opts.db_table)} ({', '.join(quote(str(each.column)) for each in fields)}) "
    row = f"({', '.join(['%s'] * len(fields))})"
    lists = ", ".join(f"%s::{each.db_type(connection)}[]" for each in fields)
    lists = f"SELECT * FROM unnest({lists})" if connection.vendor == "postgresql" else ""  # noqa: S608
    return _Wording(fields, into, row, lists, quote(str(opts.pk.column)))

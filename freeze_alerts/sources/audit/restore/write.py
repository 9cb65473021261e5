"""Writing rows as they were: no signal, no ``save``, no time of now."""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.models import AutoField
from django.db.models.sql import InsertQuery

from freeze_alerts.sources.audit.restore.tables import Table, batches

_ROWS_AT_ONCE = 1000

_FORWARD = """
SELECT setval(%s::regclass, %s) FROM {sequence} AS was
WHERE was.last_value < %s OR (was.last_value = %s AND NOT was.is_called)
"""


def insert(table: Table, database: str) -> None:
    """Write the rows with every column as it was, many in a statement. Raises what the database raises."""
    rows: list[Any] = list(table.rows.values())
    if not rows:
        return
    size = connections[database].ops.bulk_batch_size(table.fields, rows)
    for batch in batches(rows, max(1, min(size, _ROWS_AT_ONCE))):
        query = InsertQuery(table.model)
        query.insert_values(table.fields, batch, raw=True)
        query.get_compiler(using=database).execute_sql(None)


def move_sequence(table: Table, database: str) -> None:
    """Have PostgreSQL give no key that is back in use; never one that it has given before."""
    connection = connections[database]
    if connection.vendor != "postgresql" or not table.rows:
        return
    for field in (each for each in table.fields if isinstance(each, AutoField)):
        highest = max(getattr(row, field.attname) for row in table.rows.values())
        with connection.cursor() as cursor:
            name = connection.ops.quote_name(table.model._meta.db_table)
            cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", [name, field.column])
            (sequence,) = cursor.fetchone()
            if sequence:
                cursor.execute(_FORWARD.format(sequence=sequence), [sequence, highest, highest, highest])

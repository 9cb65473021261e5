"""The files that rows name: the record holds their names alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import FileField

from freeze_alerts.sources.audit.restore.remarks import Kind, Remark, name_of
from freeze_alerts.sources.audit.restore.tables import Table

LOOKED_FOR = 200
"""A storage may be far away: this many files are asked for, and no more."""


def missing(tables: Iterable[Table]) -> list[Remark]:
    """What is said of files that are not where they were."""
    remarks: list[Remark] = []
    named = list(_named(tables))
    for field, label, key, name in named[:LOOKED_FOR]:
        if gone := _gone(field, name):
            remarks.append(Remark(Kind.FILE_GONE, f"{field.name}: {gone}", label, name_of(key)))
    if len(named) > LOOKED_FOR:
        remarks.append(Remark(Kind.FILE_GONE, f"{len(named) - LOOKED_FOR:,} more files were not looked for"))
    return remarks


def _named(tables: Iterable[Table]) -> Iterator[tuple[FileField, str, Any, str]]:
    for table in tables:
        for field in (each for each in table.fields if isinstance(each, FileField)):
            for key, row in table.rows.items():
                if name := getattr(row, field.attname):
                    yield field, table.label, key, str(name)


def _gone(field: FileField, name: str) -> str:
    try:
        return "" if field.storage.exists(name) else f"the file {name} is gone; only its name comes back"
    except Exception as error:  # noqa: BLE001 - a storage of the project's, in whatever state: no reason to stop
        return f"whether the file {name} is there can't be told ({type(error).__name__})"

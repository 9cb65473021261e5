"""The rows of a record for a person's eyes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from freeze_alerts.sources.audit import words
from freeze_alerts.sources.audit.masking import MARK
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.rows import Link, Row, links_of, rows_of, unpacked

_LONGEST = 200


@dataclass
class Table:
    """Rows of one kind, each with its values as text in the order of ``columns``."""

    kind: str
    model: str
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


def chunk_tables(deletion: Deletion, number: int) -> Iterator[Table]:
    """What one chunk holds: a table for each kind of row, and one for the references that were cut."""
    content = unpacked(deletion, number)
    tables: dict[str, Table] = {}
    for row in rows_of(content):
        table = tables.setdefault(row.model, Table(words.kind(row.model, 2), row.model, _columns(row)))
        table.rows.append([_text(row, name) for name in table.columns])
    yield from tables.values()
    cut = [_link(each) for each in links_of(content)]
    if cut:
        yield Table("References that were cut", "", ["row", "column", "pointed at", "points at"], cut)


def _columns(row: Row) -> list[str]:
    return list(row.columns) + sorted(row.masked - set(row.columns))


def _text(row: Row, name: str) -> str:
    if name in row.masked and name not in row.values:
        return MARK
    if not row.values:
        return shown(row.pk)
    value = row.values.get(name)
    kind = row.content_types.get(name)
    return f"{value} ({kind})" if kind else shown(value)


def shown(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, bytes):
        return f"{len(value):,} bytes"
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _link(link: Link) -> list[str]:
    return [f"{words.kind(link.model)} {shown(link.pk)}", link.field, shown(link.old), shown(link.new)]

"""The rows of a record, as they are read back.

A chunk is JSON, compressed: tables, each with its columns named once; and the links that were cut. ``packing`` knows
how rows are laid out there so that they take little room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model

from freeze_alerts.sources.audit.models import DeletedRows, Deletion
from freeze_alerts.sources.audit.packing import unpack
from freeze_alerts.sources.audit.values import NOT_KEPT, PLAIN, Redacted, decode

_CHUNKS_AT_ONCE = 20


@dataclass(frozen=True)
class Row:
    """A row as it stood in its table; one object of a multi-table model is a row in each of its tables.

    ``values`` go by the field's attname, and hold what the ORM gave: bytes for binary, a file's name for a file.
    ``masked`` names the columns that can't come back; one that is also in ``values`` is JSON without its secrets.
    """

    model: str
    table: str
    pk: Any
    values: Mapping[str, Any]
    masked: frozenset[str]
    columns: Mapping[str, str]
    """Each attname's column in the database."""
    content_types: Mapping[str, str]
    """For a reference to a content type, whose number may mean another model elsewhere: ``app.model``."""


@dataclass(frozen=True)
class Link:
    """A reference to a deleted row that its delete cut: ``field`` (an attname) of a row that stayed."""

    model: str
    pk: Any
    field: str
    old: Any
    new: Any


def read_rows(deletion: Deletion) -> Iterator[Row]:
    """Every row of the record in the order it was recorded, one chunk in memory at a time."""
    for content in contents(deletion):
        yield from rows_of(content)


def read_links(deletion: Deletion) -> Iterator[Link]:
    """Every reference that was cut (SET_NULL, SET_DEFAULT, SET)."""
    for content in contents(deletion):
        yield from links_of(content)


def rows_of(content: Mapping[str, Any]) -> Iterator[Row]:
    """The rows of one unpacked chunk."""
    for table in content["tables"]:
        reader = _Reader(table, content["content_types"])
        yield from map(reader.row, table["rows"])


def links_of(content: Mapping[str, Any]) -> Iterator[Link]:
    for model, attname, new, pairs in content["links"]:
        field = _field(find_model(model), attname)
        for pk, old in pairs:
            yield Link(model, decode(pk), attname, decode(old, field), decode(new, field))


def contents(deletion: Deletion) -> Iterator[dict[str, Any]]:
    """What the chunks hold, unpacked, a few read at a time."""
    stored = DeletedRows.objects.filter(deletion=deletion).order_by("number")
    numbers = list(stored.values_list("number", flat=True))
    for start in range(0, len(numbers), _CHUNKS_AT_ONCE):
        few = stored.filter(number__in=numbers[start : start + _CHUNKS_AT_ONCE])
        for data in few.values_list("data", flat=True):
            yield unpack(bytes(data))


def unpacked(deletion: Deletion, number: int) -> dict[str, Any]:
    """One chunk of a record. Raises DeletedRows.DoesNotExist."""
    return unpack(bytes(DeletedRows.objects.get(deletion=deletion, number=number).data))


def find_model(label: str) -> type[Model] | None:
    """The model of ``app.model``, through tables that Django made included; None where it is gone."""
    app, _, name = label.partition(".")
    try:
        return apps.get_app_config(app).get_model(name)
    except LookupError:
        return None


class _Reader:
    def __init__(self, table: Mapping[str, Any], content_types: Mapping[str, str]) -> None:
        self._table = table
        model = find_model(table["model"])
        self._fields = [(attname, _field(model, attname)) for attname, _ in table["columns"]]
        self._columns = dict(table["columns"])
        self._content_types = content_types

    def row(self, stored: list[Any]) -> Row:
        given = {
            name: value if type(value) in PLAIN else decode(value, field)
            for (name, field), value in zip(self._fields, stored, strict=True)
        }
        masked = {name for name, value in given.items() if value is NOT_KEPT or isinstance(value, Redacted)}
        values = {
            name: value.value if isinstance(value, Redacted) else value
            for name, value in given.items()
            if value is not NOT_KEPT
        }
        table = self._table
        return Row(
            model=table["model"], table=table["table"], pk=primary_key(table["key"], values),
            values={} if table["keys_only"] else values, masked=frozenset({*masked, *table["masked"]}),
            columns=self._columns,
            content_types={
                name: self._content_types.get(str(values.get(name)), "") for name in table["content_types"]
            },
        )  # fmt: skip


def primary_key(names: list[str], values: Mapping[str, Any]) -> Any:
    """The key of a row: one value, a tuple for a key of several columns, None where it isn't kept."""
    parts = tuple(values.get(name) for name in names)
    return parts[0] if len(parts) == 1 else parts


def _field(model: type[Model] | None, attname: str) -> Field[Any, Any] | None:
    if model is None:
        return None
    try:
        return next(each for each in model._meta.concrete_fields if each.attname == attname)
    except (StopIteration, FieldDoesNotExist):
        return None

"""The recorded rows as the tables take them today."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, TypeVar

from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, JSONField, Model, Value

from freeze_alerts.sources.audit.restore.remarks import Kind, Remark, counted
from freeze_alerts.sources.audit.rows import Row

_ABSENT = object()
_Each = TypeVar("_Each")


@dataclass
class Table:
    """Rows to be written, by their key; each holds its values by attname."""

    label: str
    model: type[Model]
    fields: list[Field[Any, Any]]
    rows: dict[Any, SimpleNamespace] = field(default_factory=dict)


def fit(
    label: str, model: type[Model], recorded: Sequence[Row], database: str, fill: Mapping[str, str]
) -> tuple[Table, list[Remark]]:
    """The table with its rows, and what became of columns that are new, gone, or were never kept.

    ``fill`` names what stands in for a value that nobody has, by ``app.model.field``.
    """
    table = Table(label, model, [each for each in model._meta.local_concrete_fields if not each.generated])
    stored = {each.attname: _stored_name(each, recorded[0]) for each in table.fields}
    is_plain = not any(isinstance(each, JSONField) for each in table.fields)
    seen: Counter[tuple[Kind, str]] = Counter()
    for row in recorded:
        if is_plain and not row.masked and row.values.keys() == stored.keys():
            values = SimpleNamespace(**row.values)
        else:
            values = SimpleNamespace()
            for each in table.fields:
                given = fill.get(f"{label}.{each.name}")
                setattr(values, each.attname, _value(each, row, stored[each.attname], given, seen))
        for attname, about in row.content_types.items():
            _renumber(values, attname, about, database)
        table.rows[row.pk] = values
    _note_columns_gone(model, recorded, set(stored.values()), seen)
    return table, [_remark(kind, label, column, count) for (kind, column), count in seen.items()]


def is_password(each: Field[Any, Any]) -> bool:
    """Whether it is the password of somebody who logs in: it comes back as one that nobody can use."""
    from django.contrib.auth.base_user import AbstractBaseUser  # a project may do without auth

    return each.name == "password" and issubclass(each.model, AbstractBaseUser)


def batches(items: Iterable[_Each], size: int) -> Iterator[list[_Each]]:
    everything = list(items)
    return (everything[start : start + size] for start in range(0, len(everything), size))


def _stored_name(each: Field[Any, Any], row: Row) -> str:
    """Under which name its value was recorded: its own, or that of the same column before it was renamed."""
    if each.attname in row.values or each.attname in row.masked:
        return each.attname
    return next((name for name, column in row.columns.items() if column == each.column), each.attname)


def _value(each: Field[Any, Any], row: Row, stored: str, given: str | None, seen: Counter[tuple[Kind, str]]) -> Any:
    value = row.values.get(stored, _ABSENT)
    if value is not _ABSENT:
        if stored in row.masked:
            seen[Kind.REDACTED, each.name] += 1
        nothing_in_json = value is None and isinstance(each, JSONField) and not each.null
        return Value(None, JSONField()) if nothing_in_json else value
    masked = stored in row.masked
    if given is not None:
        seen[Kind.GIVEN, each.name] += 1
        return each.to_python(given)
    if masked and is_password(each):
        from django.contrib.auth.hashers import make_password  # a project may do without auth

        seen[Kind.PASSWORD, each.name] += 1
        return make_password(None)
    stand_in = _stand_in(each)
    if stand_in is _ABSENT:
        seen[Kind.MASKED if masked else Kind.NEW_COLUMN, each.name] += 1
        return None
    seen[Kind.BLANKED if masked else Kind.FILLED, each.name] += 1
    return stand_in


def _renumber(values: SimpleNamespace, attname: str, about: str, database: str) -> None:
    """Content types are numbered anew where their table was: what was meant is known by its name."""
    app, _, name = about.partition(".")
    with contextlib.suppress(ContentType.DoesNotExist):
        number = ContentType.objects.db_manager(database).get_by_natural_key(app, name).pk
        if getattr(values, attname, number) != number:
            setattr(values, attname, number)


def _stand_in(each: Field[Any, Any]) -> Any:
    """What stands in for a value that nobody has."""
    if each.null:
        return None
    if each.has_default() or each.has_db_default():
        return each.get_default()
    return "" if each.blank and each.empty_strings_allowed else _ABSENT


def _note_columns_gone(
    model: type[Model], recorded: Sequence[Row], stored: set[str], seen: Counter[tuple[Kind, str]]
) -> None:
    generated = {each.attname for each in model._meta.local_concrete_fields if each.generated}
    known = stored | generated
    for row in recorded:
        for name in row.columns.keys() - known if row.columns.keys() != stored else ():
            seen[Kind.COLUMN_GONE, name] += 1


_WORDS = {
    Kind.REDACTED: "{column}: secrets in its JSON were not kept; it comes back without them",
    Kind.PASSWORD: "{column} was not kept: it comes back as one that nobody can use, to be set anew",
    Kind.MASKED: "{column} was not kept, and may not be empty",
    Kind.NEW_COLUMN: "{column} is new since, and has neither a default nor may it be empty",
    Kind.BLANKED: "{column} was not kept: it comes back empty, or as its default",
    Kind.GIVEN: "{column} comes back as what you gave for it",
    Kind.FILLED: "{column} is new since: it comes back empty, or as its default",
    Kind.COLUMN_GONE: "{column} is no longer a column: what stood there does not come back",
}


def _remark(kind: Kind, label: str, column: str, count: int) -> Remark:
    return Remark(kind, f"{_WORDS[kind].format(column=column)} ({counted(count, 'row')})", label)

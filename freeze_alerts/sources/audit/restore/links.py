"""References to deleted rows that their delete cut, tied again where nobody has used the place since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import ForeignKey, Model, QuerySet

from freeze_alerts.sources.audit.restore.belongings import Place, Recorded, label_of, references
from freeze_alerts.sources.audit.restore.parents import sets_null
from freeze_alerts.sources.audit.restore.remarks import Kind, Remark, counted
from freeze_alerts.sources.audit.restore.tables import Table, batches
from freeze_alerts.sources.audit.rows import Link, Row, find_model

_TIED_AT_ONCE = 500
Tie = tuple[str, str, Any, Any]
"""A model's label, an attname, the value it had, and the one it was given."""
Ties = dict[Tie, dict[Any, None]]
"""For each, the keys of the rows."""


def to_tie(cut: Iterable[Link], recorded: Recorded, present: set[Place], tables: dict[str, Table]) -> Ties:
    """The keys of rows that are to refer again to what comes back.

    ``present`` rows of the record are back already: their references to the others were left empty then. A row
    that comes back itself, and was cut before it went, is given its reference here.
    """
    ties: Ties = defaultdict(dict)
    for link in (*cut, *_emptied(recorded[label][pk] for label, pk in present)):
        field = _reference(find_model(link.model), link.field)
        if field is None or not _comes_back(field, link.old, tables):
            continue
        row = tables[link.model].rows.get(link.pk) if link.model in tables else None
        if row is not None and getattr(row, link.field) == link.new:
            setattr(row, link.field, link.old)
        elif (link.model, link.pk) in present or link.pk not in recorded.get(link.model, ()):
            ties[link.model, link.field, link.old, link.new][link.pk] = None
    return ties


def kept(ties: Ties, database: str) -> Iterator[Remark]:
    """What is said of rows that have been given another value since, or are gone."""
    for tie, keys in ties.items():
        waiting = sum(each.count() for each in _waiting(tie, keys, database))
        if waiting < len(keys):
            label, attname, *_ = tie
            text = f"{attname} stays as it is in {counted(len(keys) - waiting, 'row')}: changed since, or gone"
            yield Remark(Kind.LINK_KEPT, text, label)


def tie_all(ties: Ties, database: str) -> int:
    """Give the rows back what they referred to; returns how many."""
    return sum(
        waiting.update(**{tie[1]: tie[2]}) for tie, keys in ties.items() for waiting in _waiting(tie, keys, database)
    )


def _waiting(tie: Tie, keys: Iterable[Any], database: str) -> Iterator[QuerySet[Any]]:
    label, attname, _, given = tie
    model = find_model(label)
    unchanged = {f"{attname}__isnull": True} if given is None else {attname: given}
    for batch in batches(keys, _TIED_AT_ONCE) if model else ():
        rows: QuerySet[Any] = QuerySet(model=model, using=database)
        yield rows.filter(pk__in=batch, **unchanged)


def _emptied(present: Iterable[Row]) -> Iterator[Link]:
    for row in present:
        model = find_model(row.model)
        for field in references(model) if model else ():
            value = row.values.get(field.attname)
            if value is not None and field.null and sets_null(field):
                yield Link(row.model, row.pk, field.attname, value, None)


def _reference(model: type[Model] | None, attname: str) -> ForeignKey[Any, Any] | None:
    return next((each for each in references(model) if each.attname == attname), None) if model else None


def _comes_back(field: ForeignKey[Any, Any], value: Any, tables: dict[str, Table]) -> bool:
    table = tables.get(label_of(field.remote_field.model))
    attname = field.target_field.attname
    if table is None:
        return False
    if field.target_field.primary_key:
        return value in table.rows
    return any(getattr(row, attname) == value for row in table.rows.values())

"""Whether what the rows refer to is still there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections, models
from django.db.models import ForeignKey, Model, QuerySet

from freeze_alerts.sources.audit.models import DeletedRoot
from freeze_alerts.sources.audit.restore.belongings import Place, Recorded, label_of, references
from freeze_alerts.sources.audit.restore.remarks import Kind, Remark, name_of
from freeze_alerts.sources.audit.restore.tables import Table, batches

_ASKED_AT_ONCE = 500
_SETS_NULL = (models.SET_NULL, getattr(models, "DB_SET_NULL", models.SET_NULL))


@dataclass(frozen=True)
class _Gone:
    table: Table
    field: ForeignKey[Any, Any]
    key: Any

    @property
    def target(self) -> str:
        return label_of(self.field.remote_field.model)

    @property
    def value(self) -> Any:
        return getattr(self.table.rows[self.key], self.field.attname)


def settle(
    tables: dict[str, Table], recorded: Recorded, family: set[Place] | None, database: str, *, lock: bool = False
) -> list[Remark]:
    """What is said of every parent that is gone; rows change, or are left out, as its delete would have had it.

    A reference that is emptied when its parent goes comes back empty; a many-to-many link to somebody gone does not
    come back. Where only one object is wanted (``family``: its own rows), what belonged to another one of the same
    record as well waits for that one. Everything else is a conflict. ``lock``: the parents stay until the commit.
    """
    remarks: dict[Remark, None] = {}
    existing, takers = _Existing(database, lock), _Takers()
    while True:
        gone = list(_gone(tables, existing))
        left_out = 0
        for each in gone:
            if each.key not in each.table.rows:
                continue
            if each.field.null and sets_null(each.field):
                remarks[_emptied(each, takers)] = None
                setattr(each.table.rows[each.key], each.field.attname, None)
            elif _goes_with(each, recorded, family):
                remarks[_left_out(each, takers)] = None
                del each.table.rows[each.key]
                left_out += 1
            else:
                remarks[_conflict(each, takers)] = None
        if not left_out:
            return list(remarks)


def sets_null(field: ForeignKey[Any, Any]) -> bool:
    """Whether the reference is emptied when its parent goes."""
    return field.remote_field.on_delete in _SETS_NULL


def _goes_with(gone: _Gone, recorded: Recorded, family: set[Place] | None) -> bool:
    if gone.table.model._meta.auto_created:
        return True
    own = family is None or (gone.table.label, gone.key) in family
    return not own and any(
        row.values.get(gone.field.target_field.attname) == gone.value for row in recorded.get(gone.target, {}).values()
    )


def _gone(tables: dict[str, Table], existing: _Existing) -> Iterator[_Gone]:
    coming: dict[tuple[str, str], set[Any]] = {}
    for table in tables.values():
        for field in references(table.model):
            if not getattr(field, "db_constraint", True):
                continue
            target, attname = label_of(field.remote_field.model), field.target_field.attname
            if (target, attname) not in coming:
                rows = tables[target].rows.values() if target in tables else ()
                coming[target, attname] = {getattr(row, attname) for row in rows}
            asked = {getattr(row, field.attname) for row in table.rows.values()} - coming[target, attname] - {None}
            gone = asked - existing.among(field.remote_field.model, attname, asked)
            if gone:
                keys = [key for key, row in table.rows.items() if getattr(row, field.attname) in gone]
                yield from (_Gone(table, field, key) for key in keys)


class _Existing:
    """Which rows there are, asked once each."""

    def __init__(self, database: str, lock: bool) -> None:
        # PostgreSQL and SQLite look at the constraints themselves before they commit; MySQL's are off meanwhile.
        self._database, self._lock = database, lock and connections[database].vendor == "mysql"
        self._asked: dict[tuple[str, str], set[Any]] = defaultdict(set)
        self._found: dict[tuple[str, str], set[Any]] = defaultdict(set)

    def among(self, model: type[Model], attname: str, values: set[Any]) -> set[Any]:
        place = (label_of(model), attname)
        for batch in batches(values - self._asked[place], _ASKED_AT_ONCE):
            rows: QuerySet[Any] = QuerySet(model=model, using=self._database).filter(**{f"{attname}__in": batch})
            rows = rows.select_for_update() if self._lock else rows
            self._found[place].update(rows.values_list(attname, flat=True))
            self._asked[place].update(batch)
        return self._found[place] & values


class _Takers:
    """Which record has a row that is gone, asked once each."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def hint(self, gone: _Gone) -> str:
        """That it can be put back first, where it can."""
        place = (gone.target, str(gone.value))
        if place not in self._known:
            root = DeletedRoot.objects.filter(model=place[0], object_id=place[1]).order_by("-id").first()
            self._known[place] = f"; deletion {root.deletion_id} took it: put that back first" if root else ""
        return self._known[place]


def _emptied(gone: _Gone, takers: _Takers) -> Remark:
    text = f"{gone.field.name} comes back empty: {gone.target}:{gone.value} is gone too{takers.hint(gone)}"
    return Remark(Kind.PARENT_LOST, text, gone.table.label, name_of(gone.key))


def _left_out(gone: _Gone, takers: _Takers) -> Remark:
    text = f"does not come back: its {gone.field.name}, {gone.target}:{gone.value}, is gone{takers.hint(gone)}"
    return Remark(Kind.LEFT_OUT, text, gone.table.label, name_of(gone.key))


def _conflict(gone: _Gone, takers: _Takers) -> Remark:
    text = f"its {gone.field.name}, {gone.target}:{gone.value}, is gone{takers.hint(gone)}"
    return Remark(Kind.PARENT_GONE, text, gone.table.label, name_of(gone.key))

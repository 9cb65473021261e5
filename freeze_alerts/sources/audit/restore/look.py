"""What a restore would bring back, what is in its way, and what it can't bring back. Writes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Field, QuerySet

from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.restore import belongings, files, links, parents, tables, taken
from freeze_alerts.sources.audit.restore.belongings import Place, Recorded, label_of, references
from freeze_alerts.sources.audit.restore.links import Ties
from freeze_alerts.sources.audit.restore.remarks import Kind, Remark, counted
from freeze_alerts.sources.audit.restore.tables import Table
from freeze_alerts.sources.audit.rows import Link, Row, contents, find_model, links_of, rows_of


@dataclass
class Look:
    """``tables`` stand in the order they are written in; ``present`` rows are back already, from an earlier part."""

    deletion: Deletion
    only: str = ""
    tables: list[Table] = field(default_factory=list)
    ties: Ties = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)
    present: int = 0
    is_all: bool = True
    """Whether nothing of the record stays behind."""

    @property
    def conflicts(self) -> list[Remark]:
        return [each for each in self.remarks if each.is_conflict]

    @property
    def losses(self) -> list[Remark]:
        return [each for each in self.remarks if not each.is_conflict]

    @property
    def counts(self) -> dict[str, int]:
        return {each.label: len(each.rows) for each in self.tables if each.rows}

    @property
    def row_count(self) -> int:
        return sum(self.counts.values())

    @property
    def tie_count(self) -> int:
        return sum(map(len, self.ties.values()))


def look(
    deletion: Deletion, only: str = "", fill: Mapping[str, str] = MappingProxyType({}), *, lock: bool = False
) -> Look:
    """Look at a record, or at one object of it (``only``: ``app.Model:key``) with what belonged to it.

    ``fill`` is what stands in for values that were not kept, or for new columns, by ``app.model.field``.
    ``lock`` for whoever writes next, in the same transaction.
    """
    seen = Look(deletion, only, remarks=list(_of_the_record(deletion)))
    if seen.conflicts:
        return seen
    try:
        _look_into(seen, fill, lock=lock)
    except (ValidationError, ValueError) as error:  # what was a number may be a UUID by now
        said = str(error).partition("\n")[0]
        seen.remarks.append(Remark(Kind.REFUSED, f"a value no longer fits its column: {said}"))
    return seen


def _look_into(seen: Look, fill: Mapping[str, str], *, lock: bool) -> None:
    deletion, only = seen.deletion, seen.only
    recorded, cut, keyless = _read(deletion)
    for label, count in keyless.items():
        text = f"{counted(count, 'row')} {'does' if count == 1 else 'do'} not come back: the key was not kept"
        seen.remarks.append(Remark(Kind.LEFT_OUT, text, label))
    place = belongings.find(recorded, only) if only else None
    if only and place is None:
        seen.remarks.append(Remark(Kind.NOT_IN_IT, f"there is no {only} in this record"))
        return
    wanted, family = (belongings.of(recorded, place)) if place else (None, None)
    part = recorded if wanted is None else belongings.chosen(recorded, wanted)
    present = _present(deletion, recorded)
    _fit(seen, part, present, fill)
    by_label = {each.label: each for each in seen.tables}
    unchanged = sum(taken.drop_unchanged(each, deletion.database) for each in seen.tables)
    seen.remarks += parents.settle(by_label, recorded, family, deletion.database, lock=lock)
    seen.ties = links.to_tie(cut, recorded, present, by_label)
    seen.remarks += _of_the_rows(seen)
    seen.present = len(present) + unchanged
    left = sum(map(len, recorded.values())) - seen.present - seen.row_count
    seen.is_all = not only or left == 0
    seen.tables = _parents_first(by_label)
    if not seen.row_count and not seen.tie_count and not seen.conflicts:
        seen.remarks.append(Remark(Kind.NOTHING, "there is nothing in it to put back"))


def _of_the_record(deletion: Deletion) -> Iterator[Remark]:
    if deletion.restored_at:
        yield Remark(Kind.RESTORED, f"{deletion.restored_by or 'somebody'} has put it back already")
    if deletion.database not in connections:
        yield Remark(Kind.DATABASE_GONE, f"DATABASES has no {deletion.database} any more")
    if not deletion.confirmed:
        yield Remark(Kind.UNCONFIRMED, "its delete was never confirmed: the rows may be there still")
    if not deletion.complete:
        yield Remark(Kind.KEYS_ONLY, "it was too large: only the keys of its rows were kept")
    for what in (deletion.without_snapshot, deletion.left_out):
        for name, count in what.items():
            rows = "rows" if count is None else counted(count, "row")
            yield Remark(Kind.UNRECORDED, f"{rows} never recorded: what they held does not come back", name)


def _of_the_rows(seen: Look) -> Iterator[Remark]:
    for table in seen.tables:
        yield from taken.conflicts(table, seen.deletion.database)
    yield from links.kept(seen.ties, seen.deletion.database)
    yield from files.missing(seen.tables)


def _read(deletion: Deletion) -> tuple[Recorded, list[Link], Counter[str]]:
    """What the record holds: its rows, the references that were cut, and how many rows have lost their keys."""
    recorded: Recorded = {}
    cut: list[Link] = []
    keyless: Counter[str] = Counter()
    for content in contents(deletion):
        for row in rows_of(content):
            if _has_lost_its_key(row):
                keyless[row.model] += 1
            else:
                recorded.setdefault(row.model, {})[row.pk] = row  # deleted twice in one request: as it was last
        cut += links_of(content)
    return recorded, cut, keyless


def _has_lost_its_key(row: Row) -> bool:
    """Whether its key itself is a secret, or that of what it links: there is no telling where it belongs."""
    if row.pk is None or (isinstance(row.pk, tuple) and None in row.pk):
        return True
    model = find_model(row.model)
    is_link = model is not None and model._meta.auto_created
    return bool(is_link and row.masked)


def _present(deletion: Deletion, recorded: Recorded) -> set[Place]:
    """The rows that an earlier restore of a part has brought back, and that are there."""
    earlier: set[Place] = set()
    for each in deletion.restorations:
        place = belongings.find(recorded, each["only"])
        earlier |= belongings.of(recorded, place)[0] if place else set()
    return {
        (label, pk)
        for label, rows in belongings.chosen(recorded, earlier).items()
        if (model := find_model(label))
        for pk in taken.keys_there(QuerySet(model=model, using=deletion.database), rows)
    }


def _fit(seen: Look, part: Recorded, present: set[Place], fill: Mapping[str, str]) -> None:
    for name in fill.keys() - {f"{label}.{each.name}" for label in part for each in _columns(label)}:
        seen.remarks.append(Remark(Kind.NOT_IN_IT, f"there is no {name} in it to be filled"))
    for label, rows in part.items():
        coming = [row for pk, row in rows.items() if (label, pk) not in present]
        model = find_model(label)
        if model is None:
            text = f"there is no such model any more ({counted(len(rows), 'row')})"
            seen.remarks.append(Remark(Kind.MODEL_GONE, text, label))
        elif coming:
            table, remarks = tables.fit(label, model, coming, seen.deletion.database, fill)
            seen.tables.append(table)
            seen.remarks += remarks


def _columns(label: str) -> Sequence[Field[Any, Any]]:
    model = find_model(label)
    return model._meta.local_concrete_fields if model else ()


def _parents_first(by_label: dict[str, Table]) -> list[Table]:
    """In an order in which each row finds what it refers to; a circle is cut somewhere, and constraints wait."""
    ordered: dict[str, Table] = {}

    def place(label: str, above: tuple[str, ...]) -> None:
        if label in ordered or label in above or label not in by_label:
            return
        for each in references(by_label[label].model):
            place(label_of(each.remote_field.model), (*above, label))
        ordered[label] = by_label[label]

    for label in by_label:
        place(label, ())
    return list(ordered.values())

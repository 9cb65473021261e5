"""Whether keys, and values that must be unique, are in use again."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import reduce
from operator import or_
from types import SimpleNamespace
from typing import Any

from django.db.models import F, Field, Model, Q, QuerySet, UniqueConstraint, Value
from django.db.models.lookups import Exact

from freeze_alerts.sources.audit.restore.remarks import Kind, Remark, name_of
from freeze_alerts.sources.audit.restore.tables import Table, batches

_KEYS_AT_ONCE, _CONDITIONS_AT_ONCE = 500, 100

Keyed = tuple[Any, SimpleNamespace]


def conflicts(table: Table, database: str) -> Iterator[Remark]:
    """Every row of the table whose place is taken."""
    if not table.rows:
        return
    everybody: QuerySet[Any] = QuerySet(model=table.model, using=database)
    yield from _keys_in_use(table, everybody)
    for names in _unique_together(table.model):
        yield from _taken(table, everybody, _named(table, names), Q(), nulls_distinct=True)
    for constraint in table.model._meta.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield from _against(table, everybody, constraint)


def _keys_in_use(table: Table, everybody: QuerySet[Any]) -> Iterator[Remark]:
    if not _near(table, everybody).exists():
        return
    for key in keys_there(everybody, table.rows):
        yield Remark(Kind.KEY_IN_USE, "its key is in use again", table.label, name_of(key))


def keys_there(everybody: QuerySet[Any], keys: Collection[Any]) -> Iterator[Any]:
    """Those of the keys that rows have."""
    composite = any(isinstance(key, tuple) for key in keys)
    for batch in batches(keys, _CONDITIONS_AT_ONCE if composite else _KEYS_AT_ONCE):
        yield from everybody.filter(pk__in=batch).values_list("pk", flat=True)


def _near(table: Table, everybody: QuerySet[Any]) -> QuerySet[Any]:
    """Whoever might be in the way: where keys are numbers, those between the lowest and the highest."""
    if not all(type(key) is int for key in table.rows):
        return everybody
    return everybody.filter(pk__gte=min(table.rows), pk__lte=max(table.rows))


def drop_unchanged(table: Table, database: str) -> int:
    """Leave out the rows that are there, column by column as they were; returns how many."""
    everybody: QuerySet[Any] = QuerySet(model=table.model, using=database)
    if not table.rows or not _near(table, everybody).exists():
        return 0
    names = [each.attname for each in table.fields]
    there = list(keys_there(everybody, table.rows))
    unchanged = 0
    for batch in batches(there, _CONDITIONS_AT_ONCE):
        for key, *values in everybody.filter(pk__in=batch).values_list("pk", *names):
            if [getattr(table.rows.get(key), name, None) for name in names] == values:
                del table.rows[key]
                unchanged += 1
    return unchanged


def _unique_together(model: type[Model]) -> Iterator[Sequence[str]]:
    for each in model._meta.local_concrete_fields:
        if each.unique and not each.primary_key:
            yield (each.name,)
    yield from model._meta.unique_together


def _named(table: Table, names: Sequence[str]) -> list[Field[Any, Any]]:
    fields = {each.name: each for each in table.model._meta.concrete_fields}
    return [fields[name] for name in names]


def _against(table: Table, everybody: QuerySet[Any], constraint: UniqueConstraint) -> Iterator[Remark]:
    condition, nulls_distinct = constraint.condition or Q(), constraint.nulls_distinct is not False
    if not constraint.fields:
        yield from _expressions_taken(table, everybody, constraint, condition)
        return
    yield from _taken(table, everybody, _named(table, constraint.fields), condition, nulls_distinct=nulls_distinct)


def _taken(
    table: Table, everybody: QuerySet[Any], fields: Sequence[Field[Any, Any]], condition: Q, *, nulls_distinct: bool
) -> Iterator[Remark]:
    """Rows whose values in these fields another row has, among those that meet the condition.

    A generated column is left to the database: its value is made there.
    """
    names = [each.attname for each in fields]
    if any(each.generated or each.attname not in _written(table) for each in fields):
        return
    rows = [
        (key, row)
        for key, row in table.rows.items()
        if not any(_is_free(getattr(row, name), nulls_distinct) for name in names)
    ]
    for batch in batches(rows, _KEYS_AT_ONCE if len(names) == 1 else _CONDITIONS_AT_ONCE):
        for key, row, holder in _holders(everybody.filter(condition), batch, names):
            if _meets(table.model, row, condition, everybody.db):
                yield _not_unique(table, key, ", ".join(each.name for each in fields), holder)


def _holders(others: QuerySet[Any], rows: Sequence[Keyed], names: Sequence[str]) -> Iterator[tuple[Any, Any, Any]]:
    """Those of the rows whose values others have, each with its key before it, and the other's after."""
    found = {tuple(theirs): pk for pk, *theirs in others.filter(_any_of(rows, names)).values_list("pk", *names)}
    ours = {key: tuple(getattr(row, name) for name in names) for key, row in rows}
    # What a collation holds for the same, and Python does not, is told by asking for each.
    unclear = found.keys() - set(ours.values())
    for key, row in rows if found else ():
        holder = found.get(ours[key])
        if holder is None and unclear:
            holder = _first(others.filter(_any_of([(key, row)], names)))
        if holder is not None:
            yield key, row, holder


def _is_free(value: Any, nulls_distinct: bool) -> bool:
    """Whether a value is like no other: no value at all, or one that the database will make."""
    return (value is None and nulls_distinct) or hasattr(value, "resolve_expression")


def _written(table: Table) -> set[str]:
    return {each.attname for each in table.fields}


def _any_of(rows: Sequence[Keyed], names: Sequence[str]) -> Q:
    if len(names) == 1:
        (name,) = names
        values = [getattr(row, name) for _, row in rows]
        some = Q(**{f"{name}__in": [value for value in values if value is not None]})
        return some | Q(**{f"{name}__isnull": True}) if None in values else some
    return reduce(or_, (Q(**{name: getattr(row, name) for name in names}) for _, row in rows))


def _meets(model: type[Model], row: SimpleNamespace, condition: Q, database: str) -> bool:
    return not condition or condition.check(_against_values(model, row), using=database)


def _against_values(model: type[Model], row: SimpleNamespace) -> dict[Any, Any]:
    """The row's values by field, as expressions that a condition can be held against."""
    written = [each for each in model._meta.local_concrete_fields if hasattr(row, each.attname)]
    values = {}
    for each in written:
        value = getattr(row, each.attname)
        value = value if hasattr(value, "resolve_expression") else Value(value, output_field=each)
        values[each.name] = values[each.attname] = value
    return values


def _expressions_taken(
    table: Table, everybody: QuerySet[Any], constraint: UniqueConstraint, condition: Q
) -> Iterator[Remark]:
    for batch in batches(table.rows.items(), _CONDITIONS_AT_ONCE):
        alike = [_alike(table.model, row, constraint) for _, row in batch]
        if not everybody.filter(condition, reduce(or_, alike)).exists():
            continue
        for (key, row), same in zip(batch, alike, strict=True):
            holder = _first(everybody.filter(condition, same))
            if holder is not None and _meets(table.model, row, condition, everybody.db):
                yield _not_unique(table, key, constraint.name, holder)


def _alike(model: type[Model], row: SimpleNamespace, constraint: UniqueConstraint) -> Q:
    values = {F(name): value for name, value in _against_values(model, row).items()}
    same = Q()
    for expression in constraint.expressions:
        bare = getattr(expression, "get_expression_for_validation", lambda each=expression: each)()
        same &= Q(Exact(bare, bare.replace_expressions(values)))
    return same


def _first(rows: QuerySet[Any]) -> Any:
    return rows.values_list("pk", flat=True).first()


def _not_unique(table: Table, key: Any, what: str, holder: Any) -> Remark:
    text = f"{what} must be unique, and {table.label}:{name_of(holder)} has the same now"
    return Remark(Kind.NOT_UNIQUE, text, table.label, name_of(key))

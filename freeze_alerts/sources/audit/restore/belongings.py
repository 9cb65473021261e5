"""What belonged to one object of a record: the rows that its delete alone would have taken along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.db import models
from django.db.models import ForeignKey, Model

from freeze_alerts.sources.audit.restore.remarks import name_of
from freeze_alerts.sources.audit.rows import Row, find_model

Recorded = dict[str, dict[Any, Row]]
Place = tuple[str, Any]
"""A row: its model's label, and its key."""
_Handle = tuple[str, str, Any]
"""What a reference holds on to: a model's label, an attname, a value."""

_CASCADES = (models.CASCADE, getattr(models, "DB_CASCADE", models.CASCADE))
_PK = "pk"


def find(recorded: Recorded, only: str) -> Place | None:
    """The row that ``app.Model:key`` names; a proxy's is that of the model it stands for."""
    name, _, key = only.strip().partition(":")
    label = concrete_label(name.lower())
    return next(((label, pk) for pk in recorded.get(label, ()) if name_of(pk) == key), None)


def of(recorded: Recorded, start: Place) -> tuple[set[Place], set[Place]]:
    """All that belonged to an object, and of that the rows which are the object itself, one a table."""
    web = _Web(recorded)
    family = web.family(start)
    found, waiting = set(family), list(family)
    while waiting:
        for place in web.followers(waiting.pop()):
            new = web.family(place) - found
            found |= new
            waiting += new
    return found, family


def chosen(recorded: Recorded, places: set[Place]) -> Recorded:
    kept = {label: {pk: row for pk, row in rows.items() if (label, pk) in places} for label, rows in recorded.items()}
    return {label: rows for label, rows in kept.items() if rows}


def concrete_label(label: str) -> str:
    model = find_model(label)
    return label if model is None else label_of(model)


def label_of(model: type[Model]) -> str:
    return (model._meta.concrete_model or model)._meta.label_lower


def references(model: type[Model]) -> list[ForeignKey[Any, Any]]:
    return [each for each in model._meta.local_concrete_fields if isinstance(each, ForeignKey)]


class _Web:
    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._followers: dict[_Handle, list[Place]] = defaultdict(list)
        self._held: dict[str, set[str]] = defaultdict(set)
        for label, rows in recorded.items():
            model = find_model(label)
            for pk, row in rows.items() if model else ():
                for handle in _holds_on_to(model, row):
                    self._followers[handle].append((label, pk))
                    self._held[handle[0]].add(handle[1])

    def followers(self, place: Place) -> Iterator[Place]:
        label, pk = place
        row = self._recorded[label][pk]
        for attname in self._held[label]:
            value = name_of(pk) if attname == _PK else row.values.get(attname)
            yield from self._followers.get((label, attname, value), ())

    def family(self, place: Place) -> set[Place]:
        """The row with those of its parents' tables; a child's follow it by themselves."""
        label, pk = place
        model, family = find_model(label), {place}
        for parent, link in (model._meta.parents if model else {}).items():
            above = (label_of(parent), self._recorded[label][pk].values.get(link.attname) if link else pk)
            if above in family or above[1] not in self._recorded.get(above[0], ()):
                continue
            family |= self.family(above)
        return family


def _holds_on_to(model: type[Model] | None, row: Row) -> Iterator[_Handle]:
    if model is None:
        return
    for each in references(model):
        value = row.values.get(each.attname)
        if value is not None and each.remote_field.on_delete in _CASCADES:
            yield label_of(each.remote_field.model), each.target_field.attname, value
    for generic in model._meta.private_fields:
        if isinstance(generic, GenericForeignKey):
            attname = next(each.attname for each in model._meta.concrete_fields if each.name == generic.ct_field)
            if about := row.content_types.get(attname, ""):
                yield concrete_label(about), _PK, str(row.values.get(generic.fk_field))

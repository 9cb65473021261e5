"""A person asks to be forgotten: their rows go from every record, the records stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import router, transaction
from django.db.models import Model

from freeze_alerts.sources.audit import chain, telling
from freeze_alerts.sources.audit.batches import label_of
from freeze_alerts.sources.audit.chunks import Keys, drop, stored_key
from freeze_alerts.sources.audit.collecting import key_text
from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows, Deletion
from freeze_alerts.sources.audit.packing import pack, unpack
from freeze_alerts.sources.audit.rows import find_model, read_rows

Places = dict[str, set[str]]
"""Keys as one types them, by ``app.model``."""


@dataclass(frozen=True)
class Forgotten:
    records: int
    rows: int


def forget(model: str, object_id: str) -> Forgotten:
    """Take one object's rows, its name and the names of its files out of every record, and seal those anew.

    An object of a multi-table model is forgotten in each of its tables, whichever of them is named.
    """
    records = rows = 0
    tables = tables_of(model)
    for deletion in _naming(tables):
        count = _forget_in(deletion, tables, object_id)
        if count:
            records, rows = records + 1, rows + count
    return Forgotten(records, rows)


def tables_of(label: str) -> set[str]:
    """The labels under which an object's rows are recorded: its model's, its parents', its children's."""
    model = find_model(label)
    if model is None:
        return {label}
    above = {label_of(model), *map(label_of, _parents(model))}
    return above | {label_of(each) for each in apps.get_models() if above & {*map(label_of, _parents(each))}}


def _parents(model: type[Model]) -> list[type[Model]]:
    """The models whose tables hold a part of each object, under the same key."""
    model = model._meta.concrete_model or model
    direct = [each for each, link in model._meta.parents.items() if link and link.primary_key and link.model is model]
    return [each for parent in direct for each in (parent, *_parents(parent))]


def _naming(tables: set[str]) -> Iterator[Deletion]:
    """Every record with rows of these models in it."""
    for deletion in Deletion.objects.order_by("pk").iterator(chunk_size=200):
        if not tables.isdisjoint((*deletion.counts, *deletion.roots)):
            yield deletion


def _forget_in(deletion: Deletion, tables: set[str], object_id: str) -> int:
    with transaction.atomic(using=router.db_for_write(Deletion)):
        deletion = Deletion.objects.select_for_update().get(pk=deletion.pk)  # it may be put back meanwhile
        places = _places(deletion, {label: {object_id} for label in tables})
        roots = [
            DeletedRoot.objects.filter(deletion=deletion, model=label, object_id__in=places[label]) for label in places
        ]
        named = sum(each.exclude(repr="").update(repr="") for each in roots)
        gone, files = _forget_rows(deletion, places)
        if not gone and not named:
            return 0
        deletion.counts = dict(Counter(deletion.counts) - gone)
        deletion.left_out = dict(Counter(deletion.left_out) + gone)
        deletion.row_count -= gone.total()
        deletion.files = [name for name in deletion.files if name not in files]
        deletion.content_hash = chain.content_hash(deletion)
        deletion.save()
        telling.tell_changed(deletion)
        chain.append(deletion, chain.FORGOTTEN)
    return gone.total() or named


def _places(deletion: Deletion, places: Places) -> Places:
    """With the keys that a second parent, or the child of one, has of its own: rows of the object say them."""
    links = {label: found for label in deletion.counts if (found := _links_by_another_key(label))}
    known = None
    while links and known != (known := sum(map(len, places.values()))):
        for label, key, parent, parent_key in list(_linked(deletion, links)):
            if key in places.get(label, ()) or parent_key in places.get(parent, ()):
                for side, its_key in ((label, key), (parent, parent_key)):
                    for each in tables_of(side):
                        places.setdefault(each, set()).add(its_key)
    return places


def _links_by_another_key(label: str) -> dict[str, str]:
    """The column that refers to each parent which has a key of its own."""
    model = find_model(label)
    parents = model._meta.parents.items() if model else ()
    return {
        link.attname: label_of(parent)
        for parent, link in parents
        if link and not link.primary_key and link.model is model
    }


def _linked(deletion: Deletion, links: dict[str, dict[str, str]]) -> Iterator[tuple[str, str, str, str]]:
    """The rows of children of several parents: label and key, and those of the parent."""
    for row in read_rows(deletion):
        for attname, parent in links.get(row.model, {}).items():
            if row.values.get(attname) is not None:
                yield row.model, key_text(row.pk), parent, key_text(row.values[attname])


def _forget_rows(deletion: Deletion, places: Places) -> tuple[Counter[str], set[str]]:
    gone: Counter[str] = Counter()
    files: set[str] = set()
    for chunk in DeletedRows.objects.filter(deletion=deletion).order_by("number").iterator(chunk_size=20):
        content = unpack(bytes(chunk.data))
        keys: Keys = {}
        for table in content["tables"]:
            for key, row in _meant(table, places.get(table["model"], ())):
                keys.setdefault(table["model"], set()).add(key)
                files |= {value for value in row if isinstance(value, str)}
                gone[table["model"]] += 1
        if keys:
            chunk.row_count -= drop(content, keys)
            chunk.data = pack(content)
            chunk.save(update_fields=["data", "row_count"])
    return gone, files


def _meant(table: dict[str, Any], object_ids: Collection[str]) -> Iterator[tuple[Any, list[Any]]]:
    names = [attname for attname, _ in table["columns"]]
    for row in table["rows"] if object_ids else ():
        key = stored_key(table, names, row)
        if key_text(key) in object_ids:
            yield key, row

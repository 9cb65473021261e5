"""A person asks to be forgotten: their rows go from every record, the records stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
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
from freeze_alerts.sources.audit.rows import find_model


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
        roots = DeletedRoot.objects.filter(deletion=deletion, model__in=tables, object_id=object_id)
        named = roots.exclude(repr="").update(repr="")
        gone, files = _forget_rows(deletion, tables, object_id)
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


def _forget_rows(deletion: Deletion, tables: set[str], object_id: str) -> tuple[Counter[str], set[str]]:
    gone: Counter[str] = Counter()
    files: set[str] = set()
    for chunk in DeletedRows.objects.filter(deletion=deletion).order_by("number").iterator(chunk_size=20):
        content = unpack(bytes(chunk.data))
        keys: Keys = {}
        for table in content["tables"]:
            for key, row in _meant(table, object_id) if table["model"] in tables else ():
                keys.setdefault(table["model"], set()).add(key)
                files |= {value for value in row if isinstance(value, str)}
                gone[table["model"]] += 1
        if keys:
            chunk.row_count -= drop(content, keys)
            chunk.data = pack(content)
            chunk.save(update_fields=["data", "row_count"])
    return gone, files


def _meant(table: dict[str, Any], object_id: str) -> Iterator[tuple[Any, list[Any]]]:
    names = [attname for attname, _ in table["columns"]]
    for row in table["rows"]:
        key = stored_key(table, names, row)
        if key_text(key) == object_id:
            yield key, row

"""A person asks to be forgotten: their rows go from every record, the records stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import router, transaction

from freeze_alerts.sources.audit import chain, telling
from freeze_alerts.sources.audit.chunks import drop, pack, stored_key
from freeze_alerts.sources.audit.collecting import key_text
from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows, Deletion
from freeze_alerts.sources.audit.rows import unpack


@dataclass(frozen=True)
class Forgotten:
    records: int
    rows: int


def forget(model: str, object_id: str) -> Forgotten:
    """Take one object's row, its name and the names of its files out of every record, and seal those anew."""
    records = rows = 0
    for deletion in _naming(model):
        count = _forget_in(deletion, model, object_id)
        if count:
            records, rows = records + 1, rows + count
            chain.append(deletion, chain.FORGOTTEN)
    return Forgotten(records, rows)


def _naming(model: str) -> Iterator[Deletion]:
    """Every record with rows of this model in it."""
    for deletion in Deletion.objects.order_by("pk").iterator(chunk_size=200):
        if model in deletion.counts or model in deletion.roots:
            yield deletion


def _forget_in(deletion: Deletion, model: str, object_id: str) -> int:
    with transaction.atomic(using=router.db_for_write(Deletion)):
        roots = DeletedRoot.objects.filter(deletion=deletion, model=model, object_id=object_id)
        named = roots.exclude(repr="").update(repr="")
        rows, files = _forget_rows(deletion, model, object_id)
        if not rows and not named:
            return 0
        gone = Counter({model: rows}) if rows else Counter()
        deletion.counts = dict(Counter(deletion.counts) - gone)
        deletion.left_out = dict(Counter(deletion.left_out) + gone)
        deletion.row_count -= rows
        deletion.files = [name for name in deletion.files if name not in files]
        deletion.content_hash = chain.content_hash(deletion)
        deletion.save()
        telling.tell_changed(deletion)
    return rows or named


def _forget_rows(deletion: Deletion, model: str, object_id: str) -> tuple[int, set[str]]:
    count = 0
    files: set[str] = set()
    for chunk in DeletedRows.objects.filter(deletion=deletion).order_by("number").iterator(chunk_size=20):
        content = unpack(bytes(chunk.data))
        keys = set()
        for table in content["tables"]:
            for key, row in _meant(table, model, object_id):
                keys.add(key)
                files |= {value for value in row if isinstance(value, str)}
        if keys:
            dropped = drop(content, {model: keys})
            chunk.data, chunk.row_count = pack(content), chunk.row_count - dropped
            chunk.save(update_fields=["data", "row_count"])
            count += dropped
    return count, files


def _meant(table: dict[str, Any], model: str, object_id: str) -> Iterator[tuple[Any, list[Any]]]:
    names = [attname for attname, _ in table["columns"]]
    for row in table["rows"] if table["model"] == model else ():
        key = stored_key(table, names, row)
        if key_text(key) == object_id:
            yield key, row

"""Rows into chunks of 500 each, which ``packing`` lays out and ``rows`` reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db.models import Field, FileField, JSONField, Model

from freeze_alerts.sources.audit.masking import Rules, redact
from freeze_alerts.sources.audit.packing import pack, unpack
from freeze_alerts.sources.audit.rows import primary_key
from freeze_alerts.sources.audit.values import PLAIN, decode, encode

CHUNK_ROWS = 500
_NONE: frozenset[Any] = frozenset()
Keys = dict[str, set[Any]]
"""Primary keys by ``app.model``."""


@dataclass
class Chunk:
    data: bytes
    row_count: int
    keys: dict[str, list[Any]]


@dataclass
class Table:
    """What is kept of the rows of one model: worked out once, used for each row."""

    model: type[Model]
    label: str
    name: str
    fields: list[Field[Any, Any]]
    masked: list[str]
    content_types: list[str]
    keys_only: bool
    key: list[str]
    files: list[str] = field(default_factory=list)

    def heading(self) -> dict[str, Any]:
        return {
            "model": self.label, "table": self.name, "columns": [[each.attname, each.column] for each in self.fields],
            "key": self.key, "masked": self.masked, "content_types": self.content_types, "keys_only": self.keys_only,
        }  # fmt: skip

    def reader(self) -> Callable[[Model], list[Any]]:
        """What gives a row's values as JSON can hold them."""
        names = [each.attname for each in self.fields]
        if not names:
            return lambda _instance: []
        read = attrgetter(*names) if len(names) > 1 else lambda instance: (getattr(instance, names[0]),)
        redacts = [isinstance(each, JSONField) for each in self.fields]
        return partial(_read, read, self.fields, redacts if any(redacts) else None)


@lru_cache(maxsize=256)
def table_of(model: type[Model], rules: Rules, *, keys_only: bool = False) -> Table:
    concrete = model._meta.concrete_model or model
    opts = concrete._meta
    label = opts.label_lower
    columns = [each for each in opts.local_concrete_fields if each.column and not getattr(each, "generated", False)]
    hidden = [each for each in columns if rules.hides(label, each)]
    keys = key_fields(concrete)
    wanted = keys if keys_only else columns
    kept = [each for each in wanted if each not in hidden]
    return Table(
        model=concrete, label=label, name=opts.db_table, fields=kept, masked=[each.attname for each in hidden],
        content_types=[each.attname for each in kept if _is_content_type(each)], keys_only=keys_only,
        key=[each.attname for each in keys], files=[each.attname for each in kept if isinstance(each, FileField)],
    )  # fmt: skip


def key_fields(model: type[Model]) -> list[Field[Any, Any]]:
    """The columns of the primary key: several for a composite one."""
    return list(getattr(model._meta, "pk_fields", None) or [model._meta.pk])


class Packer:
    """Takes rows, gives chunks: only one chunk's rows are ever held."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self._tables: list[dict[str, Any]] = []
        self._content_types: dict[str, str] = {}
        self._keys: dict[str, list[Any]] = {}
        self._links: list[list[Any]] = []
        self._count = self._cut = 0

    def add(self, table: Table, instances: Sequence[Model]) -> None:
        read = table.reader()
        for start, end in self._portions(len(instances)):
            portion = instances[start:end]
            self._tables.append({**table.heading(), "rows": [read(each) for each in portion]})
            self._keys.setdefault(table.label, []).extend(each.pk for each in portion)
            self._count += end - start
            self._note_content_types(table, portion)
            if self._count >= CHUNK_ROWS:
                self._close()

    def add_link(self, model: str, attname: str, new: Any, pairs: Iterable[tuple[Any, Any]]) -> None:
        """The references of one column that were cut, as (pk, old value)."""
        encoded = [[encode(pk), encode(old)] for pk, old in pairs]
        for start in range(0, len(encoded), CHUNK_ROWS):
            part = encoded[start : start + CHUNK_ROWS]
            self._links.append([model, attname, encode(new), part])
            self._cut += len(part)
            if self._cut >= CHUNK_ROWS:
                self._close()

    def finish(self) -> list[Chunk]:
        """The chunks; there is always one, if an empty one, for the objects that were chosen to stand with."""
        if self._count or self._cut or not self.chunks:
            self._close()
        return self.chunks

    def _portions(self, count: int) -> Iterator[tuple[int, int]]:
        start = 0
        while start < count:
            end = min(count, start + CHUNK_ROWS - self._count)
            yield start, end
            start = end

    def _close(self) -> None:
        content = {"tables": self._tables, "content_types": self._content_types, "links": self._links}
        self.chunks.append(Chunk(pack(content), self._count, self._keys))
        self._tables, self._content_types, self._keys, self._links = [], {}, {}, []
        self._count = self._cut = 0

    def _note_content_types(self, table: Table, instances: Sequence[Model]) -> None:
        for attname in table.content_types:
            for number in {getattr(each, attname) for each in instances} - {None}:
                if (label := _content_type_label(number)) is not None:
                    self._content_types[str(number)] = label


def without(chunk: Chunk, dropped: Keys) -> Chunk:
    """The chunk without these rows."""
    if all(dropped.get(label, _NONE).isdisjoint(pks) for label, pks in chunk.keys.items()):
        return chunk
    content = unpack(chunk.data)
    count = chunk.row_count - drop(content, dropped)
    keys = {label: [pk for pk in pks if pk not in dropped.get(label, _NONE)] for label, pks in chunk.keys.items()}
    return Chunk(pack(content), count, keys)


def minus(keys: Keys, others: Keys) -> Keys:
    return {label: left for label, pks in keys.items() if (left := pks - others.get(label, _NONE))}


def common(keys: Keys, others: Keys) -> Keys:
    return {label: both for label, pks in keys.items() if (both := pks & others.get(label, _NONE))}


def joined(several: Iterable[Keys]) -> Keys:
    everything: Keys = {}
    for keys in several:
        for label, pks in keys.items():
            everything.setdefault(label, set()).update(pks)
    return everything


def drop(content: dict[str, Any], dropped: Keys) -> int:
    """Take rows out of an unpacked chunk; returns how many."""
    count = 0
    for table in content["tables"]:
        names = [attname for attname, _ in table["columns"]]
        gone = dropped.get(table["model"], _NONE)
        kept = [row for row in table["rows"] if stored_key(table, names, row) not in gone]
        count += len(table["rows"]) - len(kept)
        table["rows"] = kept
    content["tables"] = [table for table in content["tables"] if table["rows"]]
    return count


def stored_key(table: dict[str, Any], names: list[str], row: list[Any]) -> Any:
    """The primary key of a row as it stands in an unpacked chunk."""
    values = {name: decode(value) for name, value in zip(names, row, strict=True) if name in table["key"]}
    return primary_key(table["key"], values)


def _read(
    read: Callable[[Model], tuple[Any, ...]], fields: list[Field[Any, Any]], redacts: list[bool] | None, obj: Model
) -> list[Any]:
    values = read(obj)
    if redacts is not None:
        values = tuple(redact(each) if secret else each for each, secret in zip(values, redacts, strict=True))
    return [
        each if type(each) in PLAIN else encode(each, fields[position], obj) for position, each in enumerate(values)
    ]


def _is_content_type(column: Field[Any, Any]) -> bool:
    generic = [each for each in column.model._meta.private_fields if isinstance(each, GenericForeignKey)]
    return column.related_model is ContentType or column.name in {each.ct_field for each in generic}


def _content_type_label(number: Any) -> str | None:
    try:
        found = ContentType.objects.get_for_id(number)
    except (ContentType.DoesNotExist, TypeError, ValueError):
        return None
    return f"{found.app_label}.{found.model}"

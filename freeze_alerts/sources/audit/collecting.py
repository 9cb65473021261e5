"""What a delete will take along, gathered as Django's own delete gathers it, but with every column and row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.db.models import Field, Model, QuerySet
from django.db.models.deletion import Collector

from freeze_alerts import conf
from freeze_alerts.sources.audit.chunks import Chunk, Keys, Packer, Table, key_fields, table_of
from freeze_alerts.sources.audit.masking import MARK, Rules
from freeze_alerts.sources.audit.models import NAME_LENGTH
from freeze_alerts.sources.audit.who import clean

FILES_NAMED = 100
OURS = "freeze_alerts"
SESSION = "sessions.session"
LOG = "admin.logentry"
LEFT_OUT = frozenset({LOG, SESSION})
PRIVATE_NAMES = ("data", "field_updates", "collect", "add", "related_objects")
OVERRIDDEN = ("can_fast_delete", "_has_signal_listeners", "add")
_RELOADED_AT_ONCE = 500


class TooManyRows(conf.FreezeAlertsError):
    """More rows go than a record may hold."""


@dataclass
class Root:
    """An object somebody chose to delete, by the name it had."""

    model: str
    object_id: str
    repr: str
    pk: Any


@dataclass
class Snapshot:
    """The rows of one delete, packed."""

    chunks: list[Chunk] = field(default_factory=list)
    tables: Counter[str] = field(default_factory=Counter)
    """Rows by database table, to be held against what the database says it deleted."""
    counts: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    roots: list[Root] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    keys: Keys = field(default_factory=dict)
    complete: bool = True


class Gathering(Collector):
    """Django's own walk along the relations; nothing is deleted unseen, nothing is read in part.

    Raises ProtectedError and RestrictedError as Django does, and TooManyRows above ``limit``.
    """

    def __init__(self, using: str, origin: Any, limit: int) -> None:
        super().__init__(using=using, origin=origin)
        self.force_collection = True  # Django 6.1: also what the database itself would take along
        self._left = limit

    def can_fast_delete(self, objs: Any, from_field: Any = None) -> bool:
        return False

    def _has_signal_listeners(self, model: type[Model]) -> bool:
        return True

    def add(self, objs: Any, source: Any = None, nullable: bool = False, reverse_dependency: bool = False) -> Any:
        new = super().add(objs, source, nullable, reverse_dependency)
        self._left -= len(new)
        if self._left < 0:
            raise TooManyRows
        return new

    @property
    def is_as_django(self) -> bool:
        """Whether Django's own delete would find just the same a moment later, with the admin's log of it written.

        It leaves some of it to the database where that is told to, and takes the log of an account along.
        """
        if any(
            each.related_model._meta.label_lower == LOG for model in self.data for each in model._meta.related_objects
        ):
            return False
        keys = [each for model in self.data for each in model._meta.concrete_fields if each.remote_field]
        keys += [column for column, _ in self.field_updates]
        return not any(hasattr(getattr(each.remote_field, "on_delete", None), "forced_collector") for each in keys)

    def groups(self) -> Iterator[tuple[type[Model], list[Model]]]:
        for model, instances in self.data.items():
            if instances:
                yield model, _completed(model, list(instances), self.using)

    def cut(self) -> Iterator[tuple[Field[Any, Any], Any, Iterable[tuple[Any, Any]]]]:
        """The references that will be cut: their column, its new value, and (pk, old value) of each row."""
        for (column, value), batches in self.field_updates.items():
            new = value.pk if isinstance(value, Model) else value
            for objs in batches:
                yield column, new, _pairs(objs, column.attname)


class Snapshooter:
    """Packs what one or several gatherings found, each row once."""

    def __init__(self, rules: Rules, limit: int) -> None:
        self.snapshot = Snapshot()
        self._rules, self._limit = rules, limit
        self._packer = Packer()
        self._cut: dict[tuple[str, str], set[Any]] = {}
        self._tables: dict[tuple[type[Model], bool], Table] = {}
        self._secret: dict[type[Model], list[str]] = {}

    def add(self, instances: Sequence[Model], *, keys_only: bool = False) -> None:
        """Rows of one model. Those that are known already are passed over."""
        table = self._table(type(instances[0]), keys_only)
        known = self.snapshot.keys.setdefault(table.label, set())
        new = [each for each in instances if each.pk not in known] if known else instances
        known.update(each.pk for each in new)
        self.snapshot.tables[table.name] += len(new)
        if _is_left_out(table.label, self._rules):
            self.snapshot.left_out[table.label] += len(new)
            return
        self.snapshot.counts[table.label] += len(new)
        self._packer.add(table, new)
        self._name_files(table, new)

    def gather(self, collector: Gathering) -> None:
        for _, instances in collector.groups():
            self.add(instances)
        for column, new, pairs in collector.cut():
            model, attname = column.model._meta.label_lower, column.attname
            if self._hides(column):
                continue
            known = self._cut.setdefault((model, attname), set())  # each table of an object finds the same ones
            fresh = [(pk, old) for pk, old in islice(pairs, self._limit) if pk not in known]
            known.update(pk for pk, _ in fresh)
            self._packer.add_link(model, attname, new, fresh)

    def choose(self, instances: Iterable[Model]) -> None:
        """Remember these as the objects that were chosen."""
        for each in instances:
            table = self._table(type(each), False)
            hidden = not set(table.key).isdisjoint(table.masked)
            object_id = MARK if hidden else key_text(each.pk)
            is_nameless = hidden or table.label in self._rules.exclude
            name = "" if is_nameless else object_name(each, self._secrets(each))
            self.snapshot.roots.append(Root(table.label, clean(object_id)[:255], clean(name), each.pk))

    def finish(self) -> Snapshot:
        self.snapshot.chunks = self._packer.finish()
        return self.snapshot

    def _secrets(self, instance: Model) -> list[str]:
        """The values of an object that are not to be kept: its name may say one."""
        model = type(instance)
        if model not in self._secret:
            self._secret[model] = [each.attname for each in model._meta.concrete_fields if self._hides(each)]
        return [text for name in self._secret[model] if (text := str(instance.__dict__.get(name) or ""))]

    def _hides(self, column: Field[Any, Any]) -> bool:
        """Whether the values of a column, or the keys of its rows, are not kept."""
        columns = (column, *key_fields(column.model))
        return any(self._rules.hides(each.model._meta.label_lower, each) for each in columns)

    def _table(self, model: type[Model], keys_only: bool) -> Table:
        if (model, keys_only) not in self._tables:
            self._tables[model, keys_only] = table_of(model, self._rules, keys_only=keys_only)
        return self._tables[model, keys_only]

    def _name_files(self, table: Table, instances: Sequence[Model]) -> None:
        named = (str(getattr(each, name) or "") for name in table.files for each in instances)
        room = FILES_NAMED - len(self.snapshot.files)
        self.snapshot.files += list(islice(filter(None, named), room))


def key_text(pk: Any) -> str:
    """A primary key as one can type it."""
    return ",".join(map(str, pk)) if isinstance(pk, tuple) else str(pk)[:255]


def object_name(instance: Model, secrets: Iterable[str] = ()) -> str:
    """What the object calls itself, without these; what kind it is where it can't say."""
    try:
        name = str(instance)
    except Exception:  # noqa: BLE001 - somebody else's __str__, which must not stop their delete
        name = f"{instance._meta.verbose_name} object ({key_text(instance.pk)})"
    for each in secrets:
        name = name.replace(each, MARK)
    return name[:NAME_LENGTH]


def missing_private_names() -> list[str]:
    """What this Django's Collector no longer has of what we stand on."""
    there = {*dir(Collector), *vars(Collector(using="default", origin=None))}
    return sorted({*PRIVATE_NAMES, *OVERRIDDEN} - there)


def _is_left_out(label: str, rules: Rules) -> bool:
    return label in LEFT_OUT or label in rules.exclude or label.partition(".")[0] == OURS


def _completed(model: type[Model], instances: list[Model], using: str) -> list[Model]:
    """The instances with every column read: one that was deferred would cost a query a row."""
    columns = frozenset(each.attname for each in model._meta.concrete_fields)
    partial = [each.pk for each in instances if not columns <= each.__dict__.keys()]
    if not partial:
        return instances
    whole: list[Model] = [each for each in instances if columns <= each.__dict__.keys()]
    for start in range(0, len(partial), _RELOADED_AT_ONCE):
        portion = partial[start : start + _RELOADED_AT_ONCE]
        whole += model._base_manager.using(using).filter(pk__in=portion)
    return whole


def _pairs(objs: Any, attname: str) -> Iterable[tuple[Any, Any]]:
    if isinstance(objs, QuerySet) and objs._result_cache is None:
        return objs.values_list("pk", attname).iterator()
    return [(each.pk, getattr(each, attname)) for each in objs]

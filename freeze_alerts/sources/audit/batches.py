"""One delete on its way: from the first row that is about to go to the record of them all."""

from __future__ import annotations

import contextlib
import weakref
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from django.db import connections, models, router, transaction
from django.db.models import Model, ProtectedError, QuerySet, RestrictedError

from freeze_alerts import conf
from freeze_alerts.sources.audit.chunks import Keys, common, joined, minus, without
from freeze_alerts.sources.audit.collecting import Gathering, Snapshooter, Snapshot, TooManyRows
from freeze_alerts.sources.audit.masking import Rules
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.rows import find_model


class _Commit:
    """Called by the transaction when it is committed, and dropped by it when it is rolled back."""

    def __init__(self, batch: Batch) -> None:
        self._batch = batch

    def __call__(self) -> None:
        self._batch.committed = True


@dataclass(eq=False)
class Batch:
    """All that one call of ``delete()`` takes along. ``origin`` is what Django names as its cause."""

    using: str
    origin: Any
    rules: Rules
    told: Keys = field(default_factory=dict)
    """The rows whose going Django has announced."""
    keys_only: bool = False
    written: bool = False
    committed: bool = False
    _commit: Callable[[], _Commit | None] | None = None
    gathering: Gathering | None = None
    """All that was found to hang on one whole object, where Django's own delete would find the same."""
    gathered_after: int = 0
    """How many changes its scope had seen by then: after more of them Django might find something else."""
    snapshot: Snapshot = field(default_factory=Snapshot)
    limit: int = field(default_factory=lambda: int(conf.current().audit.snapshot_max_rows))
    _last: list[Model] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.shooter = Snapshooter(self.rules, self.limit)

    def announce(self, instance: Model) -> None:
        """A row is about to go. What no gathering has found is taken from what Django holds."""
        if self._commit is None:
            commit = _Commit(self)
            self._commit = weakref.ref(commit)
            transaction.on_commit(commit, using=self.using)
        label, pk = label_of(type(instance)), instance.pk
        self.told.setdefault(label, set()).add(pk)
        if self.origin is None:
            self._announce_orphan(instance)
        if pk not in self.shooter.snapshot.keys.get(label, ()):
            self.shooter.add(_whole([instance], self.using), keys_only=self.keys_only)

    def _announce_orphan(self, instance: Model) -> None:
        """Django names no cause: what is announced last is what the rest hangs on."""
        if self._last and type(self._last[0]) is not type(instance):
            self._last = []
        self._last.append(instance)
        known = self.shooter.snapshot.keys.get(label_of(type(instance)), set())
        if instance.pk not in known and not self.keys_only:
            gather(self, _whole([instance], self.using), named=False)

    def finish(self, before: Iterable[Batch]) -> Snapshot:
        """The rows that go, without those that others recorded in this transaction, and those that stay after all."""
        if self._last:
            self.shooter.choose(self._last)
        snapshot = self.shooter.finish()
        known = joined(batch.snapshot.keys for batch in before if batch.is_open)
        unannounced = minus(snapshot.keys, self.told)
        staying = {label: pks for label, pks in unannounced.items() if not _goes_unannounced(label, snapshot)}
        dropped = joined([common(snapshot.keys, known), staying])
        self.snapshot = _less(snapshot, dropped) if dropped else snapshot
        self.written = True
        return self.snapshot

    @property
    def is_open(self) -> bool:
        """Whether its transaction is still going on."""
        return not self.committed and self._commit is not None and self._commit() is not None

    @property
    def has_failed(self) -> bool:
        """Whether it was begun and rolled back: whoever kept its rows would keep what is still there."""
        return not self.committed and self._commit is not None and self._commit() is None


@cache
def label_of(model: type[Model]) -> str:
    """``app.model`` of the model whose table holds the row."""
    return (model._meta.concrete_model or model)._meta.label_lower


def take_turn(using: str, model: type[Model]) -> None:
    """SQLite lets nobody write who has read in the same transaction while others wrote: so ask for its lock first."""
    connection = connections[using]
    if connection.vendor == "sqlite" and connection.in_atomic_block:
        if router.db_for_write(Deletion) == using:
            model = Deletion  # which is there, and a table: the lock is the whole file's
        with connection.cursor() as cursor:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)} WHERE 0")  # noqa: S608


def database_of(origin: Any) -> str:
    """The database that an object, or a queryset, is deleted from, as Django chooses it."""
    if isinstance(origin, QuerySet):
        changing: Any = origin.all()
        changing._for_write = True
        return str(changing.db)
    return str(router.db_for_write(type(origin), instance=origin))


def begin(using: str, origin: Any, rules: Rules) -> Batch:
    """Gather all that this origin will take along: an instance, a queryset, or nothing that Django names."""
    batch = Batch(using, origin, rules)
    roots = chosen(origin, using, batch.limit)
    if roots:
        gather(batch, roots)
    return batch


def chosen(origin: Any, using: str, limit: int) -> list[Model]:
    """The objects an origin stands for, as the database has them; one more than the limit at the most."""
    if isinstance(origin, Model):
        return list(type(origin)._base_manager.using(using).filter(pk=origin.pk))
    if isinstance(origin, QuerySet):
        plain = origin.all().using(using).order_by().select_related(None).prefetch_related(None).defer(None)
        return list(plain[: limit + 1])
    return []


def at_hand(instance: Model, using: str, limit: int) -> list[Model]:
    """The object as it was just read from the database that deletes it; read again where only a part of it was."""
    if instance._state.db == using and not instance._state.adding and not instance.get_deferred_fields():
        return [instance]
    return chosen(instance, using, limit)


def gather(batch: Batch, roots: list[Model], *, named: bool = True) -> None:
    """Collect what hangs on the roots, and pack it; where that can't be, Django's announcements tell the rest."""
    with contextlib.suppress(ProtectedError, RestrictedError):  # Django itself has found a way
        collector = collect(batch, roots)
        if collector is not None:
            keep(batch, collector, roots if named else [])


def collect(batch: Batch, roots: list[Model]) -> Gathering | None:
    """All that hangs on the roots; None above the limit: then only keys are kept, as Django announces them.

    Raises ProtectedError and RestrictedError.
    """
    collector = Gathering(batch.using, batch.origin, batch.limit)
    try:
        collector.collect(roots)
    except TooManyRows:
        batch.keys_only = True
        batch.shooter.snapshot.complete = False
        batch.shooter.choose(roots)
        return None
    return collector


def keep(batch: Batch, collector: Gathering, roots: list[Model]) -> None:
    batch.shooter.gather(collector)
    batch.shooter.choose(roots)


def _whole(instances: list[Model], using: str) -> list[Model]:
    deferred = any(each.get_deferred_fields() for each in instances)
    if not deferred:
        return instances
    model = type(instances[0])
    return list(model._base_manager.using(using).filter(pk__in=[each.pk for each in instances])) or instances


def _goes_unannounced(label: str, snapshot: Snapshot, asking: frozenset[str] = frozenset()) -> bool:
    """Django announces neither rows of through tables it made itself, nor what the database takes along."""
    model = find_model(label)
    if model is None or model._meta.auto_created:
        return True
    keys = [each for each in model._meta.concrete_fields if isinstance(each, models.ForeignKey)]
    if any(hasattr(each.remote_field.on_delete, "forced_collector") for each in keys):
        return True
    above = {each.related_model._meta.label_lower for each in keys if each.remote_field.on_delete is models.CASCADE}
    above &= snapshot.counts.keys() - asking - {each._meta.label_lower for each in model._meta.parents}
    return any(_goes_unannounced(each, snapshot, asking | {label}) for each in above)


def _less(snapshot: Snapshot, dropped: Keys) -> Snapshot:
    chunks = [without(chunk, dropped) for chunk in snapshot.chunks]
    gone = Counter({label: len(pks) for label, pks in dropped.items()})
    tables = Counter({model._meta.db_table: count for label, count in gone.items() if (model := find_model(label))})
    roots = [root for root in snapshot.roots if root.pk not in dropped.get(root.model, ())]
    return Snapshot(
        chunks=chunks, tables=snapshot.tables - tables, counts=snapshot.counts - gone,
        left_out=snapshot.left_out - gone, roots=roots,
        files=snapshot.files, keys=minus(snapshot.keys, dropped), complete=snapshot.complete,
    )  # fmt: skip

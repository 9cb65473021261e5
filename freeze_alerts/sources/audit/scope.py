"""While a scope is open, every delete in its thread is captured; outside of one nothing of ours listens."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID, uuid4

from django.db import connections, transaction
from django.db.models import Model
from django.db.models.signals import post_delete, pre_delete
from django.dispatch import Signal

from freeze_alerts.sources.audit import batches, masking, recording, statements
from freeze_alerts.sources.audit.batches import Batch
from freeze_alerts.sources.audit.collecting import SESSION, Gathering, Snapshot
from freeze_alerts.sources.audit.masking import Rules
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.sql import Link
from freeze_alerts.sources.audit.statements import Delete
from freeze_alerts.sources.audit.who import Where, Who, clean

logger = logging.getLogger("freeze_alerts")

_UID = "freeze_alerts.audit"
_current: ContextVar[Scope | None] = ContextVar("freeze_alerts_audit_scope", default=None)
_lock = threading.Lock()
_open_scopes = 0
_hears_the_end = False


@dataclass
class Scope:
    """One request, or one ``with audited_deletes()``: what it deletes is one record a database."""

    find_who: Callable[[], Who]
    find_where: Callable[[], Where]
    find_rules: Callable[[], Rules]
    reason: str = ""
    asked: Counter[str] = field(default_factory=Counter)
    batches: list[Batch] = field(default_factory=list)
    recorded: list[Deletion] = field(default_factory=list)
    """The records written to, as they stood then; one may have been rolled back since."""
    writes: Counter[str] = field(default_factory=Counter)
    """How often each database's record was written to."""
    gone: dict[str, Counter[str]] = field(default_factory=dict)
    kept: dict[str, Counter[str]] = field(default_factory=dict)
    """Rows by table that the database says are gone, and those that were recorded; both committed."""
    emptied: set[tuple[str, str]] = field(default_factory=set)
    """Tables that were truncated: the database doesn't say how many rows they held."""
    changes: int = 0
    """Statements that may have changed what hangs on an object."""
    chain_end: Link | None = None
    """The newest link of the chain, where it was seen while the record was written."""
    is_paused: bool = False
    _told: tuple[Who, Where] | None = None

    @cached_property
    def uid(self) -> UUID:
        return uuid4()

    @cached_property
    def rules(self) -> Rules:
        return self.find_rules()

    def told(self) -> tuple[Who, Where]:
        """Who and where, asked once, before the first row goes: it may be the person's own account."""
        if self._told is None:
            self._told = self.find_who(), self.find_where()
        return self._told

    def prepare(self, batch: Batch, gathering: Gathering | None) -> None:
        self.told()
        batch.gathering, batch.gathered_after = gathering, self.changes
        self.batches.append(batch)

    def batch_of(self, origin: Any, using: str, instance: Model) -> Batch:
        """The delete this row belongs to: a new one where its origin is new, or had its turn before."""
        for batch in reversed(self.batches):
            if batch.origin is origin and batch.using == using and not batch.written and not batch.has_failed:
                return batch
        batches.take_turn(using, type(instance))
        self.told()
        batch = batches.begin(using, origin, self.rules)
        self.batches.append(batch)
        return batch

    def gathering_of(self, obj: Model) -> Gathering | None:
        """What was gathered for this very object, if its turn is now and nothing was changed since."""
        found = next((each for each in reversed(self.batches) if each.origin is obj), None)
        is_fresh = found is not None and not found.written and found.gathered_after == self.changes
        return found.gathering if found is not None and is_fresh else None

    def written_on(self, using: str) -> list[Batch]:
        return [batch for batch in self.batches if batch.written and batch.using == using]


def current() -> Scope | None:
    return _current.get()


@contextmanager
def opened(make: Callable[[], Scope]) -> Iterator[Scope]:
    """Open a scope, or take part in the one that is open. Costs no query."""
    outer = _current.get()
    if outer is not None:
        yield outer
        return
    scope = make()
    watched = [(connection, _Counter(scope, connection.alias)) for connection in connections.all()]
    _current.set(scope)
    _listen()
    try:
        for connection, counter in watched:
            connection.execute_wrappers.append(counter)
        yield scope
    finally:
        for connection, counter in watched:
            connection.execute_wrappers.remove(counter)
        _leave()
        _current.set(None)  # by its value: an async view is left in another context than it was entered in
        _settle(scope)


@contextmanager
def audited_deletes(
    actor: str, *, reason: str = "", mask: Iterable[str] = (), keep: Iterable[str] = (), exclude: Iterable[str] = ()
) -> Iterator[Scope]:
    """Record what is deleted within, outside the admin: ``with audited_deletes(actor="cron:purge", reason="…")``.

    Works as a decorator too. Within a request of an audited admin it adds its reason to the request's record.
    Raises RecordNotWritten where the record can't be written: then nothing was deleted.
    """
    who = Who(actor=clean(actor)[:255])
    with opened(lambda: Scope(lambda: who, Where, lambda: masking.rules(mask, keep, exclude))) as scope:
        scope.reason = scope.reason or reason
        yield scope


@contextmanager
def paused() -> Iterator[None]:
    """What is deleted within is not captured."""
    scope = _current.get()
    if scope is None:
        yield
        return
    before, scope.is_paused = scope.is_paused, True
    try:
        yield
    finally:
        scope.is_paused = before


def on_pre_delete(*, instance: Model, using: str, origin: Any = None, **_: Any) -> None:
    scope = _current.get()
    if scope is None or scope.is_paused:
        return
    _listen_on()
    with recording.or_refused():
        scope.batch_of(origin, using, instance).announce(instance)


def on_post_delete(*, using: str, origin: Any = None, **_: Any) -> None:
    """The first row is gone: all have been announced, and we stand in the transaction that deletes them."""
    scope = _current.get()
    if scope is None or scope.is_paused:
        return
    for batch in reversed(scope.batches):
        if batch.origin is origin and batch.using == using:
            if not batch.written:
                with recording.or_refused():
                    _write(scope, batch)
            return


def _write(scope: Scope, batch: Batch) -> None:
    snapshot = batch.finish(scope.written_on(batch.using))
    if not snapshot.counts and (not snapshot.left_out or _is_renewal(scope, snapshot)):
        return
    recording.record(scope, batch.using, snapshot)
    tables = {statements.table_name(name, batch.using): count for name, count in snapshot.tables.items()}

    def committed() -> None:
        scope.kept.setdefault(batch.using, Counter()).update(tables)

    transaction.on_commit(committed, using=batch.using)


def _is_renewal(scope: Scope, snapshot: Snapshot) -> bool:
    """Whether a session went that nobody chose: whoever changes their own password is given a new one."""
    return snapshot.left_out == {SESSION: 1} and not scope.asked[SESSION]


def _settle(scope: Scope) -> None:
    """What is left to do once all is committed; at once where nothing is open."""
    for using in {*scope.writes, *scope.gone}:

        def settle(using: str = using) -> None:
            recording.settle(scope, using)

        try:
            transaction.on_commit(settle, using=using, robust=True)
        except Exception:  # the delete stands; what is left is the tail of its record
            logger.exception("the record of a delete on %s could not be completed", using)


class _Counter:
    """Counts what SQL deletes, whoever wrote it, as soon as that is committed."""

    def __init__(self, scope: Scope, using: str) -> None:
        self._scope, self._using = scope, using

    def __call__(self, execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        self._scope.changes += statements.may_change(sql)
        deleted = statements.read(sql, context["cursor"])
        if deleted is not None:
            self._note(deleted, context["cursor"].rowcount)
        return result

    def _note(self, deleted: Delete, rows: int) -> None:
        if self._scope.is_paused or (rows == 0 and not deleted.is_truncate):
            return
        gone = self._scope.gone.setdefault(self._using, Counter())

        def committed() -> None:
            gone[deleted.table] += max(rows, 0)
            if deleted.is_truncate:
                self._scope.emptied.add((self._using, deleted.table))

        connection = connections[self._using]
        if connection.in_atomic_block:
            connection.on_commit(committed)
        else:
            committed()


def _listen() -> None:
    global _open_scopes  # noqa: PLW0603 - signals are the process's own, and so is the count of who listens
    with _lock:
        _open_scopes += 1
        if _open_scopes == 1:
            _connect(pre_delete, on_pre_delete)


def _listen_on() -> None:
    """Something goes: now what comes after it is of interest, too. Till then a page does without half of the work."""
    global _hears_the_end  # noqa: PLW0603
    if not _hears_the_end:
        with _lock:
            _connect(post_delete, on_post_delete)
            _hears_the_end = True


def _leave() -> None:
    global _open_scopes, _hears_the_end  # noqa: PLW0603
    with _lock:
        _open_scopes -= 1
        if _open_scopes == 0:
            Signal.disconnect(pre_delete, dispatch_uid=_UID)
            if _hears_the_end:
                Signal.disconnect(post_delete, dispatch_uid=_UID)
                _hears_the_end = False


def _connect(signal: Signal, receiver: Callable[..., None]) -> None:
    """Without the patience for models yet to be loaded, which costs more than all the rest."""
    Signal.connect(signal, receiver, dispatch_uid=_UID, weak=False)

"""Writes the record into the transaction that deletes, and tells of it there."""

from __future__ import annotations

import logging
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.core.cache import caches
from django.core.cache.backends.db import BaseDatabaseCache
from django.db import router, transaction

from freeze_alerts import conf
from freeze_alerts.insert import insert, insert_rows
from freeze_alerts.sources.audit import chain, telling
from freeze_alerts.sources.audit.collecting import OURS, Root, Snapshot
from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows, Deletion
from freeze_alerts.sources.audit.statements import table_name
from freeze_alerts.sources.audit.who import clean, columns

if TYPE_CHECKING:
    from freeze_alerts.sources.audit.scope import Scope

logger = logging.getLogger("freeze_alerts")

_ROOTS_AT_ONCE = 1000
_CHUNKS_AT_ONCE = 50


class RecordNotWritten(conf.FreezeAlertsError):
    """Nothing was deleted, because the record of it could not be written."""


@contextmanager
def or_refused() -> Iterator[None]:
    """Whatever fails within, fails the delete: none happens that isn't recorded."""
    try:
        yield
    except RecordNotWritten:
        raise
    except Exception as error:
        logger.exception("a delete was refused, because its record could not be written")
        raise RecordNotWritten from error


def record(scope: Scope, using: str, snapshot: Snapshot) -> None:
    """Add what one delete took along to the record of its scope; the first time, tell of it too.

    Where the delete is on another database than the records, each delete is a record of its own that counts only
    once the other database has committed.
    """
    ours = router.db_for_write(Deletion)
    if using != ours:
        _record_elsewhere(scope, using, ours, snapshot)
        return
    with _together(ours):
        deletion = _standing_record(scope, using)
        is_new, is_first = deletion is None, not scope.writes[using]
        deletion = deletion or _new_record(scope, using)
        _count(deletion, snapshot)
        if is_new:
            scope.chain_end = telling.join_burst(deletion)
        roots = _fill(deletion, snapshot, is_new=is_new)
        scope.recorded.append(deletion)
        scope.writes[using] += 1
        if is_new:
            telling.tell(deletion, roots, is_first=is_first)
        _seal(scope, deletion, ours, within=True)


def standing(scope: Scope) -> list[Deletion]:
    """The records of a scope, without those that were rolled back since."""
    if not scope.recorded or any(_is_sure(scope, using) for using in scope.writes):
        return list(scope.recorded)
    ours = router.db_for_write(Deletion)
    if transaction.get_connection(ours).needs_rollback:
        return []
    pks = {each.pk for each in scope.recorded}
    return list(Deletion.objects.using(ours).filter(pk__in=pks).order_by("pk"))


def _is_sure(scope: Scope, using: str) -> bool:
    """Whether the one record there is was written once, and committed: it stands in the database as it is here."""
    written = scope.writes[using] == 1 and len(scope.recorded) == 1
    return written and all(batch.committed for batch in scope.written_on(using))


def settle(scope: Scope, using: str) -> None:
    """After the commit: note what SQL deleted past us, bring the card up to date, seal the record."""
    ours = router.db_for_write(Deletion)
    try:
        deletion = scope.recorded[0] if _is_sure(scope, using) else _standing_record(scope, using)
        surplus = unaccounted(scope, using)
        if surplus:
            elsewhere = {} if using == ours else {"uid": uuid.uuid4()}
            deletion = deletion or _new_record(scope, using, **elsewhere)
            deletion.without_snapshot = surplus
            with transaction.atomic(using=ours):
                deletion.save()
                telling.tell(deletion)
                _seal(scope, deletion, ours, within=True)
        elif deletion is not None and scope.writes[using] > 1:
            telling.tell(deletion)
        if deletion is not None:
            _seal(scope, deletion, ours, within=False)
    except Exception:  # the rows are gone and recorded: nobody's request may fail for the rest
        logger.exception("the record of a delete on %s could not be completed", using)


def unaccounted(scope: Scope, using: str) -> dict[str, int | None]:
    """Rows by table that SQL deleted and nobody recorded; None for a table that was emptied at once."""
    gone, kept = scope.gone.get(using, Counter()), scope.kept.get(using, Counter())
    surplus: dict[str, int | None] = dict(gone - kept)
    surplus |= {table: None for alias, table in scope.emptied if alias == using}
    silent = _silent_tables(using) if surplus else set()
    return {table: rows for table, rows in sorted(surplus.items()) if table not in silent}


def _silent_tables(using: str) -> set[str]:
    """Through tables (an edited form changes them), sessions, caches, and our own."""
    names = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.auto_created or model._meta.app_label in (OURS, "sessions")
    }
    kept = (each for each in caches.all(initialized_only=True) if isinstance(each, BaseDatabaseCache))
    names |= {str(getattr(each, "_table", "")) for each in kept} - {""}
    return {table_name(each, using) for each in names}


def _record_elsewhere(scope: Scope, using: str, ours: str, snapshot: Snapshot) -> None:
    deletion = _new_record(scope, using, uid=uuid.uuid4(), confirmed=False)
    _count(deletion, snapshot)
    telling.join_burst(deletion)
    with transaction.atomic(using=ours):
        _fill(deletion, snapshot, is_new=True)
    scope.recorded.append(deletion)

    def confirm() -> None:
        try:
            deletion.confirmed = True
            with transaction.atomic(using=ours):
                deletion.save(update_fields=["confirmed"])
                telling.tell(deletion)
                _seal(scope, deletion, ours, within=True)
            _seal(scope, deletion, ours, within=False)
        except Exception:  # the delete is done on the other database: nobody's request may fail for the rest
            logger.exception("the record %s could not be confirmed", deletion)

    transaction.on_commit(confirm, using=using, robust=True)


def _seal(scope: Scope, deletion: Deletion, ours: str, *, within: bool) -> None:
    """Called within the transaction that writes a record, and again after its commit: one of them is the time."""
    if chain.is_sealed_within(ours) is within or (within and chain.is_sealed_early(deletion)):
        chain.seal(deletion, scope.chain_end)
        scope.chain_end = None


def _together(ours: str) -> AbstractContextManager[object]:
    """All of a record or nothing; within the deleting transaction that is so already."""
    return nullcontext() if transaction.get_connection(ours).in_atomic_block else transaction.atomic(using=ours)


def _standing_record(scope: Scope, using: str) -> Deletion | None:
    """The record as the database has it: what was written in a savepoint may be gone again."""
    if not scope.writes[using]:
        return None
    return Deletion.objects.using(router.db_for_write(Deletion)).filter(uid=scope.uid).first()


def _new_record(scope: Scope, using: str, **given: object) -> Deletion:
    who, where = scope.told()
    told = {"uid": scope.uid, "card": scope.uid, **columns(who), **columns(where), **given}
    return Deletion(database=using, reason=clean(scope.reason)[:255], asked=dict(scope.asked), **told)


def _fill(deletion: Deletion, snapshot: Snapshot, *, is_new: bool) -> list[Root]:
    ours = router.db_for_write(Deletion)
    first = deletion.chunks + 1
    named = _placed(snapshot, first)
    for number, chunk in enumerate(snapshot.chunks, first):
        deletion.content_hash = chain.roll(deletion.content_hash, number, chunk.data, named.get(number, ()))
    deletion.chunks += len(snapshot.chunks)
    if is_new:
        insert(deletion, ours)
    else:
        deletion.save(using=ours, force_update=True)
    chunks = enumerate(snapshot.chunks, first)
    rows = [(deletion.pk, number, chunk.row_count, chunk.data) for number, chunk in chunks]
    insert_rows(DeletedRows, rows, ours, at_once=_CHUNKS_AT_ONCE)
    roots = [
        (deletion.pk, each.model, each.object_id, each.repr, number)
        for number in sorted(named)
        for each in named[number]
    ]
    insert_rows(DeletedRoot, roots, ours, at_once=_ROOTS_AT_ONCE)
    return snapshot.roots


def _count(deletion: Deletion, snapshot: Snapshot) -> None:
    chosen = Counter(root.model for root in snapshot.roots)
    deletion.model = deletion.model or (snapshot.roots[0].model if snapshot.roots else "")
    deletion.root_count += len(snapshot.roots)
    deletion.row_count += sum(snapshot.counts.values())
    deletion.roots = _summed(deletion.roots, chosen)
    deletion.counts = _summed(deletion.counts, snapshot.counts)
    deletion.left_out = _summed(deletion.left_out, snapshot.left_out)
    deletion.files = [*deletion.files, *map(clean, snapshot.files)][:100]
    deletion.complete = deletion.complete and snapshot.complete


def _summed(counted: dict[str, int], more: Counter[str]) -> dict[str, int]:
    return dict(sorted((Counter(counted) + more).items()))


def _placed(snapshot: Snapshot, first: int) -> dict[int, list[Root]]:
    """The roots by the number of the chunk that holds their row; one that has none stands with the first."""
    number_of: dict[str, dict[Any, int]] = {root.model: {} for root in snapshot.roots}
    for number, chunk in enumerate(snapshot.chunks, first):
        for label in number_of.keys() & chunk.keys.keys():
            number_of[label].update(dict.fromkeys(chunk.keys[label], number))
    placed: dict[int, list[Root]] = {}
    for root in snapshot.roots:
        placed.setdefault(number_of[root.model].get(root.pk, first), []).append(root)
    return placed

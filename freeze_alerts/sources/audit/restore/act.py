"""Putting back what was deleted: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DatabaseError, connections, router, transaction
from django.db.models import F
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.sources.audit import chain
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.restore import links, write
from freeze_alerts.sources.audit.restore.look import Look, look
from freeze_alerts.sources.audit.restore.remarks import Kind, Remark, counted

_WOULD_NOT_TAKE = (DatabaseError, ValidationError, ValueError, TypeError, ArithmeticError)


@dataclass(frozen=True)
class Person:
    """Who puts it back; ``number`` is the key of the user, where it is one."""

    name: str
    number: str = ""


@dataclass(frozen=True)
class Restored:
    look: Look
    rows: int
    ties: int


class Blocked(conf.FreezeAlertsError):
    """Something is in the way: nothing was put back."""

    def __init__(self, seen: Look) -> None:
        super().__init__("; ".join(each.sentence for each in seen.conflicts[:3]))
        self.look = seen


def restore(
    deletion: Deletion, *, by: Person, only: str = "", fill: Mapping[str, str] = MappingProxyType({}),
    via: str = "code", trial: bool = False,
) -> Restored:  # fmt: skip
    """Put back what a record holds, or of that one object (``app.Model:key``) with what belonged to it.

    Keys, times and every column are as they were; no ``save()`` is called and no signal of the models is sent.
    ``fill`` is what stands in for values that were not kept, or for new columns, by ``app.model.field``.
    A ``trial`` writes all of it, and takes it back before the commit. Raises Blocked, with everything that is in
    the way, and Deletion.DoesNotExist where the record itself is gone.
    """
    refused: Exception
    try:
        return _restore(deletion, by, lambda locked: look(locked, only, fill, lock=True), via, trial=trial)
    except _WOULD_NOT_TAKE as error:
        refused = error
    seen = look(Deletion.objects.get(pk=deletion.pk), only, fill)
    if not seen.conflicts:
        first_line = str(refused).strip().partition("\n")[0]
        seen.remarks.append(Remark(Kind.REFUSED, f"the database would not take it: {first_line}"))
    raise Blocked(seen) from refused


def _restore(
    deletion: Deletion, by: Person, look_at: Callable[[Deletion], Look], via: str, *, trial: bool
) -> Restored:
    records = router.db_for_write(Deletion)
    database = deletion.database if deletion.database in connections else records  # the look says so
    with transaction.atomic(using=records), transaction.atomic(using=database):
        locked = _locked(deletion.pk, records)
        seen = look_at(locked)
        if seen.conflicts:
            raise Blocked(seen)
        done = _write(seen, database, trial=trial)
        if trial:
            transaction.set_rollback(True, using=database)
            transaction.set_rollback(True, using=records)
        else:
            _record(locked, done, by, via, records)
    return done


def _locked(pk: Any, using: str) -> Deletion:
    """The record, which nobody else puts back meanwhile. A write first: SQLite can't wait for its lock later on."""
    record = Deletion.objects.using(using).filter(pk=pk)
    record.update(restored_by=F("restored_by"))
    return record.select_for_update().get()


def _write(seen: Look, database: str, *, trial: bool) -> Restored:
    connection = connections[database]
    with connection.constraint_checks_disabled():
        for table in seen.tables:
            write.insert(table, database)
        tied = links.tie_all(seen.ties, database)
    if connection.vendor == "postgresql":  # elsewhere every parent was looked for in this transaction, by the look
        connection.check_constraints()
    if not trial:
        for table in seen.tables:
            write.move_sequence(table, database)
    return Restored(seen, seen.row_count, tied)


def _record(deletion: Deletion, done: Restored, by: Person, via: str, using: str) -> None:
    now = timezone.now()
    told = {"at": now.isoformat(), "by": by.name, "by_id": by.number, "only": done.look.only, "rows": done.rows,
            "via": via}  # fmt: skip
    deletion.restorations = [*deletion.restorations, told]
    if done.look.is_all:
        deletion.restored_at, deletion.restored_by = now, by.name[:255]
    deletion.save(using=using, update_fields=["restorations", "restored_at", "restored_by"])
    _tell(deletion, done, by, using)
    chain.append(deletion, "restored")


def _tell(deletion: Deletion, done: Restored, by: Person, using: str) -> None:
    """One card may speak for a burst of deletes: it turns green with the last of them."""
    others = Deletion.objects.using(using).filter(card=deletion.card, confirmed=True).exclude(pk=deletion.pk)
    left = others.filter(restored_at=None).count()
    what = f"{done.look.only} and what belonged to it" if done.look.only else f"deletion {deletion.pk}"
    signals.deletion_restored.send_robust(
        Deletion, card=str(deletion.card), by=by.name, everything=done.look.is_all and not left,
        text=f"{by.name} has put back {what}: {counted(done.rows, 'row')}.",
    )  # fmt: skip

"""The table of backups: written when one is told of, and rebuilt from the manifests whenever it is behind them.

A database that is away, or not migrated yet, costs the row and nothing else: the manifests know it all.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, IntegrityError, router, transaction
from django.utils import timezone

from freeze_alerts.sources.backups.manifest import Directory, Manifest
from freeze_alerts.sources.backups.models import OURS, BackupRun

logger = logging.getLogger(__name__)

REMEMBERED_FOR = timedelta(days=400)
_TROUBLE = (Error, ImproperlyConfigured, OSError)
_AT_ONCE = 500
_NAMESPACE = uuid.UUID("5a4df0a1-6c53-4ba2-9f0e-8f3e5dc7b7a1")

_Answer = TypeVar("_Answer")


def number(name: str) -> uuid.UUID:
    """The row of one of our backups, whoever writes it first; a new row where it has no name."""
    return uuid.uuid5(_NAMESPACE, name) if name else uuid.uuid4()


def remember(row: uuid.UUID, **columns: Any) -> None:
    """Write what became of a run. Never raises for a trouble of the database."""
    attempt("remember a backup", lambda: _write(row, columns))


def agree_with(found: Directory) -> int:
    """Bring the table in line with the manifests of a directory; returns how many rows were changed.

    After a restore the rows of later backups are missing, and those of deleted ones stand as if they were there.
    """
    return attempt("rebuild the table of backups", lambda: _agree_with(found)) or 0


def forget() -> None:
    """Delete rows that are over a year old, and of no backup that is still there."""
    ended = BackupRun.objects.filter(at__lt=timezone.now() - REMEMBERED_FOR)
    attempt("forget old backups", ended.exclude(state=BackupRun.State.COMPLETE, deleted_at=None).delete)


def attempt(aim: str, ask: Callable[[], _Answer]) -> _Answer | None:
    """What was asked of the database, or None where it failed, which spoils no transaction around it."""
    using = router.db_for_write(BackupRun)
    try:
        in_transaction = transaction.get_connection(using).in_atomic_block
        with transaction.atomic(using=using) if in_transaction else nullcontext():
            return ask()
    except _TROUBLE as problem:
        logger.warning("could not %s: %s: %s", aim, type(problem).__name__, problem)
        return None


def stored(moment: datetime) -> datetime:
    """A moment as the database takes it: without its zone where the project has none."""
    if settings.USE_TZ:
        return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    return moment if timezone.is_naive(moment) else timezone.make_naive(moment)


def _write(row: uuid.UUID, columns: dict[str, Any]) -> None:
    same = BackupRun.objects.filter(pk=row)
    if same.update(**columns):
        return
    try:
        with transaction.atomic(using=router.db_for_write(BackupRun)):
            BackupRun(pk=row, **columns).save(force_insert=True)
    except IntegrityError:  # somebody else was quicker
        same.update(**columns)


def _agree_with(found: Directory) -> int:
    wanted = {number(each.name): each for each in found.backups}
    ours = BackupRun.objects.filter(made_by=OURS)
    known = {row.pk: row for row in ours.filter(pk__in=wanted).only("verified_at", "deleted_at")}
    new = [BackupRun(pk=row, **columns(each)) for row, each in wanted.items() if row not in known]
    BackupRun.objects.bulk_create(new, batch_size=_AT_ONCE, ignore_conflicts=True)
    behind = [row for row, each in known.items() if each.deleted_at or each.verified_at != _verified_at(wanted[row])]
    for row in behind:
        ours.filter(pk=row).update(verified_at=_verified_at(wanted[row]), deleted_at=None)
    standing = ours.filter(state=BackupRun.State.COMPLETE, deleted_at=None)
    gone = [row for row in standing.values_list("pk", flat=True) if row not in wanted]
    return len(new) + len(behind) + _mark_gone(gone)


def _mark_gone(gone: list[uuid.UUID]) -> int:
    slices = [gone[start : start + _AT_ONCE] for start in range(0, len(gone), _AT_ONCE)]
    return sum(BackupRun.objects.filter(pk__in=each).update(deleted_at=timezone.now()) for each in slices)


def columns(manifest: Manifest) -> dict[str, Any]:
    """What the table keeps of a manifest."""
    return {
        "database": manifest.database,
        "state": BackupRun.State.COMPLETE,
        "made_by": OURS,
        "name": manifest.name,
        "at": stored(manifest.snapshot_at),
        "seconds": manifest.duration.total_seconds(),
        "size_bytes": manifest.stored_bytes,
        "verified_at": _verified_at(manifest),
        "host": manifest.host,
        "task_id": manifest.task_id,
    }


def _verified_at(manifest: Manifest) -> datetime | None:
    return manifest.verified_at and stored(manifest.verified_at)

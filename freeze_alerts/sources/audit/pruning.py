"""Old records go, a sealed gap stays."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import router, transaction
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.sources.audit import chain
from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows, Deletion

_AT_ONCE = 200


def prune(*, dry_run: bool = False) -> int:
    """Delete the records older than AUDIT.KEEP_DAYS, and sign for the gap; returns how many."""
    oldest_kept = timezone.now() - timedelta(days=conf.current().audit.keep_days)
    old = Deletion.objects.filter(at__lt=oldest_kept).order_by("pk")
    if dry_run:
        return old.count()
    count = 0
    while pks := list(old.values_list("pk", flat=True)[:_AT_ONCE]):
        with transaction.atomic(using=router.db_for_write(Deletion)):
            for model, column in ((DeletedRoot, "deletion"), (DeletedRows, "deletion"), (Deletion, "pk")):
                model._base_manager.filter(**{f"{column}__in": pks}).delete()
            chain.append_gap(ranges(pks))
        count += len(pks)
    return count


def ranges(pks: Iterable[int]) -> str:
    """``1-3 7``"""
    spans: list[list[int]] = []
    for pk in sorted(pks):
        if spans and pk == spans[-1][1] + 1:
            spans[-1][1] = pk
        else:
            spans.append([pk, pk])
    return " ".join(f"{first}-{last}" if last > first else str(first) for first, last in spans)


def numbers(note: str) -> set[int]:
    """What :func:`ranges` was given."""
    found: set[int] = set()
    for span in note.split():
        first, _, last = span.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found

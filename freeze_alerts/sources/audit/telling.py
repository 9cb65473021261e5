"""What is said of a record: in words, and to whoever listens."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import router
from django.db.models import QuerySet
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.sources.audit import sql, words
from freeze_alerts.sources.audit.chain import Named
from freeze_alerts.sources.audit.models import DeletedRoot, Deletion

BURST = timedelta(minutes=1)
NAMED = 5


def join_burst(deletion: Deletion) -> sql.Link | None:
    """A single object, deleted within a minute of another by the same person, goes on the first one's card.

    Returns the chain's end where that was seen by the way.
    """
    if deletion.root_count != 1 or not deletion.actor:
        return None
    first, newest = sql.first_of_burst(deletion, timezone.now() - BURST, router.db_for_write(Deletion))
    if first is not None:
        deletion.card = first
    return newest


def tell(deletion: Deletion, roots: Sequence[Named] | None = None, *, is_first: bool = False) -> None:
    """Send the signal, in the deleting transaction: one card speaks for the whole burst.

    ``roots`` are those of this deletion where they are at hand; ``is_first`` says that its uid was never told of.
    """
    alone = deletion.card == deletion.uid
    together = [deletion] if alone else list(_on_card(deletion))
    if not alone or roots is None:
        roots = _roots(together)
    signals.rows_deleted.send_robust(
        sender=Deletion, deletion_id=deletion.pk, rows=sum(each.row_count for each in together),
        is_loud=is_loud(together), is_first=is_first and alone, **_said(together, roots),
    )  # fmt: skip


def tell_changed(deletion: Deletion) -> None:
    """The record says less than it did: its card must not say more."""
    together = list(_on_card(deletion))
    signals.deletion_forgotten.send_robust(sender=Deletion, **_said(together, _roots(together)))


def _said(together: Sequence[Deletion], roots: Sequence[Named]) -> dict[str, Any]:
    return {
        "card": str(together[0].card), "title": words.title(together), "text": words.text(together),
        "fields": words.fields(together, _names(roots)),
    }  # fmt: skip


def is_loud(together: Sequence[Deletion]) -> bool:
    """Whether so much is gone, or something so dear, that somebody should hear of it."""
    audit = conf.current().audit
    protected = {label.lower() for label in audit.protected_models}
    rows = sum(each.row_count + _unseen_rows(each) for each in together)
    labels = {label for each in together for label in (*each.counts, *each.left_out)}
    return rows > audit.loud_above_rows or not labels.isdisjoint(protected) or _was_emptied(together)


def _unseen_rows(deletion: Deletion) -> int:
    return sum(rows or 0 for rows in deletion.without_snapshot.values())


def _was_emptied(together: Sequence[Deletion]) -> bool:
    return any(rows is None for each in together for rows in each.without_snapshot.values())


def _roots(together: Sequence[Deletion]) -> Sequence[Named]:
    roots = DeletedRoot.objects.using(router.db_for_write(DeletedRoot))
    return list(roots.filter(deletion__in=[each.pk for each in together[:NAMED]]).order_by("pk")[:NAMED])


def _names(roots: Sequence[Named]) -> list[str]:
    """The first few objects by the name they had, or by their key where names are private."""
    by_name = conf.current().audit.name_objects
    return [
        each.repr if by_name and each.repr.strip() else f"{words.kind(each.model)} {each.object_id}"
        for each in roots[:NAMED]
    ]


def _on_card(deletion: Deletion) -> QuerySet[Deletion]:
    using = router.db_for_write(Deletion)
    return Deletion.objects.using(using).filter(card=deletion.card, confirmed=True).order_by("pk")

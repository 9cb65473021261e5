"""The findings of a delete: what went, how to put it back, and the newest backup from before it."""

from __future__ import annotations

from typing import Protocol

from freeze_alerts.catalog import manage
from freeze_alerts.diagnosis.budget import Skip, Step
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.disk import words

_LIMIT_SECONDS = 4.0
_NAMED = 3


class DeleteAlert(Protocol):
    """What is asked of an alert: its ``key`` names the card of its deletions."""

    @property
    def key(self) -> str: ...


def steps(alert: DeleteAlert) -> list[Step]:
    card = alert.key.partition(":")[2]
    return [
        Step("Put it back", lambda: _way_back(card), _LIMIT_SECONDS),
        Step("Newest backup from before", lambda: _backup_before(card), _LIMIT_SECONDS),
    ]


def _way_back(card: str) -> str:
    whole = Deletion.objects.filter(card=card, complete=True, confirmed=True, row_count__gt=0).order_by("pk")
    pks = list(whole.values_list("pk", flat=True)[:_NAMED])
    if not pks:
        raise Skip("only keys were kept, or SQL took the rows: a backup is the only way back")
    return "\n".join(manage(f"restore_deletion {pk} --dry-run") for pk in pks)


def _backup_before(card: str) -> str:
    first = Deletion.objects.filter(card=card, confirmed=True).order_by("pk").first()
    if first is None:
        raise Skip("the record is not kept any more")
    made = BackupRun.objects.filter(database=first.database, state=BackupRun.State.COMPLETE, deleted_at=None)
    newest = made.filter(at__lt=first.at).order_by("-at").first()
    if newest is None:
        raise Skip("no backup from before it is known")
    age = words.span(first.at - newest.at)
    return f"{newest.name or 'one without a name'}: {newest.at:%d %b %H:%M}, {age} before it"

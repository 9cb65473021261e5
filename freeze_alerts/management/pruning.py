"""What ``manage.py prune`` and its task take away: a line for each room that keeps things for a time."""

from __future__ import annotations

from typing import Protocol

from freeze_alerts.sources.audit import pruning
from freeze_alerts.sources.sentry import inbox
from freeze_alerts.watch import heartbeats


class Prune(Protocol):
    def __call__(self, *, dry_run: bool = False) -> int:
        """Delete what is too old; returns how many, and deletes none where it is only asked."""


ROOMS: dict[str, Prune] = {
    "records of deletes": pruning.prune,
    "webhooks of Sentry": inbox.prune,
    "duties of hosts that are gone": heartbeats.prune,
}


def prune_all() -> None:
    """The duty: each room in its turn."""
    for prune in ROOMS.values():
        prune()

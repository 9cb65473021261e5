"""How we feel, from what is stored: a list of conditions, each read by the room that knows it.

To add one, write a function that gives its conditions into a module of ``watch/conditions``, and its dotted path into
``CONDITIONS``::

    def backups() -> Iterable[Condition]:
        age_hours = ...
        state = State.WARNING if age_hours > 25 else State.OK
        yield Condition("backup default", state, value=age_hours, unit="hours", threshold=25, at=last.finished_at)

It reads rows that are there already, few and by an index: never a disk, a server or a broker. Critical means that the
site can't serve, or is about to stop: a load balancer takes it out then. Everything else is a warning at the worst.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import InterfaceError, OperationalError
from django.utils.module_loading import import_string

logger = logging.getLogger("freeze_alerts")


class State(StrEnum):
    """How well something is, from well to ill."""

    OK = "ok"
    UNKNOWN = "unknown"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(State).index(self)


@dataclass(frozen=True)
class Condition:
    """One thing and how it is. ``since``: since when it is so; ``at``: when that was seen."""

    name: str
    state: State
    value: float | None = None
    unit: str = ""
    threshold: float | None = None
    since: datetime | None = None
    at: datetime | None = None


CONDITIONS: tuple[str, ...] = (
    "freeze_alerts.watch.conditions.disks.disks",
    "freeze_alerts.watch.conditions.outbox.outbox",
    "freeze_alerts.watch.conditions.parts.living",
    "freeze_alerts.watch.conditions.backups.backups",
)


def conditions() -> list[Condition]:
    """All of them; what can't be read is unknown. Raises nothing but what the database raises while it is away."""
    return [condition for path in CONDITIONS for condition in _read(path)]


def worst(conditions: Iterable[Condition]) -> State:
    return max((each.state for each in conditions), key=lambda state: state.rank, default=State.OK)


def _read(path: str) -> list[Condition]:
    try:
        read: Callable[[], Iterable[Condition]] = import_string(path)
        return list(read())
    except (OperationalError, InterfaceError):
        raise
    except Exception:  # one room's fault must not hide how the others are
        logger.exception("%s can't be read", path)
        return [Condition(path.rpartition(".")[2], State.UNKNOWN)]

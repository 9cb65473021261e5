"""A card, and the payload it becomes: within Discord's limits by construction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from freeze_alerts.catalog import Severity


class Standing(Enum):
    """How the alert behind a card stands now."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    ENDED = "ended"
    UNWATCHED = "unwatched"


class Outcome(Enum):
    """How a step of the runbook went."""

    OK = "ok"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Field:
    name: str
    value: str
    inline: bool = True


@dataclass(frozen=True)
class Finding:
    """One runbook step: what was run, how it went, what came out, and how long it took."""

    step: str
    outcome: Outcome
    text: str
    seconds: float = 0.0


@dataclass(frozen=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True)
class Card:
    """What one alert says in Discord. All text is foreign text: it is escaped and cut here, nowhere else."""

    title: str
    severity: Severity
    footer: str
    """``alert#sequence · environment``: tells a duplicate from a new message."""
    opened_at: datetime
    standing: Standing = Standing.OPEN
    text: str = ""
    answer_by: datetime | None = None
    """When a person should have answered; shown while the alert is open."""
    ended_at: datetime | None = None
    occurrences: int = 1
    notes: tuple[str, ...] = ()
    """Short lines of ours about the message itself: delayed, rerouted, drill, acknowledged by."""
    fields: tuple[Field, ...] = ()
    findings: tuple[Finding, ...] = ()
    command: str = ""
    """The next command to run, shown in a code block."""
    url: str = ""
    """Where the title leads."""
    links: tuple[Link, ...] = ()
    """Buttons: Open, Runbook, Acknowledge."""


def post_payload(cards: Sequence[Card], *, mention: str = "", silent: bool = False) -> dict[str, Any]:
    """The body of a POST that shows one to ten cards.

    ``mention`` comes from settings alone: ``role:ID``, ``user:ID``, ``everyone`` or ``here``.
    """
    raise NotImplementedError


def edit_payload(cards: Sequence[Card]) -> dict[str, Any]:
    """The body of a PATCH that draws the same cards anew. It never mentions anybody."""
    raise NotImplementedError

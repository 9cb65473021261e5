"""What one alert says in Discord, before it is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

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
    """What one alert says in Discord. All text is foreign text: it is escaped and cut when drawn, nowhere else.

    Raises ValueError for a moment without a time zone.
    """

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

    def __post_init__(self) -> None:
        for name in ("opened_at", "answer_by", "ended_at"):
            moment = getattr(self, name)
            if moment is not None and moment.utcoffset() is None:
                raise ValueError(f"{name} needs a time zone: Discord shows it in the reader's own.")

"""Judge: whether every payment fails, and whether orders are stuck."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from freeze_alerts import conf
from freeze_alerts.catalog import Severity
from freeze_alerts.sources.orders import words
from freeze_alerts.sources.orders.reading import Reading

Condition = Literal["failing", "stuck"]


@dataclass(frozen=True)
class Verdict:
    """One condition: ``severity`` is what the reading calls for, ``held`` what it can't yet let go of."""

    condition: Condition
    severity: Severity | None
    held: Severity | None
    sentence: str
    value: float


def judge(reading: Reading, settings: conf.Payments) -> list[Verdict]:
    """A verdict a condition."""
    return [_failing(reading, settings), _stuck(reading, settings)]


def _failing(reading: Reading, settings: conf.Payments) -> Verdict:
    """All that came to an end in the last half hour failed.

    Only a paid order lets go of it: where nobody buys any more, nothing is proven.
    """
    recent = reading.half_hour
    enough = 0 < settings.failing_at_least <= recent.failed
    return Verdict(
        condition="failing",
        severity=Severity.CRITICAL if enough and not recent.paid else None,
        held=None if recent.paid or not settings.failing_at_least else Severity.CRITICAL,
        sentence=words.failing(recent),
        value=recent.failed,
    )


def _stuck(reading: Reading, settings: conf.Payments) -> Verdict:
    severity = Severity.HIGH if reading.stuck else None
    return Verdict(
        condition="stuck",
        severity=severity,
        held=severity,
        sentence=words.stuck(reading, settings.stuck_after_minutes),
        value=reading.stuck,
    )

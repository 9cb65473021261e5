"""Read → judge → tell: one look at the orders."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.dispatch import Signal

from freeze_alerts import conf, signals
from freeze_alerts.sources.orders import reading, words
from freeze_alerts.sources.orders.judge import Verdict, judge
from freeze_alerts.sources.orders.reading import Reading, Unreadable

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Judged:
    """Orders that were read, judged and told."""

    reading: Reading
    verdicts: list[Verdict]


Checked = Judged | Unreadable | None


def check_orders() -> Checked:
    """Read, judge and tell; None where settings name no order model, which ends what was told of one before."""
    seen = reading.read()
    if isinstance(seen, Unreadable):
        _tell(signals.orders_unreadable, error=seen.error)
        return seen
    judged = None if seen is None else _judged(seen)
    _tell(signals.orders_checked)
    return judged


def _judged(seen: Reading) -> Judged:
    judged = Judged(seen, judge(seen, conf.current().payments))
    for verdict in judged.verdicts:
        _tell(
            signals.orders_judged,
            condition=verdict.condition,
            severity=verdict.severity,
            held=verdict.held,
            text=verdict.sentence,
            fields=fields(seen),
            value=verdict.value,
        )
    return judged


def fields(seen: Reading) -> list[tuple[str, str]]:
    """What a card shows of orders, name and value."""
    return [("Last hour", words.outcomes(seen.hour)), ("Last 30 minutes", words.outcomes(seen.half_hour))]


def _tell(signal: Signal, **news: object) -> None:
    for receiver, answer in signal.send_robust(sender=Judged, **news):
        if isinstance(answer, Exception):
            logger.error("%r failed when told of orders", receiver, exc_info=answer)

"""The findings of a payment alert: what became of the orders, and whether the provider says it is its fault."""

from __future__ import annotations

from freeze_alerts import conf
from freeze_alerts.diagnosis import errors, providers
from freeze_alerts.diagnosis.budget import Skip, Step
from freeze_alerts.sources.orders import reading, words
from freeze_alerts.sources.orders.judge import judge
from freeze_alerts.sources.orders.reading import Unreadable

_LIMIT_SECONDS = 6.0
"""A second more than PostgreSQL gives a query of ours."""


def steps(_: object) -> list[Step]:
    """The steps for orders that fail or are stuck."""
    return [orders(), *providers.steps()]


def error_steps(alert: errors.IssueAlert) -> list[Step]:
    """The steps for one payment error: the error itself, then how the others fare."""
    return [*errors.issue_steps(alert), orders(), *providers.steps()]


def spike_steps(_: object) -> list[Step]:
    """The steps for several: which they are, then how the others fare."""
    return [errors.top_issues(payment=True), orders(), *providers.steps()]


def orders() -> Step:
    """The last hour's orders by outcome, and those that are stuck."""
    return Step("check_payments", _orders, _LIMIT_SECONDS)


def _orders() -> str:
    seen = reading.read()
    if seen is None:
        raise Skip("no orders are watched: PAYMENTS['ORDER_MODEL'] is not set")
    if isinstance(seen, Unreadable):
        raise LookupError(f"orders can't be read: {seen.error}")
    return "\n".join(
        [
            f"last hour: {words.outcomes(seen.hour)}",
            f"last 30 minutes: {words.outcomes(seen.half_hour)}",
            *(each.sentence for each in judge(seen, conf.current().payments) if each.condition == "stuck"),
        ]
    )

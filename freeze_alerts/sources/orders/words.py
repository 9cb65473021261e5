"""Orders as a person speaks of them."""

from __future__ import annotations

from datetime import timedelta

from freeze_alerts.sources.orders.reading import Outcomes, Reading

_MINUTES_UNTIL_HOURS = 90
_HOURS_UNTIL_DAYS = 48


def outcomes(orders: Outcomes) -> str:
    """``41 orders: 38 paid, 1 failed, 2 pending``; statuses that settings do not name only where there are some."""
    if not orders.total:
        return "no orders"
    other = f", {orders.other} with another status" if orders.other else ""
    told = f"{orders.paid} paid, {orders.failed} failed, {orders.pending} pending"
    return f"{count(orders.total, 'order')}: {told}{other}"


def failing(orders: Outcomes) -> str:
    """What is said while nothing is paid; of a calm half hour too, when an alert is still open."""
    if orders.paid:
        return f"{count(orders.paid, 'order')} of the last 30 minutes paid."
    if not orders.failed:
        return "No order of the last 30 minutes was paid, and none failed: the next paid one ends this."
    which = "The only payment" if orders.failed == 1 else f"All {orders.failed} payments"
    advice = "Consider maintenance mode."
    return f"{which} of the last 30 minutes failed, and no order was paid. {advice}"


def stuck(reading: Reading, after_minutes: float) -> str:
    """How many wait, and the oldest for how long."""
    longest = span(timedelta(minutes=after_minutes))
    if not reading.stuck or reading.oldest is None:
        return f"No order has waited for its payment for over {longest}."
    have = "has" if reading.stuck == 1 else "have"
    oldest = f", the oldest for {span(reading.read_at - reading.oldest)}" if reading.stuck > 1 else ""
    return f"{count(reading.stuck, 'order')} {have} waited for payment for over {longest}{oldest}."


def count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def span(duration: timedelta) -> str:
    """``40 min``, ``9 h`` or ``3 days``, whichever a person would say."""
    minutes = duration.total_seconds() / 60
    if minutes < _MINUTES_UNTIL_HOURS:
        return f"{max(1, round(minutes))} min"
    return f"{round(minutes / 60)} h" if minutes / 60 < _HOURS_UNTIL_DAYS else f"{round(minutes / 60 / 24)} days"

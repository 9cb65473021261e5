"""What a person can answer an alert in the admin: one value a button."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from freeze_alerts.alerts import answers
from freeze_alerts.alerts.clock import local
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import Nature, entry_or_plain

MORNING_HOUR = 9
AN_HOUR, MORNING = "hour", "morning"


@dataclass(frozen=True)
class Button:
    """``give`` does it: the alert, the person's name, and what the form said → False where it had ended."""

    name: str
    verb: str
    done: str
    give: Callable[[Alert, str, Mapping[str, str]], bool]


def next_morning(now: datetime) -> datetime:
    """The next nine o'clock on the project's clock: today's for whoever is woken at three."""
    here = local(now)
    nine = here.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
    return nine if nine > here else nine + timedelta(days=1)


def snoozed_until(choice: str) -> datetime:
    now = timezone.now()
    return next_morning(now) if choice == MORNING else now + timedelta(hours=1)


def explain(alert: Alert, button: Button) -> str:
    """What pressing it will do to this alert, in one or two sentences."""
    if button is SNOOZE:
        return "No reminders until then. It is told all the same if it gets worse."
    if button is ACKNOWLEDGE and _is_state(alert):
        return "You are on it, and everybody sees so. It ends by itself when the trouble is over."
    if button is ACKNOWLEDGE:
        return "You have seen to it: this ends the alert, and its card turns green."
    again = "It opens again with the next reading that calls for it." if _is_state(alert) else ""
    return f"This ends the alert, and its card turns green. {again}".strip()


def refusal(alert: Alert, button: Button) -> str:
    """Why the button does nothing any more, kindly; "" where it does."""
    if alert.ended:
        by = f" {alert.acknowledged_by} has seen to it." if alert.acknowledged_by else ""
        return f"It has already ended: nothing to do.{by}"
    if button is ACKNOWLEDGE and alert.status == Alert.Status.ACKNOWLEDGED:
        return f"{alert.acknowledged_by or 'Somebody'} is already on it."
    return ""


def press(alert: Alert, button: Button, by: str, said: Mapping[str, str]) -> bool:
    """Give the answer, unless it has been given; True if it changed anything."""
    return not refusal(alert, button) and button.give(alert, by, said)


def _is_state(alert: Alert) -> bool:
    return entry_or_plain(alert.type).nature is Nature.STATE


ACKNOWLEDGE = Button(
    "acknowledge", "Acknowledge", "acknowledged", lambda alert, by, _said: answers.acknowledge(alert, by=by)
)
SNOOZE = Button(
    "snooze", "Snooze", "snoozed", lambda alert, _by, said: answers.snooze(alert, snoozed_until(said.get("until", "")))
)
RESOLVE = Button(
    "resolve", "Resolve", "resolved",
    lambda alert, by, said: answers.resolve(alert, by=by, reason=said.get("reason", "").strip()),
)  # fmt: skip
BUTTONS = (ACKNOWLEDGE, SNOOZE, RESOLVE)

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.answers import acknowledge, snooze
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.reminders import distance, remind
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.outbox.models import Message
from tests.outbox.passes import NOON, deliver_until_quiet

pytestmark = pytest.mark.django_db(transaction=True)

MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def payment(**told):
    open_alert(AlertType.PAYMENT_ERROR, key="1", **told)
    return Alert.objects.get()


def reminded_at(clock, minutes):
    """The minutes after which somebody was reminded, looking each minute."""
    told = []
    for minute in range(1, minutes + 1):
        clock.shift(MINUTE)
        if remind():
            told.append(minute)
    return told


def test_what_nobody_answers_is_told_again_at_widening_distances(clock):
    payment()
    assert reminded_at(clock, 400) == [15, 15 + 60, 15 + 60 + 180]
    assert Message.objects.filter(kind="reminder").count() == 3


def test_then_daily(clock):
    payment()
    Alert.objects.update(reminders=3, next_reminder_at=NOON)
    assert remind() == 1
    assert Alert.objects.get().next_reminder_at == NOON + timedelta(days=1)


@pytest.mark.parametrize(("told", "hours"), [(0, 2), (1, 8), (2, 24), (3, 24), (50, 24)])
def test_no_distance_is_longer_than_a_day(told, hours):
    assert distance(timedelta(hours=2), told) == timedelta(hours=hours)


@pytest.mark.parametrize("answer", ["acknowledge", "resolve", "end"])
def test_an_answer_stops_them(clock, answer):
    alert = payment()
    if answer == "end":
        resolve_alert(AlertType.PAYMENT_ERROR, key="1")
    else:
        acknowledge(alert, by="ada")
    assert reminded_at(clock, 60) == []


def test_an_acknowledged_state_is_not_told_again_until_it_gets_worse(clock):
    open_alert(AlertType.DISK_SPACE, key="1", severity=Severity.HIGH)
    acknowledge(Alert.objects.get(), by="ada")
    assert reminded_at(clock, 120) == []
    open_alert(AlertType.DISK_SPACE, key="1", severity=Severity.EMERGENCY)
    assert reminded_at(clock, 60) == [60]


def test_a_snooze_stops_them_until_it_is_over(clock):
    alert = payment()
    snooze(alert, NOON + 40 * MINUTE)
    assert reminded_at(clock, 60) == [40]


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.MEDIUM, Severity.WARNING])
def test_what_is_not_urgent_is_told_once(clock, severity):
    payment(severity=severity)
    snooze(Alert.objects.get(), NOON + MINUTE)
    assert reminded_at(clock, 60) == []


def test_a_record_asks_for_no_answer(clock):
    open_alert(AlertType.ADMIN_DELETE, key="1", severity=Severity.HIGH)
    assert Alert.objects.get().next_reminder_at is None


def test_a_reminder_is_a_louder_message_of_its_own(discord, settings, clock):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "MENTIONS": {"emergency": "here"}}
    payment()
    deliver_until_quiet(clock)
    clock.shift(15 * MINUTE)
    deliver_until_quiet(clock, for_at_most=MINUTE)
    first, second = discord.messages("payments")
    assert first.mentions == ()
    assert second.mentions == ("here",)
    assert "reminder 1" in str(second.payload)

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from freeze_alerts.alerts import open_alert
from freeze_alerts.alerts.answers import acknowledge, mark_changed_cards, next_change_due, resolve, snooze
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.outbox.models import Message
from tests.factories import AlertFactory, MessageFactory

pytestmark = pytest.mark.django_db(transaction=True)


def opened(alert_type):
    open_alert(alert_type, key="1")
    return Alert.objects.get()


def test_an_acknowledged_state_stays_open():
    alert = opened(AlertType.DISK_SPACE)
    assert acknowledge(alert, by="ada")
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by, alert.ended) == ("acknowledged", "ada", False)


def test_an_acknowledged_fact_ends_without_a_post():
    alert = opened(AlertType.PAYMENT_ERROR)
    assert acknowledge(alert, by="ada")
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("resolved", "ada")
    assert Message.objects.count() == 1


@pytest.mark.parametrize("answer", [acknowledge, resolve])
def test_what_has_ended_cannot_be_answered(answer):
    alert = opened(AlertType.DISK_SPACE)
    resolve(alert, by="ada")
    assert answer(alert, by="bob") is False
    assert Alert.objects.get().acknowledged_by == "ada"


def test_a_snooze_is_kept_and_shown():
    alert = opened(AlertType.DISK_SPACE)
    until = timezone.now() + timedelta(hours=1)
    assert snooze(alert, until)
    alert.refresh_from_db()
    assert alert.snoozed_until == until
    assert alert.card_due_at is not None


def test_a_changed_card_is_marked_once():
    message = MessageFactory(state="sent", discord_message_id="1")
    acknowledge(message.alert, by="ada")
    assert mark_changed_cards() == 1
    message.refresh_from_db()
    assert message.redraw_at is not None
    assert (mark_changed_cards(), next_change_due()) == (0, None)


def test_a_message_not_yet_sent_needs_no_edit():
    message = MessageFactory(state="pending")
    acknowledge(message.alert, by="ada")
    mark_changed_cards()
    message.refresh_from_db()
    assert message.redraw_at is None


def test_a_change_that_is_not_due_waits():
    AlertFactory(card_due_at=timezone.now() + timedelta(minutes=1))
    assert mark_changed_cards() == 0
    assert timedelta(seconds=50) < next_change_due() <= timedelta(minutes=1)

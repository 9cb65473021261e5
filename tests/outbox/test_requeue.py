from __future__ import annotations

import pytest
from django.utils import timezone

from freeze_alerts.delivery import deliver_once
from freeze_alerts.outbox import doorbell
from freeze_alerts.outbox.models import Message
from freeze_alerts.outbox.requeue import requeue
from freeze_alerts.testing.discord import Failure
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rings(monkeypatch):
    heard = []
    monkeypatch.setattr(doorbell, "ring", lambda: heard.append("ring"))
    return heard


@pytest.mark.parametrize("state", ["pending", "unknown", "dead"])
def test_what_is_not_sent_is_due_now_as_if_never_tried(state, rings):
    message = MessageFactory(state=state, attempts=3, last_status=400, last_error="no", due_at="2099-01-01T00:00Z")
    assert requeue(Message.objects.all()) == 1
    message.refresh_from_db()
    assert (message.state, message.attempts, message.last_status) == ("pending", 0, None)
    assert message.due_at <= timezone.now()
    assert rings == ["ring"]


@pytest.mark.parametrize("state", ["sending", "sent"])
def test_what_is_sent_or_on_its_way_is_left_alone(state, rings):
    message = MessageFactory(state=state, attempts=1)
    assert requeue(Message.objects.all()) == 0
    message.refresh_from_db()
    assert (message.state, message.attempts) == (state, 1)
    assert rings == []


def test_a_dead_message_reaches_discord_once_it_is_requeued(discord):
    message = MessageFactory()
    discord.fail(Failure.error(400, 50035, "Invalid Form Body"), times=2, channel="errors")
    deliver_once()
    assert Message.objects.get(pk=message.pk).state == "dead"
    requeue(Message.objects.filter(pk=message.pk))
    deliver_once()
    message.refresh_from_db()
    assert message.discord_message_id in [each.id for each in discord.messages("errors")]

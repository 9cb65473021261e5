from __future__ import annotations

import pytest
from django.urls import reverse

from freeze_alerts.outbox import pace
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.outbox.route import webhook_of
from tests.factories import MessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/freeze_alerts/webhookstate/"
TOKEN = "not-a-secret-" * 5
URL = f"https://discord.com/api/webhooks/123456789012345678/{TOKEN}"


@pytest.fixture
def webhook(settings):
    settings.FREEZE_ALERTS = {"WEBHOOKS": {"errors": URL, "backups": URL}, "DELIVERY": {"DOORBELL": "none"}}
    return webhook_of("errors")


def call_again(client, name):
    return client.post(LIST, {"action": "call_again", "_selected_action": [name]}, follow=True).content.decode()


def test_the_list_says_which_channels_a_webhook_serves_and_why_it_is_disabled(as_guest, webhook):
    pace.disable(webhook.name, "10015 Unknown Webhook")
    pace.block(pace.ALL_OF_DISCORD, 60)
    told = as_guest.get(LIST).content.decode()
    assert "#errors, #backups" in told
    assert "10015 Unknown Webhook" in told
    assert "all of Discord" in told


def test_a_disabled_webhook_is_called_again(as_ann, webhook):
    pace.disable(webhook.name, "10015 Unknown Webhook")
    assert "1 will be called again." in call_again(as_ann, webhook.name)
    assert not pace.is_disabled(webhook.name)


def test_a_webhook_that_works_needs_nothing(as_ann, webhook):
    WebhookState.objects.create(name=webhook.name)
    assert "nothing to do" in call_again(as_ann, webhook.name)


def test_no_page_shows_a_token(admin_client, webhook):
    pace.disable(webhook.name, "gone")
    message = MessageFactory(webhook=webhook.name, state=Message.State.SENT)
    pages = [
        LIST,
        reverse("admin:freeze_alerts_webhookstate_change", args=[webhook.name]),
        reverse("admin:freeze_alerts_message_changelist"),
        reverse("admin:freeze_alerts_message_change", args=[message.pk]),
        reverse("admin:freeze_alerts_alert_change", args=[message.alert.pk]),
    ]
    for page in pages:
        answer = admin_client.get(page)
        assert answer.status_code == 200
        assert TOKEN not in answer.content.decode()

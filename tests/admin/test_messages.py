from __future__ import annotations

import pytest
from django.urls import reverse

from freeze_alerts.outbox.models import Message
from tests.factories import AlertFactory, MessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/freeze_alerts/message/"


def send_again(client, *messages):
    said = {"action": "send_again", "_selected_action": [message.pk for message in messages]}
    return client.post(LIST, said, follow=True).content.decode()


def test_the_list_shows_why_a_message_is_dead(as_guest):
    MessageFactory(state=Message.State.DEAD, last_error="50035 Invalid Form Body", last_status=400)
    told = as_guest.get(LIST).content.decode()
    assert "50035 Invalid Form Body" in told
    assert "400" in told


@pytest.mark.parametrize("query", ["state__exact=dead", "kind__exact=digest", "channel=backups", "q=storm", "q=50035"])
def test_the_list_is_filtered_and_searched(as_guest, query):
    MessageFactory()
    MessageFactory(
        alert=None, intent="digest:storm", kind="digest", channel="backups", state="dead", last_error="50035 Invalid"
    )
    assert "1 message\n" in as_guest.get(f"{LIST}?{query}").content.decode()


def test_a_message_is_read_only(admin_client):
    message = MessageFactory()
    page = reverse("admin:freeze_alerts_message_change", args=[message.pk])
    assert '<input type="text"' not in admin_client.get(page).content.decode()
    assert admin_client.post(page, {"channel": "admin"}).status_code == 403
    assert admin_client.get(f"{LIST}add/").status_code == 403


def test_a_dead_message_is_sent_again(as_ann):
    message = MessageFactory(state=Message.State.DEAD, attempts=2, last_status=400)
    assert "1 will be sent again now." in send_again(as_ann, message)
    message.refresh_from_db()
    assert (message.state, message.attempts, message.last_status) == ("pending", 0, None)


def test_a_sent_message_is_not_sent_again(as_ann):
    message = MessageFactory(state=Message.State.SENT)
    told = send_again(as_ann, message)
    assert "1 left alone: sent already, or just being sent." in told
    assert "will be sent again" not in told


def test_a_guest_sends_nothing_again(as_guest):
    message = MessageFactory(alert=AlertFactory(), state=Message.State.DEAD)
    send_again(as_guest, message)
    message.refresh_from_db()
    assert message.state == "dead"

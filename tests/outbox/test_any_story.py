"""Any story of troubles, answers and failures ends the same way: all of it told, in order, and true."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.answers import acknowledge
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.delivery import deliver_once
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.testing.discord import Failure
from tests.outbox.passes import NOON, deliver_until_quiet, footers

pytestmark = pytest.mark.django_db(transaction=True)

TYPES = [AlertType.DISK_SPACE, AlertType.BACKUP_FAILED, AlertType.PAYMENT_ERROR]
AMBIGUOUS = [Failure.save_then_drop(), Failure.status(500), Failure.status(504)]
CERTAIN = [Failure.rate_limited(5), Failure.rate_limited(9, scope="shared"), Failure.status(503), Failure.old_edit()]

whose = st.tuples(st.sampled_from(TYPES), st.sampled_from("abc"))
steps = st.one_of(
    st.tuples(st.just("open"), whose, st.sampled_from(Severity)),
    st.tuples(st.just("end"), whose),
    st.tuples(st.just("acknowledge"), whose),
    st.tuples(st.just("fail"), st.sampled_from(AMBIGUOUS + CERTAIN)),
    st.tuples(st.just("deliver")),
    st.tuples(st.just("wait"), st.integers(1, 4000)),
)


def play(step, discord, clock):
    name, *rest = step
    if name == "open":
        (alert_type, key), severity = rest
        open_alert(alert_type, key=key, severity=severity, title=key)
    elif name == "end":
        resolve_alert(rest[0][0], key=rest[0][1])
    elif name == "acknowledge":
        for alert in Alert.objects.filter(type=rest[0][0], key=rest[0][1]).exclude(open_key=None):
            acknowledge(alert, by="ada")
    elif name == "fail":
        discord.fail(rest[0])
    elif name == "deliver":
        deliver_once()
    else:
        clock.shift(timedelta(seconds=rest[0]))


def shown(discord):
    """The cards of each alert in Discord, oldest first: (sequence, ended)."""
    cards = {}
    for message in discord.messages():
        for embed in message.payload.get("embeds", []):
            alert, _, sequence = embed["footer"]["text"].split(" · ")[0].removeprefix("alert ").partition("#")
            cards.setdefault(int(alert), []).append((int(sequence), "ENDED" in embed["author"]["name"]))
    return cards


@given(story=st.lists(steps, max_size=30))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_story_is_told_in_order_and_ends_true(discord, story):
    for model in (Message, Alert, WebhookState):
        model.objects.all().delete()
    discord.heal()
    discord.clear()
    with time_machine.travel(NOON, tick=False) as clock:
        for step in story:
            play(step, discord, clock)
        discord.heal()
        deliver_until_quiet(clock, for_at_most=timedelta(days=1))
    assert set(Message.objects.values_list("state", flat=True)) <= {"sent"}
    cards = shown(discord)
    for alert in Alert.objects.all():
        told = cards[alert.pk]
        assert told == sorted(told, key=lambda card: card[0]), "an end overtook its opening"
        assert told[-1][1] == alert.ended, "the newest card does not show how the alert stands"
    doubts = sum(step[0] == "fail" and step[1] in AMBIGUOUS for step in story)
    doubled = sum(count - 1 for count in Counter(footers(discord)).values())
    assert doubled <= doubts, "more duplicates than answers that got lost"
    assert discord.complaints == []

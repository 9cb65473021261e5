from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from freeze_alerts.discord.answer import Pace
from freeze_alerts.outbox import pace
from freeze_alerts.outbox.models import WebhookState
from tests.outbox.passes import NOON

pytestmark = pytest.mark.django_db
NAME = "discord:1/…abcd"


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def taken(clock, seconds, every=0.25):
    """How many calls get through in so many seconds when somebody tries all the time."""
    count = 0
    for _ in range(int(seconds / every)):
        while pace.take(NAME):
            count += 1
        clock.shift(timedelta(seconds=every))
    return count


def test_a_burst_of_five_then_one_every_two_seconds(clock):
    assert taken(clock, 0.25) == 5
    assert taken(clock, 1.5) == 0
    assert taken(clock, 0.5) == 1


def test_a_minute_takes_no_more_than_the_limit_and_the_burst(clock):
    assert taken(clock, 60) <= 30 + pace.BURST


def test_rest_gives_the_burst_back_and_no_more(clock):
    taken(clock, 60)
    clock.shift(timedelta(minutes=5))
    assert pace.slots(NAME) == (5, 0)


def test_pacing_can_be_switched_off(settings):
    settings.FREEZE_ALERTS = {"DELIVERY": {"MESSAGES_PER_MINUTE": 0}}
    assert all(pace.take(NAME) for _ in range(50))


def test_what_discord_says_it_still_takes_is_believed(clock):
    pace.learn(NAME, Pace(remaining=2, reset_after_seconds=1.5))
    assert pace.slots(NAME) == (2, 0)
    pace.learn(NAME, Pace(remaining=0, reset_after_seconds=1.5))
    assert pace.slots(NAME) == (0, 1.5)
    clock.shift(timedelta(seconds=1.5))
    assert pace.slots(NAME)[0] > 0


def test_a_block_holds_until_it_is_over_and_is_never_shortened(clock):
    pace.block(NAME, 40)
    pace.block(NAME, 1)
    assert pace.slots(NAME) == (0, 40)
    clock.shift(timedelta(seconds=40))
    assert pace.slots(NAME)[0] == 5


def test_a_block_of_all_of_discord_holds_every_webhook():
    pace.block(pace.ALL_OF_DISCORD, 10)
    assert pace.slots(NAME) == (0, 10)


def test_backing_off_doubles_up_to_two_minutes_and_starts_anew_after_a_success(clock):
    waits = []
    for _ in range(10):
        pace.back_off(NAME)
        waits.append(pace.slots(NAME)[1])
        clock.shift(timedelta(seconds=waits[-1]))
    assert 1 <= waits[0] <= 2
    assert all(60 <= wait <= 120 for wait in waits[6:])
    pace.learn(NAME, Pace())
    assert WebhookState.objects.get().failures == 0


@pytest.mark.parametrize(("passing", "after_an_hour"), [(False, True), (True, False)])
def test_a_webhook_is_disabled_for_good_or_for_an_hour(clock, passing, after_an_hour):
    assert pace.disable(NAME, "Unknown Webhook", passing=passing) is True
    assert pace.disable(NAME, "Unknown Webhook", passing=passing) is False
    assert pace.is_disabled(NAME)
    clock.shift(timedelta(hours=1))
    assert pace.is_disabled(NAME) is after_an_hour


def test_a_webhook_that_works_again_is_enabled():
    pace.disable(NAME, "Unknown Webhook")
    assert pace.enable(NAME)
    assert not pace.is_disabled(NAME)
    assert not pace.enable(NAME)

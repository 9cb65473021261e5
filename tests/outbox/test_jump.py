from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.delivery import deliver_once
from freeze_alerts.outbox import claim, jump, pace
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.testing.discord import Failure
from tests.outbox.passes import NOON, clock_now, deliver_until_quiet, footers, states

pytestmark = pytest.mark.django_db(transaction=True)

SOON = timedelta(minutes=5)


@pytest.fixture(params=[timedelta(hours=-30), timedelta(minutes=-20), timedelta(hours=30)], ids=str)
def jumped(request):
    return request.param


@pytest.fixture
def clock():
    jump.mend_if_put_back()  # from whenever the tests before this one were
    with time_machine.travel(NOON, tick=False) as traveller:
        jump.mend_if_put_back()
        yield traveller


def trouble(key="1"):
    return open_alert(AlertType.BACKUP_FAILED, key=key, severity=Severity.HIGH, title=f"backup {key}")


def test_what_waited_when_the_clock_jumped_is_sent_now(discord, clock, jumped):
    trouble()
    clock.shift(jumped)
    deliver_once()
    assert set(states().values()) == {"sent"}


def test_what_a_killed_sender_had_claimed_is_taken_over(discord, clock, jumped):
    trouble()
    claim.claim(Message.objects.all())
    clock.shift(jumped)
    assert deliver_until_quiet(clock, for_at_most=SOON) <= SOON
    assert len(discord.messages()) == 1


def test_a_burst_before_the_jump_holds_up_nobody_after_it(discord, clock, jumped):
    for number in range(pace.BURST):
        trouble(str(number))
        deliver_once()
    clock.shift(jumped)
    trouble("after")
    assert deliver_until_quiet(clock, for_at_most=SOON) <= SOON
    assert len(discord.messages()) == pace.BURST + 1


def test_a_discord_that_asked_to_wait_is_not_waited_for_by_the_jump_too(discord, clock):
    trouble()
    discord.fail(Failure.rate_limited(2))
    deliver_once()
    WebhookState.objects.update(reset_at=clock_now() + timedelta(seconds=2), remaining=0)
    clock.shift(timedelta(hours=-30))
    assert deliver_until_quiet(clock, for_at_most=SOON) <= SOON
    assert len(discord.messages()) == 1


def test_a_storm_before_the_jump_swallows_no_alert_after_it(discord, clock, jumped):
    for number in range(30):
        open_alert(AlertType.NEW_ISSUE, key=str(number), title=f"issue {number}")
    deliver_until_quiet(clock, for_at_most=SOON)
    clock.shift(jumped)
    open_alert(AlertType.NEW_ISSUE, key="after", title="issue after")
    deliver_until_quiet(clock, for_at_most=SOON)
    assert len(discord.messages()) == 2


def test_an_end_is_told_after_its_opening_whatever_the_clock_does(discord, clock, jumped):
    trouble()
    deliver_once()
    clock.shift(jumped)
    resolve_alert(AlertType.BACKUP_FAILED, key="1")
    deliver_until_quiet(clock, for_at_most=SOON)
    assert [each.rpartition("#")[2] for each in footers(discord)] == ["1", "2"]
    assert all("ENDED" in message.payload["content"] for message in discord.messages())


def test_clocks_that_differ_a_little_are_left_alone(discord, clock):
    trouble()
    claim.claim(Message.objects.all())
    clock.shift(timedelta(seconds=-90))
    assert jump.mend() == 0

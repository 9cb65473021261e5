from __future__ import annotations

import threading

import pytest
from django.utils import timezone

from freeze_alerts.catalog import Severity
from freeze_alerts.discord.message import Card
from freeze_alerts.outbox import courier
from freeze_alerts.testing.discord import Failure
from tests.outbox.passes import posts
from tests.processes import wait_until


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(courier, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(courier, "FAREWELL_SECONDS", 60.0)  # a busy machine takes its time


def parcel(key, **more):
    card = Card(title=f"trouble {key}", severity=Severity.HIGH, footer=key, opened_at=timezone.now())
    told = {"is_wanted": lambda: True, "delivered": lambda _webhook, _message_id: None, "urgent": True}
    return courier.Parcel(key=key, channel="errors", card=card, mention="", **{**told, **more})


def test_a_process_that_ends_says_no_more_than_the_pace_allows(discord):
    ours = courier.Courier()
    for number in range(12):
        ours.carry(parcel(str(number)))
    ours.close()
    wait_until(ours.waiting.empty)
    assert 0 < len(posts(discord)) <= courier.BURST


def test_what_is_booked_while_discord_asks_to_wait_is_not_said_any_more(discord):
    discord.fail(Failure.rate_limited(0.2), times=None)
    ours = courier.Courier()
    ours.carry(parcel("1", is_wanted=lambda: len(posts(discord)) < 2))
    ours.carry(parcel("2", is_wanted=lambda: False))
    wait_until(ours.waiting.empty)
    ours.close()
    assert len(posts(discord)) <= 2


def test_the_same_thing_is_carried_once_in_a_quarter_of_an_hour(discord):
    ours = courier.Courier()
    assert (ours.carry(parcel("1")), ours.carry(parcel("1"))) == (True, False)
    ours.close()


def test_what_is_not_urgent_is_left_to_the_spool_by_a_process_that_ends(discord):
    ours = courier.Courier()
    ours.carry(parcel("1", urgent=False))
    ours.close()
    assert posts(discord) == []


def test_one_that_has_nothing_more_to_say_lets_its_process_end_at_once(discord, monkeypatch):
    monkeypatch.setattr(courier, "IDLE_SECONDS", 3600.0)
    ours, said = courier.Courier(), threading.Event()
    ours.carry(parcel("1", delivered=lambda _webhook, _message_id: said.set()))
    thread = ours.thread
    assert said.wait(60)
    ours.close()
    assert not thread.is_alive()

"""Who is found dead twice is told of, and that it is back as well."""

from __future__ import annotations

from datetime import timedelta

import django
import pytest
import time_machine
from django.core import mail
from django.utils import timezone

from freeze_alerts.alerts.answers import acknowledge
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.outbox import doorbell
from freeze_alerts.watch import heartbeats
from freeze_alerts.watch.look import look_after_parts
from freeze_alerts.watch.models import Heartbeat
from tests.factories import MessageFactory
from tests.outbox.passes import NOON

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture(autouse=True)
def broker(monkeypatch):
    """A broker that answers until it is told not to."""
    answers = [True]

    def reach():
        if not answers[0]:
            raise ConnectionRefusedError("redis://:secret@redis:6379")
        return True

    monkeypatch.setattr(doorbell, "reach_broker", reach)
    return answers


def look(clock, *, minutes: float, alive: tuple[str, ...] = ()) -> list[str]:
    """A look each minute; the open troubles at the end."""
    for _ in range(int(minutes)):
        clock.shift(timedelta(minutes=1))
        for name in alive:
            heartbeats.beat(name)
        look_after_parts()
    return troubles()


def troubles() -> list[str]:
    return sorted(Alert.objects.filter(type=AlertType.TROUBLE).exclude(open_key=None).values_list("key", flat=True))


def test_a_dead_beat_is_told_once_and_its_return_ends_it(clock):
    heartbeats.beat("beat")
    assert look(clock, minutes=8) == []
    assert look(clock, minutes=2) == ["part:beat"]
    assert look(clock, minutes=10) == ["part:beat"]
    assert Alert.objects.count() == 1
    assert look(clock, minutes=1, alive=("beat",)) == []
    assert Alert.objects.get().ended_because == "it gives signs of life again"


def test_after_a_night_with_everything_off_nobody_is_blamed(clock):
    """Whoever comes first finds all others silent: they have two minutes to say something."""
    for name in ("beat", "watchdog"):
        heartbeats.beat(name)
    clock.shift(timedelta(hours=8))
    heartbeats.beat("watchdog")
    look_after_parts()
    assert Heartbeat.objects.get(name="beat").silent_since is not None
    assert look(clock, minutes=5, alive=("beat", "watchdog")) == []


def test_nor_after_a_jump_of_the_clock(clock):
    for jump in (timedelta(days=1), -timedelta(days=2)):
        look(clock, minutes=3, alive=("beat", "watchdog"))
        clock.shift(jump)
        look_after_parts()
        assert look(clock, minutes=3, alive=("beat", "watchdog")) == []


def test_a_dead_part_is_found_even_if_its_last_sign_lies_in_the_future(clock):
    heartbeats.beat("watchdog")
    clock.shift(-timedelta(hours=5))
    assert look(clock, minutes=4) == ["part:watchdog"]


def test_a_suspicion_from_the_future_is_begun_anew(clock):
    heartbeats.beat("watchdog")
    look(clock, minutes=4)
    clock.shift(-timedelta(hours=5))
    assert look(clock, minutes=1) == []
    assert look(clock, minutes=3) == ["part:watchdog"]


def test_a_broker_that_does_not_answer_is_named_without_its_password(clock, broker):
    heartbeats.beat("beat")
    broker[0] = False
    assert look(clock, minutes=3, alive=("beat",)) == ["part:broker"]
    assert "ConnectionRefusedError" in Alert.objects.get().text
    assert "secret" not in Alert.objects.get().text
    broker[0] = True
    assert look(clock, minutes=1, alive=("beat",)) == []


def test_without_a_beat_nobody_asks_for_a_broker(clock, broker):
    broker[0] = False
    assert look(clock, minutes=5) == []
    assert not Heartbeat.objects.exists()


def test_a_worker_that_takes_no_canary_is_named(clock):
    heartbeats.beat("beat")
    heartbeats.send_canary()
    assert look(clock, minutes=10, alive=("beat",)) == ["part:canary"]
    heartbeats.receive_canary()
    assert look(clock, minutes=1, alive=("beat",)) == []


def test_messages_that_do_not_leave_are_told_by_mail_once(clock, settings):
    settings.ADMINS = [("Ann", "ann@shop.example")] if django.VERSION < (6,) else ["ann@shop.example"]
    MessageFactory(created_at=timezone.now(), due_at=timezone.now())
    assert look(clock, minutes=20) == ["part:outbox"]
    assert [message.subject for message in mail.outbox if "reach Discord" in message.subject] != []
    assert len(mail.outbox) == 1


def test_a_part_taken_out_of_service_is_waited_for_no_longer(clock):
    heartbeats.beat("beat")
    look(clock, minutes=12)
    assert heartbeats.forget("beat")
    assert look(clock, minutes=1) == []
    assert not heartbeats.forget("beat")


def test_acknowledged_it_is_not_told_again_while_it_stays_dead(clock):
    heartbeats.beat("beat")
    look(clock, minutes=12)
    acknowledge(Alert.objects.get(), by="ann")
    look(clock, minutes=120)
    assert Alert.objects.filter(key="part:beat").count() == 1

"""The table of who notices which death: each row of the page by the test that shows it."""

from __future__ import annotations

import importlib
import re
from datetime import timedelta

import django
import pytest
from django.core import mail
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox import doorbell
from freeze_alerts.watch import duties, heartbeats, ping, turns
from freeze_alerts.watch.duties import Duty
from freeze_alerts.watch.models import Heartbeat
from tests.documents import DOCS
from tests.factories import MessageFactory
from tests.watch.test_piggyback import serve, web  # noqa: F401 - a fixture

pytestmark = pytest.mark.django_db(transaction=True)

HERE = "tests.watch.test_who_notices"
SHOWN_BY = {
    "Beat is dead, or hangs": f"{HERE}.test_a_dead_beat_is_named",
    "the workers are dead or stuck, or the queue is jammed": f"{HERE}.test_workers_that_take_nothing_are_named",
    "the broker is dead, or frozen": f"{HERE}.test_a_broker_that_does_not_answer_is_named",
    "the watchdog is dead": f"{HERE}.test_a_dead_watchdog_is_named",
    "something in the watchdog hangs": "tests.watch.test_watchdog.test_one_that_hangs_says_so_and_ends_itself",
    "the database is away": (
        "tests.watch.test_watchdog.test_without_a_database_it_goes_on_with_what_it_can_and_says_so"
    ),
    "the database is frozen": (
        "tests.watch.test_watchdog.test_one_that_hangs_at_a_frozen_database_says_that_straight_to_discord"
    ),
    "Discord is away, or its webhooks are gone": f"{HERE}.test_messages_that_do_not_leave_are_told_by_mail",
    "a duty fails three times in a row": f"{HERE}.test_a_duty_that_fails_three_times_is_named",
    "a duty is missing from Beat's schedule": f"{HERE}.test_a_duty_that_nobody_does_is_named",
    "the whole machine, or its network": f"{HERE}.test_without_us_nobody_outside_hears_anything",
}
OTHERS_NOTICE = {"the site can't be reached from outside", "the service outside itself"}


@pytest.fixture(autouse=True)
def _a_broker_that_answers(monkeypatch):
    monkeypatch.setattr(doorbell, "reach_broker", lambda: True)


def test_each_row_of_the_page_has_its_test():
    page = (DOCS / "how-to" / "watch-the-watcher.md").read_text(encoding="utf-8")
    table = page.partition("| what dies |")[2].partition("\n\n")[0]
    rows = set(re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)) - {"---"}
    assert rows == {*SHOWN_BY, *OTHERS_NOTICE}
    for path in SHOWN_BY.values():
        module, _, name = path.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))


def age(minutes: float) -> None:
    """So much time passes, in which nobody gave a sign; somebody has looked twice."""
    for each in Heartbeat.objects.all():
        for name in ("at", "started_at"):
            if moment := getattr(each, name):
                setattr(each, name, moment - timedelta(minutes=minutes))
        each.silent_since = timezone.now() - timedelta(minutes=2)
        each.save()


def told() -> list[str]:
    return list(Alert.objects.exclude(open_key=None).values_list("key", flat=True))


@pytest.fixture(params=["watchdog or worker", "web"])
def look(request, web):  # noqa: F811
    """A look, from each of those who may do it."""
    return serve if request.param == "web" else lambda: turns.take(duties.duty("look_after_parts"))


def test_a_dead_beat_is_named(look):
    heartbeats.beat("beat")
    age(8)
    look()
    assert told() == ["part:beat"]


def test_workers_that_take_nothing_are_named(look):
    heartbeats.send_canary()
    age(8)
    heartbeats.beat("beat")
    look()
    assert told() == ["part:canary"]


def test_a_broker_that_does_not_answer_is_named(look, monkeypatch):
    def silent():
        raise TimeoutError

    heartbeats.beat("broker")
    age(2)
    heartbeats.beat("beat")
    monkeypatch.setattr(doorbell, "reach_broker", silent)
    look()
    assert told() == ["part:broker"]


def test_a_dead_watchdog_is_named(look):
    heartbeats.beat("watchdog")
    age(4)
    look()
    assert told() == ["part:watchdog"]


def test_messages_that_do_not_leave_are_told_by_mail(look, settings):
    settings.ADMINS = [("Ann", "ann@shop.example")] if django.VERSION < (6,) else ["ann@shop.example"]
    MessageFactory(created_at=timezone.now() - timedelta(minutes=16))
    look()
    assert told()[0] == "part:outbox"
    assert "do not reach Discord" in mail.outbox[0].subject


def test_a_duty_that_fails_three_times_is_named(look, monkeypatch):
    stumble = Duty("stumble", timedelta(minutes=5), "no.such.thing")
    monkeypatch.setattr("freeze_alerts.watch.parts.DUTIES", (stumble,))
    for _ in range(3):
        turns.take(stumble)
        Heartbeat.objects.filter(name="duty:stumble").update(started_at=timezone.now() - timedelta(minutes=5))
    Heartbeat.objects.update(silent_since=timezone.now() - timedelta(minutes=2))
    look()
    assert told() == ["part:duty:stumble"]


def test_a_duty_that_nobody_does_is_named(look, monkeypatch):
    floor = Duty("sweep_floor", timedelta(minutes=5), "builtins.list")
    monkeypatch.setattr("freeze_alerts.watch.parts.DUTIES", (floor,))
    turns.take(floor)
    age(26)
    look()
    assert told() == ["part:duty:sweep_floor"]


def test_without_us_nobody_outside_hears_anything(settings, monkeypatch):
    """A pass that was full an hour ago is none: not even a process that came back speaks too early."""
    pinged = []
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "WATCH": {"PING_URL": "https://hc-ping.com/uuid"}}
    monkeypatch.setattr(ping, "_post", lambda *call: pinged.append(call))
    heartbeats.beat("sweep")
    heartbeats.beat("duty:look_after_parts")
    ping.ping_outside()
    assert len(pinged) == 1
    age(60)
    ping.ping_outside()
    assert len(pinged) == 1
    assert not duties.duty("ping_outside").without_database

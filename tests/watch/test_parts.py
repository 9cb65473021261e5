"""Who is dead: every row of the judge's table, on a clock of its own."""

from __future__ import annotations

from datetime import timedelta

import pytest

from freeze_alerts.watch import parts
from freeze_alerts.watch.models import Heartbeat
from freeze_alerts.watch.parts import Signs
from tests.outbox.passes import NOON

ALIVE = {"beat": 1, "canary": 4, "broker": 1, "watchdog": 0}


def ago(minutes: float):
    return NOON - timedelta(minutes=minutes)


def heart(name: str, at=None, **more) -> Heartbeat:
    return Heartbeat(name=name, at=None if at is None else ago(at), **more)


def signs(*others: Heartbeat, unsent=None, **changes) -> Signs:
    """All alive, but for what is changed: minutes since the last sign, None for a part that never gave one."""
    minutes = {**ALIVE, **changes}
    hearts = {name: heart(name, at) for name, at in minutes.items() if at is not None}
    hearts |= {each.name: each for each in others}
    return Signs(NOON, hearts, None if unsent is None else ago(unsent))


def dead(*others: Heartbeat, **changes) -> list[str]:
    return [death.part for death in parts.judge(signs(*others, **changes))]


LATE = heart("canary", 13, started_at=ago(8))
BROKEN = heart("broker", 9, failures=2, detail="ConnectionError")


@pytest.mark.parametrize(
    ("others", "changes", "expected"),
    [
        ((), {}, []),  # all is well
        ((), {"beat": 8}, ["beat"]),  # Beat dead or wedged
        ((), {"beat": 6}, []),  # a canary may be a little late
        ((LATE,), {}, ["canary"]),  # a worker dead, stuck, or the queue jammed
        ((heart("canary", 12, started_at=ago(6)),), {}, []),  # on its way, and not late yet
        ((heart("canary", None, started_at=ago(8)),), {}, ["canary"]),  # no worker was ever started
        ((LATE,), {"beat": 8}, ["beat", "canary"]),  # both are, and the broker answers
        ((BROKEN,), {}, ["broker"]),  # dead or frozen: a login says so before anybody is missed
        ((BROKEN, LATE), {"beat": 30}, ["broker"]),  # nobody is blamed for being silent behind it
        ((), {"watchdog": 4}, ["watchdog"]),
        ((), {"watchdog": 4, "beat": 8}, ["beat", "watchdog"]),
        ((), {"unsent": 16}, ["outbox"]),  # Discord dead, or the webhook deleted
        ((), {"unsent": 14}, []),
        ((), {"beat": None, "canary": None, "broker": None}, []),  # no Celery here: nobody waits for it
        ((BROKEN,), {"beat": None}, []),  # Celery was taken out of service
        ((), {"watchdog": None}, []),  # no watchdog here
        ((), {"beat": -30}, ["beat"]),  # the clock was put back: a sign from the future is none
        ((), {"beat": -0.5}, []),  # hosts' clocks differ a little
    ],
)
def test_the_dead_part_is_named(others, changes, expected):
    assert dead(*others, **changes) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"at": 2, "started_at": ago(2)}, []),
        ({"at": 20, "started_at": ago(4), "failures": 3}, ["duty:check_payments"]),
        ({"at": 20, "started_at": ago(4), "failures": 2}, []),  # once is no trouble
        ({"at": 26, "started_at": ago(26)}, ["duty:check_payments"]),  # nobody does it, although all are alive
        ({"at": 24, "started_at": ago(24)}, []),
    ],
)
def test_a_duty_that_fails_or_is_not_done_is_named(row, expected):
    assert dead(heart("duty:check_payments", **row)) == expected


def test_while_a_part_is_dead_nobody_wonders_why_its_duties_are_not_done():
    assert dead(heart("duty:check_payments", 60, started_at=ago(60)), beat=60) == ["beat"]


def test_what_a_host_does_may_have_gone_with_its_host(settings):
    settings.FREEZE_ALERTS = {"DISK": {"HOST": "web1"}}
    assert dead(heart("duty:check_disk@web1", 600, started_at=ago(600))) == []
    failing = heart("duty:check_disk@web1", 600, started_at=ago(1), failures=3)
    assert dead(failing) == ["duty:check_disk@web1"]


def test_what_fails_on_one_host_is_named_whichever_host_looks(settings):
    settings.FREEZE_ALERTS = {"DISK": {"HOST": "web1"}}
    elsewhere = heart("duty:check_disk@web2", 600, started_at=ago(1), failures=3, detail="OSError: no such mount")
    (death,) = parts.judge(signs(elsewhere))
    assert (death.part, death.title) == ("duty:check_disk@web2", "check_disk on web2 fails")
    assert death.text == "check_disk on web2 has failed 3 times in a row: OSError: no such mount"


def test_a_duty_that_is_no_more_is_nobodys():
    assert dead(heart("duty:iron_shirts", 600, started_at=ago(1), failures=30)) == []


def said(*others: Heartbeat, **changes) -> str:
    return " ".join(death.text for death in parts.judge(signs(*others, **changes)))


def test_the_sentence_says_since_when_and_what_answers(settings):
    settings.TIME_ZONE = "Europe/Amsterdam"
    assert said(beat=23) == (
        "Beat has given no sign of life since 12:37 (23 min), and the broker answers: "
        "nothing that it schedules is done."
    )
    assert "the broker answers" not in said(beat=23, broker=10)
    assert "has not answered since 12:51 (9 min) (ConnectionError)" in said(BROKEN)


@pytest.mark.parametrize("part", [{"beat": 23}, {"watchdog": 9}, {"unsent": 20}, {"beat": -30}])
def test_it_is_one_sentence(part):
    assert said(**part).count(". ") == 0
    assert said(**part).endswith(".")

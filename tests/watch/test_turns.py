"""Taking one's turn, and how it is noted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils.module_loading import import_string

from freeze_alerts import tasks
from freeze_alerts.watch import claims, turns
from freeze_alerts.watch.duties import DUTIES, Duty, duty
from freeze_alerts.watch.models import Heartbeat
from freeze_alerts.watch.turns import Turn

pytestmark = pytest.mark.django_db(transaction=True)

DONE: list[str] = []


def sweep_floor() -> None:
    DONE.append("swept")


def stumble() -> None:
    raise ValueError("over the cat")


def look_in_the_empty_bowl() -> bool:
    DONE.append("looked")
    return False


BOWL = Duty("look_in_the_empty_bowl", timedelta(days=7), f"{__name__}.look_in_the_empty_bowl")
FLOOR = Duty("sweep_floor", timedelta(minutes=5), f"{__name__}.sweep_floor")
CAT = Duty("stumble", timedelta(minutes=5), f"{__name__}.stumble")


@pytest.fixture(autouse=True)
def _nothing_done(monkeypatch):
    DONE.clear()
    monkeypatch.setattr(turns, "_alone", {})


@pytest.fixture
def no_database(monkeypatch):
    def away(*_args, **_how):
        raise OperationalError("connection refused")

    monkeypatch.setattr(claims, "claim", away)


@pytest.mark.parametrize("each", DUTIES, ids=lambda each: each.name)
def test_each_duty_has_a_callable_and_a_task_of_its_name(each):
    assert callable(import_string(each.run))
    assert getattr(tasks, each.name).name == f"freeze_alerts.tasks.{each.name}"


def test_no_two_duties_share_a_name():
    assert len({each.name for each in DUTIES}) == len(DUTIES)


def test_who_asks_for_a_duty_that_is_none_hears_so():
    with pytest.raises(LookupError, match="iron_shirts"):
        duty("iron_shirts")


def test_a_turn_is_done_once_and_noted():
    assert [turns.take(FLOOR), turns.take(FLOOR)] == [Turn.DONE, Turn.NOT_DUE]
    assert DONE == ["swept"]
    row = Heartbeat.objects.get()
    assert row.at is not None
    assert row.lease_until is None


def test_a_duty_that_raises_is_logged_and_counted(caplog):
    assert turns.take(CAT) is Turn.FAILED
    assert "stumble failed" in caplog.text
    row = Heartbeat.objects.get()
    assert (row.failures, row.detail, row.lease_until) == (1, "ValueError: over the cat", None)


def test_a_duty_whose_code_is_gone_fails_like_any_other(caplog):
    assert turns.take(Duty("gone", timedelta(minutes=5), "no.such.thing")) is Turn.FAILED


def test_without_a_database_there_is_no_turn(no_database):
    with pytest.raises(OperationalError):
        turns.take(FLOOR)
    assert DONE == []


def test_but_what_is_worth_doing_all_the_same_is_done_at_its_interval(no_database, monkeypatch):
    steady = Duty("sweep_floor", timedelta(minutes=5), FLOOR.run, without_database=True)
    assert turns.take(steady) is Turn.DONE
    with pytest.raises(OperationalError):
        turns.take(steady)
    turns._alone["sweep_floor"] -= 300
    assert turns.take(steady) is Turn.DONE
    assert DONE == ["swept", "swept"]


def test_what_found_nothing_to_do_it_on_stays_due():
    for _ in range(2):
        assert turns.take(BOWL) is Turn.DONE
    assert DONE == ["looked", "looked"]
    row = Heartbeat.objects.get(name=claims.row_name(BOWL))
    assert (row.at is not None, row.failures, row.lease_until) == (True, 0, None)

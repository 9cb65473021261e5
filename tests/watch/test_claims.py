"""Whose turn it is: under every clock, crash and race."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from freeze_alerts.watch import claims
from freeze_alerts.watch.duties import Duty
from freeze_alerts.watch.models import Heartbeat
from tests.outbox.passes import NOON
from tests.processes import start_python

pytestmark = pytest.mark.django_db(transaction=True)

FIVE = Duty("sweep_floor", timedelta(minutes=5), "builtins.list")
DAILY = Duty("tell_summary", timedelta(days=1), "builtins.list", hour=8)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def do(duty: Duty = FIVE, **how) -> bool:
    """Claim it and do it at once; whether there was a turn."""
    claim = claims.claim(duty, **how)
    return claim is not None and claims.done(claim)


def test_a_duty_that_nobody_ever_did_is_due(clock):
    assert do()


def test_it_is_due_again_after_its_interval(clock):
    do()
    clock.shift(timedelta(minutes=4, seconds=59))
    assert not do()
    clock.shift(timedelta(seconds=1))
    assert do()


def test_beat_may_come_a_little_early(clock):
    do()
    clock.shift(timedelta(minutes=4))
    assert do(early=timedelta(minutes=2))


def test_while_somebody_is_at_it_nobody_else_begins(clock):
    assert claims.claim(FIVE)
    clock.shift(timedelta(minutes=9))
    assert claims.claim(FIVE) is None


def test_the_duty_of_one_who_died_is_taken_over_when_its_limit_is_past(clock):
    claims.claim(FIVE)
    clock.shift(FIVE.limit + timedelta(seconds=1))
    assert claims.claim(FIVE)


def test_a_daily_duty_left_by_one_who_died_does_not_wait_for_tomorrow(clock):
    claims.claim(DAILY)
    clock.shift(DAILY.limit + timedelta(seconds=1))
    assert claims.claim(DAILY)


def test_who_comes_back_too_late_notes_nothing(clock):
    late = claims.claim(FIVE)
    clock.shift(FIVE.limit + timedelta(seconds=1))
    claims.claim(FIVE)
    assert not claims.done(late)
    assert not claims.failed(late, ValueError())
    assert Heartbeat.objects.get().lease_until is not None


def test_what_failed_is_tried_again_at_the_next_tick(clock):
    claims.failed(claims.claim(DAILY), OSError("no space"))
    assert not do(DAILY)
    clock.shift(DAILY.tick)
    assert do(DAILY)
    assert Heartbeat.objects.get().failures == 0


def test_a_failure_is_kept_without_secrets(clock):
    claims.failed(
        claims.claim(FIVE), OSError("https://discord.com/api/webhooks/123456789012345678/to-ken_" + "x" * 60)
    )
    row = Heartbeat.objects.get()
    assert (row.failures, row.at) == (1, None)
    assert row.detail.startswith("OSError")
    assert "xxxx" not in row.detail


def test_a_daily_duty_is_done_once_a_day_from_its_hour_on(settings):
    """In Amsterdam, over the night the clocks are put back."""
    settings.TIME_ZONE = "Europe/Amsterdam"
    start, done = datetime(2026, 10, 24, 0, 30, tzinfo=UTC), []
    with time_machine.travel(start, tick=False) as traveller:
        for _ in range(48 * 4):
            if do(DAILY, early=timedelta(minutes=7)):
                done.append(datetime.now(tz=UTC))
            traveller.shift(timedelta(minutes=15))
    first, *others = [each.isoformat()[5:16] for each in done]
    assert first == "10-24T00:30"  # never done before
    assert others == ["10-24T06:00", "10-25T07:00"]


def test_a_clock_that_is_put_back_by_an_hour_stops_no_duty(clock):
    do()
    clock.shift(-timedelta(hours=1))
    assert do()


def test_nor_does_one_that_was_ahead_while_somebody_died(clock):
    claims.claim(FIVE)
    clock.shift(-timedelta(hours=5))
    assert do()


def test_a_clock_that_jumps_ahead_costs_one_turn_too_many_and_no_more(clock):
    do()
    clock.shift(timedelta(days=400))
    assert do()
    assert not do()


def test_each_host_has_its_own_turn(clock, settings):
    mine = Duty("check_disk", timedelta(minutes=5), "builtins.list", per_host=True)
    for host in ("web1", "web2"):
        settings.FREEZE_ALERTS = {"DISK": {"HOST": host}}
        assert do(mine)
    assert not do(mine)
    assert set(Heartbeat.objects.values_list("name", flat=True)) == {"duty:check_disk@web1", "duty:check_disk@web2"}


def test_without_time_zones_it_works_as_well(settings):
    settings.USE_TZ = False
    assert do()
    assert not do()
    assert do(DAILY)
    assert not do(DAILY)


CLAIM_A_HUNDRED = """
    import sys
    from datetime import timedelta
    from freeze_alerts.watch import claims
    from freeze_alerts.watch.duties import Duty
    print("ready", flush=True)
    sys.stdin.readline()
    won = [number for number in range(100)
           if claims.claim(Duty(f"duty-{number}", timedelta(minutes=5), "builtins.list"))]
    print("won", *won, flush=True)
"""


def test_of_eight_processes_at_once_each_turn_is_ones_alone():
    racers = [start_python(CLAIM_A_HUNDRED) for _ in range(8)]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    won = [number for racer in racers for number in racer.stdout.read().split()[1:]]
    assert sorted(won, key=int) == [str(number) for number in range(100)]

from __future__ import annotations

import threading

from freeze_alerts.watch import guard
from freeze_alerts.watch.guard import Guard
from tests.processes import wait_until


def test_what_is_over_in_time_hangs_no_more():
    ours = Guard(lambda *_: None)
    with ours.watching("counting", 5):
        begun = ours.under_way[0].begun
        assert ours.hanging(begun + 5) is None
        assert ours.hanging(begun + 5.1).what == "counting"
    assert ours.hanging(begun + 1000) is None


def test_of_several_that_hang_the_first_is_named():
    ours = Guard(lambda *_: None)
    with ours.watching("counting", 5), ours.watching("counting again", 1):
        assert ours.hanging(ours.under_way[0].begun + 100).what == "counting"


def test_a_process_that_was_paused_did_not_hang():
    ours = Guard(lambda *_: None)
    with ours.watching("counting", 5):
        begun = ours.under_way[0].begun
        ours.forgive(1000)
        assert ours.hanging(begun + 1004) is None


def test_whoever_hangs_is_given_up_once(monkeypatch):
    monkeypatch.setattr(guard, "TICK_SECONDS", 0.01)
    given_up, done = [], threading.Event()
    ours = Guard(lambda what, seconds: given_up.append((what, seconds)))
    ours.start()
    with ours.watching("counting", 0.05):
        wait_until(lambda: given_up)
        done.wait(0.1)
    ((what, seconds),) = given_up
    assert (what, seconds > 0.05) == ("counting", True)

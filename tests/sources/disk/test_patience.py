from __future__ import annotations

import threading

import pytest

from freeze_alerts.sources.disk import patience


def test_an_answer_is_handed_on() -> None:
    assert patience.within(5, "four", lambda: 2 + 2) == 4


def test_a_failure_is_handed_on() -> None:
    def fail() -> None:
        raise PermissionError(13, "Permission denied")

    with pytest.raises(PermissionError, match="Permission denied"):
        patience.within(5, "failure", fail)


def test_a_question_that_times_out_by_itself_is_handed_on_and_asked_again() -> None:
    def fail() -> None:
        raise TimeoutError(110, "Connection timed out")

    for _ in range(2):
        with pytest.raises(TimeoutError, match="Connection timed out"):
            patience.within(5, "network mount", fail)


def test_a_silent_filesystem_is_left_behind_and_not_asked_twice() -> None:
    release, asked = threading.Event(), []

    def hang() -> None:
        asked.append(1)
        release.wait(30)

    with pytest.raises(TimeoutError, match=r"did not answer within 0\.05 s"):
        patience.within(0.05, "dead mount", hang)
    with pytest.raises(TimeoutError, match="still not answered"):
        patience.within(30, "dead mount", hang)
    assert len(asked) == 1
    release.set()


def test_a_filesystem_that_comes_back_is_asked_again() -> None:
    release = threading.Event()
    with pytest.raises(TimeoutError):
        patience.within(0.05, "slow mount", lambda: release.wait(30))
    release.set()
    patience._left_behind["slow mount"].join(10)
    assert patience.within(5, "slow mount", lambda: "back") == "back"

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection, connections

from freeze_alerts.diagnosis.budget import LONGEST_TEXT, Skip, Step, run_steps
from freeze_alerts.discord.message import Finding, Outcome


@pytest.fixture
def release() -> Iterator[threading.Event]:
    """Lets the steps go that hang on it, at the end at the latest."""
    event = threading.Event()
    yield event
    event.set()


def fails_with(problem: BaseException) -> Callable[[], str]:
    def fail() -> str:
        raise problem

    return fail


def only(run: Callable[[], str], *, limit: float = 5.0) -> Finding:
    (finding,) = run_steps([Step("df -h", run, limit)])
    return finding


def test_a_step_that_works_shows_what_came_out() -> None:
    finding = only(lambda: "91.2 % used")
    assert (finding.step, finding.outcome, finding.text) == ("df -h", Outcome.OK, "91.2 % used")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "ConnectionRefusedError: [Errno 111] Connection refused"),
        (ValueError("first line\nsecond line"), "ValueError: first line"),  # a finding is one line of a card
        (KeyError(), "KeyError"),  # nothing to say but its name
        (SystemExit(1), "SystemExit: 1"),  # a step can't end the deliverer
        (KeyboardInterrupt(), "KeyboardInterrupt"),
        (ValueError("x" * 500), "ValueError: " + "x" * 187 + "…"),
    ],
)
def test_a_step_that_fails_says_why(problem: BaseException, text: str) -> None:
    finding = only(fails_with(problem))
    assert (finding.outcome, finding.text) == (Outcome.FAILED, text)


def test_a_step_with_nothing_to_say_is_skipped_with_its_reason() -> None:
    finding = only(fails_with(Skip("only taken on web1")))
    assert (finding.outcome, finding.text) == (Outcome.SKIPPED, "only taken on web1")


def test_a_step_that_hangs_is_left_behind(release: threading.Event) -> None:
    finding = only(lambda: str(release.wait(60)), limit=0.05)
    assert finding == Finding("df -h", Outcome.TIMED_OUT, "no answer within 0.05 s", 0.05)


def test_the_budget_ends_a_step_before_its_own_limit(release: threading.Event) -> None:
    slow = Step("du", lambda: str(release.wait(60)), 60)
    outcomes = [each.outcome for each in run_steps([slow, Step("df", lambda: "ok", 60)], budget_seconds=0.2)]
    assert outcomes == [Outcome.TIMED_OUT, Outcome.OK]


def test_hanging_steps_cost_the_time_of_one(release: threading.Event) -> None:
    started = time.monotonic()
    steps = [Step(str(number), lambda: str(release.wait(60)), 0.3) for number in range(20)]
    assert {each.outcome for each in run_steps(steps)} == {Outcome.TIMED_OUT}
    assert time.monotonic() - started < 20 * 0.3


def test_a_step_that_answers_after_its_limit_has_timed_out_whoever_is_waited_for() -> None:
    late_is_done = threading.Event()

    def answer_late() -> str:
        time.sleep(0.1)
        late_is_done.set()
        return "late"

    steps = [Step("waited for", lambda: str(late_is_done.wait(60)), 5), Step("late", answer_late, 0.05)]
    assert [each.outcome for each in run_steps(steps)] == [Outcome.OK, Outcome.TIMED_OUT]


def test_steps_run_at_once_and_keep_their_order() -> None:
    both = threading.Barrier(3, timeout=10)
    steps = [Step(name, lambda: str(both.wait() >= 0), 10) for name in ("first", "second", "third")]
    findings = run_steps(steps)
    assert [(each.step, each.outcome) for each in findings] == [
        (name, Outcome.OK) for name in ("first", "second", "third")
    ]


def test_no_time_at_all_skips_every_step() -> None:
    (finding,) = run_steps([Step("df", lambda: "ok", 5)], budget_seconds=0)
    assert (finding.outcome, finding.text) == (Outcome.SKIPPED, "no time left")


def test_no_steps_give_no_findings() -> None:
    assert run_steps([]) == []


def test_a_machine_out_of_threads_fails_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert only(lambda: "ok").text == "RuntimeError: can't start new thread"


def test_a_long_text_is_cut() -> None:
    text = only(lambda: "x" * 5000).text
    assert len(text) == LONGEST_TEXT
    assert text.endswith("x…")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("postgresql://shop:hunter2@db:5432/shop is away", "postgresql://…@db:5432/shop is away"),
        (
            "POST https://discord.com/api/v10/webhooks/12/aB-c_9 failed",
            "POST https://discord.com/api/v10/webhooks/12/… failed",
        ),
        ("password=hunter2 rejected", "password=… rejected"),
        ("{'token': 'abc'}", "{'token': …"),
        ("API_KEY: abc", "API_KEY: …"),
        ("Authorization: Bearer hunter2 refused", "Authorization: … refused"),
        ("the tokens ran out", "the tokens ran out"),  # a word is no secret
    ],
)
def test_secrets_are_not_shown(said: str, shown: str) -> None:
    assert only(lambda: said).text == shown
    assert only(fails_with(OSError(said))).text == f"OSError: {shown}"


def test_a_failure_is_logged_in_full(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        only(fails_with(ValueError("why")))
    assert "the step 'df -h' of a diagnosis failed" in caplog.text
    assert "Traceback" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_the_connections_of_a_step_are_closed_with_it() -> None:
    used: list[object] = []

    def query() -> str:
        connection.ensure_connection()
        used.append(connections["default"])
        return "ok"

    assert only(query).outcome is Outcome.OK
    deadline = time.monotonic() + 10
    while used[0].connection is not None:  # type: ignore[attr-defined]
        assert time.monotonic() < deadline
        time.sleep(0.01)

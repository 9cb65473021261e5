"""The first steps of the runbook, taken all at once and against the clock.

A diagnosis must never hold back the alert it belongs to, and a step that fails is a finding too: each step ends
in a visible outcome.
"""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connections

from freeze_alerts.conf import FreezeAlertsError
from freeze_alerts.discord.message import Finding, Outcome

logger = logging.getLogger(__name__)

BUDGET_SECONDS = 8.0
LONGEST_TEXT = 900
LONGEST_REASON = 200

_SECRETS = (
    (re.compile(r"(?<=://)[^\s/@]+@"), "…@"),
    (re.compile(r"(/webhooks/\d+/)[\w-]+"), r"\1…"),
    (
        re.compile(
            r"(?i)\b(password|passwd|secret|token|api_?key|authorization)(['\"]?\s*[=:]\s*)(?:(?:bearer|basic)\s+)?\S+"
        ),
        r"\1\2…",
    ),
)


class Skip(FreezeAlertsError):
    """This step has nothing to say here."""


@dataclass(frozen=True)
class Step:
    """One thing to run. ``run`` returns what to show, raises Skip with a reason, or fails."""

    name: str
    run: Callable[[], str]
    limit_seconds: float


def run_steps(steps: Sequence[Step], budget_seconds: float = BUDGET_SECONDS) -> list[Finding]:
    """One finding a step, in their order, within the budget; never raises.

    A step still running at its limit is left behind in its daemon thread: threads can't be ended, so whatever a
    step starts outside this process must bring a limit of its own.
    """
    runs = [_Run(step, min(step.limit_seconds, budget_seconds)) for step in steps]
    for each in runs:
        each.start()
    return [each.finding() for each in runs]


class _Run:
    """A step on its way. Written to by its thread until ``_done`` is set, and only read afterwards."""

    def __init__(self, step: Step, limit_seconds: float) -> None:
        self._step = step
        self._limit_seconds = limit_seconds
        self._done = threading.Event()
        self._started = time.monotonic()
        self._finding = Finding(step.name, Outcome.SKIPPED, "not run")

    def start(self) -> None:
        if self._limit_seconds <= 0:
            self._end(Outcome.SKIPPED, "no time left")
            return
        thread = threading.Thread(target=self._work, name=f"freeze-alerts {self._step.name}", daemon=True)
        try:
            thread.start()
        except RuntimeError as problem:
            self._end(Outcome.FAILED, _reason(problem))

    def finding(self) -> Finding:
        """How it went; waits until the limit at the most."""
        limit = self._limit_seconds
        left = self._started + limit - time.monotonic()
        if self._done.wait(max(0.0, left)) and (limit <= 0 or self._finding.seconds <= limit):
            return self._finding
        return Finding(self._step.name, Outcome.TIMED_OUT, f"no answer within {limit:g} s", limit)

    def _work(self) -> None:
        try:
            self._end(Outcome.OK, _cut(_redacted(str(self._step.run())), LONGEST_TEXT))
        except Skip as reason:
            self._end(Outcome.SKIPPED, _cut(_redacted(str(reason)), LONGEST_REASON))
        except BaseException as problem:  # even SystemExit is only this step's failure
            logger.info("the step %r of a diagnosis failed", self._step.name, exc_info=True)
            self._end(Outcome.FAILED, _reason(problem))
        finally:
            with contextlib.suppress(Exception):
                connections.close_all()

    def _end(self, outcome: Outcome, text: str) -> None:
        self._finding = Finding(self._step.name, outcome, text, time.monotonic() - self._started)
        self._done.set()


def _reason(problem: BaseException) -> str:
    """``OperationalError: connection refused``: the class, and the first line of what it says."""
    said = str(problem).strip().partition("\n")[0]
    name = type(problem).__name__
    return _cut(_redacted(f"{name}: {said}" if said else name), LONGEST_REASON)


def _redacted(text: str) -> str:
    for secret, instead in _SECRETS:
        text = secret.sub(instead, text)
    return text


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"

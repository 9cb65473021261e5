"""Eight processes meet the same error at the same moment."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.errors import issues
from freeze_alerts.sources.errors.models import ErrorMinute, Issue, IssueMinute
from tests import processes
from tests.sources.errors.records import book, kind

pytestmark = pytest.mark.django_db(transaction=True)

PROCESSES, ERRORS, BOOKINGS = 8, 5, 4
IN_ALL = PROCESSES * ERRORS * BOOKINGS
RACER = f"""
import sys
from freeze_alerts.sources.errors import intake
from tests.sources.errors.records import kind
print("ready", flush=True)
sys.stdin.readline()
for turn in range({BOOKINGS}):
    for number in range({ERRORS}):
        intake.put(kind("raced", user=f"user {{number}}"))
    assert intake.flush(120)
print("done", flush=True)
"""


def _race() -> None:
    racers = [processes.start_python(RACER) for _ in range(PROCESSES)]
    for racer in racers:
        processes.read_until(racer, "ready", timeout_seconds=120)
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        processes.read_until(racer, "done", timeout_seconds=120)
        assert racer.wait(60) == 0


def _counts() -> tuple[int, int, int, int]:
    issue = Issue.objects.get()
    minutes = (sum(model.objects.values_list("count", flat=True)) for model in (IssueMinute, ErrorMinute))
    return (issue.occurrences, issue.users, *minutes)  # type: ignore[return-value]


def test_a_new_issue_is_found_once_and_every_error_counted() -> None:
    _race()
    assert _counts() == (IN_ALL, ERRORS, IN_ALL, IN_ALL)
    assert sorted(Alert.objects.values_list("type", "severity")) == [
        ("errors.new_issue", "medium"), ("errors.spike", "critical"),
    ]  # fmt: skip
    assert Alert.objects.get(type="errors.new_issue").occurrences == 1


def test_a_regression_is_told_once() -> None:
    book(kind("raced"))
    assert issues.resolve(Issue.objects.get(), by="ann")
    Issue.objects.update(resolved_at=timezone.now() - timedelta(hours=1))
    _race()
    issue = Issue.objects.get()
    assert (issue.occurrences, issue.status, issue.times_regressed) == (IN_ALL + 1, "open", 1)
    (alert,) = Alert.objects.filter(type="errors.regression")
    assert (alert.occurrences, alert.ended) == (1, False)

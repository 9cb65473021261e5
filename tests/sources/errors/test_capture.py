"""Real processes, as a project's own are: what they meet is what the judge hears of."""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from freeze_alerts.sources.errors.models import Issue
from tests import processes
from tests.sources.errors.sentry_server import Sentry, sentry_server

pytestmark = pytest.mark.django_db(transaction=True)

HOST_SETTINGS = "tests.sources.errors.host_settings"
WAYS = ("never", "before", "after", "twice", "named")
PAID = "Broken: order {} can't be paid with [number]"


@pytest.fixture
def sentry() -> Iterator[Sentry]:
    with sentry_server() as server:
        yield server


def _run(when: str, *what: str, code: int = 0, **environment: str) -> str:
    """What the project says on its way to the end."""
    command = [sys.executable, "-m", "tests.sources.errors.host_project", when, *what]
    process = processes.start(command, **{"DJANGO_SETTINGS_MODULE": HOST_SETTINGS, **environment})
    said, _ = process.communicate(timeout=120)
    assert process.returncode == code, said
    return said


def _issues() -> dict[str, int]:
    return dict(Issue.objects.values_list("title", "occurrences"))


@pytest.mark.parametrize("when", WAYS)
def test_errors_are_caught_whenever_the_project_calls_sentrys_init(when: str) -> None:
    _run(when, "view", "log", "thread", "message", "noise")
    expected = {PAID.format(8): 1, "order %s is lost": 1, PAID.format(2): 1, "the supplier is down": 1}
    assert _issues() == expected


@pytest.mark.parametrize("when", ["never", "before"])
def test_an_asynchronous_view_is_listened_to_as_well(when: str) -> None:
    _run(when, "async_view")
    assert _issues() == {PAID.format(9): 1}
    assert Issue.objects.get().sample["transaction"] == "/broken-async/"


@pytest.mark.parametrize("when", WAYS[1:])
def test_what_the_project_sends_to_its_sentry_arrives_there(when: str, sentry: Sentry) -> None:
    _run(when, "view", "log", "thread", "message", SENTRY=sentry.dsn)
    assert len(sentry.events) == 5  # the word of level info, too
    assert sum(_issues().values()) == 4


def test_what_goes_to_sentry_is_the_same_with_us_and_without(sentry: Sentry) -> None:
    what = ("view", "log", "thread", "message")
    _run("before", *what, SENTRY=sentry.dsn)
    with_us = sentry.payloads.copy()
    sentry.payloads.clear()
    _run("before", *what, SENTRY=sentry.dsn, WITHOUT_FREEZE_ALERTS="yes")
    assert sum(_issues().values()) == 4
    assert [_timeless(each) for each in with_us] == [_timeless(each) for each in sentry.payloads]


def _timeless(payload: bytes) -> bytes:
    """The bytes of an event, but for its numbers, its moments and its process."""
    payload = re.sub(rb'"(event_id|trace_id|span_id|parent_span_id)":"[0-9a-f]+"', rb'"\1":""', payload)
    payload = re.sub(rb'"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+(Z|\+00:00)"', b'""', payload)
    return re.sub(rb'[0-9]{12,}|0x[0-9a-f]+|"[0-9]+\.[0-9]{5,}"', b"", payload)


@pytest.mark.parametrize("when", WAYS)
def test_what_ends_the_process_is_booked_before_its_end(when: str) -> None:
    said = _run(when, "uncaught", code=1)
    assert "order 3 can't be paid" in said  # Python's own words are not lost
    assert _issues() == {PAID.format(3): 1}


@pytest.mark.parametrize("when", ["never", "before"])
def test_what_is_logged_and_raised_is_one_error(when: str) -> None:
    _run(when, "logged_and_raised", code=1)
    assert list(_issues().values()) == [1]


@pytest.mark.parametrize("when", ["never", "before"])
def test_a_forked_process_books_its_own(when: str) -> None:
    _run(when, "fork")
    assert Counter(_issues()) == {"order %s is lost": 2, PAID.format(4): 1}


def test_without_an_error_sentry_sdk_is_not_even_loaded() -> None:
    told = processes.run_python(
        """
        import sys
        from django.test import Client
        Client().get("/admin/login/")
        print("sentry_sdk" in sys.modules)
        """
    )
    assert told.stdout.strip() == "False", told.stderr


def test_django_is_left_as_it_is_by_a_client_of_ours() -> None:
    told = processes.run_python(
        """
        import logging, sys
        from django.core.handlers.base import BaseHandler
        from django.db.backends.utils import CursorWrapper
        before = BaseHandler.get_response, CursorWrapper.execute
        logging.getLogger("shop").error("lost")
        import sentry_sdk
        print(sentry_sdk.is_initialized(), before == (BaseHandler.get_response, CursorWrapper.execute))
        print(repr(sentry_sdk.get_client().dsn), logging.getLogRecordFactory())
        """
    )
    assert told.stdout.split("\n")[:2] == ["True True", "'' <class 'logging.LogRecord'>"], told.stderr


def test_where_sentry_judges_nothing_is_counted_here(sentry: Sentry) -> None:
    settings = '{"ERRORS": {"JUDGE": "sentry"}, "DELIVERY": {"DOORBELL": "none"}}'
    _run("before", "view", "log", SENTRY=sentry.dsn, FREEZE_ALERTS_TEST_SETTINGS=settings)
    assert (len(sentry.events), _issues()) == (2, {})

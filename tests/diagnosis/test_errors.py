from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from celery import Celery
from django.core.cache import caches
from django.db import connections

from freeze_alerts import diagnosis
from freeze_alerts.alerts.models import Alert
from freeze_alerts.diagnosis import errors, services
from freeze_alerts.diagnosis.budget import Step, run_steps
from freeze_alerts.discord.message import Finding, Outcome
from freeze_alerts.sources.errors import issues
from freeze_alerts.sources.errors.models import Issue
from tests.factories import AlertFactory
from tests.outbox.passes import NOON
from tests.sources.errors.records import book, frame, kind, record

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60.0


@pytest.fixture(autouse=True)
def _no_providers(settings: Any) -> None:
    settings.FREEZE_ALERTS = {"PROVIDERS": {}, "DELIVERY": {"DOORBELL": "none"}}


@pytest.fixture(autouse=True)
def _all_the_time_in_the_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is found is tested here; how long it may take is the budget's affair."""
    monkeypatch.setattr(errors, "_LIMIT_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(services, "_LIMIT_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(services, "EACH_SECONDS", PATIENCE_SECONDS)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@dataclass(frozen=True)
class Told:
    """As much of an alert as these findings ask for."""

    key: str


def found(steps: list[Step]) -> dict[str, Finding]:
    return {each.step: each for each in run_steps(steps, PATIENCE_SECONDS)}


def about(issue: Issue) -> dict[str, Finding]:
    return found(errors.issue_steps(Told(issue.key)))


def test_an_issue_tells_how_often_whom_when_and_in_which_release(clock: Any) -> None:
    book(record(user="ann", release="1.2"), record(user="bob", release="1.2"))
    clock.shift(timedelta(minutes=20))
    book(record(user="ann", release="1.3"))
    finding = about(Issue.objects.get())["How bad it is"]
    assert finding.outcome is Outcome.OK
    assert finding.text == "3 times, 2 users; first 13:00, last 13:20\nin release 1.2, 1.3"


def test_an_issue_without_users_and_releases_says_neither() -> None:
    book(record())
    assert about(Issue.objects.get())["How bad it is"].text == "1 time; first 13:00, last 13:00"


def test_many_releases_are_the_last_four(clock: Any) -> None:
    for number in range(6):
        clock.shift(timedelta(days=1))
        book(record(release=f"1.{number}"))
    text = about(Issue.objects.get())["How bad it is"].text
    assert text.endswith("in release 2 earlier, 1.2, 1.3, 1.4, 1.5")
    assert "first 16 Jan 2026 13:00, last 13:00" in text


def test_a_regression_tells_who_had_resolved_it_and_how_often_it_came_back(clock: Any) -> None:
    book(record())
    for _ in range(2):
        issues.resolve(Issue.objects.get(), by="Ada")
        clock.shift(timedelta(hours=1))
        book(record())
    text = about(Issue.objects.get())["How bad it is"].text
    assert text.endswith("back for the 2nd time; resolved 14:00 by Ada")


@pytest.mark.parametrize(
    ("number", "words"), [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (22, "22nd")]
)
def test_how_often_is_said_as_a_person_would(number: int, words: str) -> None:
    assert errors._ordinal(number) == words


def test_the_line_is_the_projects_own_and_scrubbed() -> None:
    own = frame("pay", "shop.checkout")
    theirs = frame("send", "requests.api", in_app=False)
    book(record(frames=(own, theirs)))
    finding = about(Issue.objects.get())["The line it came from"]
    assert finding.text == "shop/checkout.py:12 in pay\npay(order)"


def test_what_was_only_logged_has_no_line() -> None:
    book(record(type="", types=(), frames=(), logger="shop", template="no stock left"))
    finding = about(Issue.objects.get())["The line it came from"]
    assert (finding.outcome, "logged, not raised" in finding.text) == (Outcome.SKIPPED, True)


@pytest.mark.parametrize("key", ["sentry:1117540176", "issue:99", "issue:x", "of-the-project"])
def test_an_issue_that_is_not_kept_here_is_skipped(key: str) -> None:
    assert {each.outcome for each in found(errors.issue_steps(Told(key))).values()} == {Outcome.SKIPPED}


def test_many_new_issues_at_once_are_listed() -> None:
    book(kind("one"), kind("two"), kind("two"))
    finding = found(errors.issue_steps(Told("issues:2026-01-15T12")))["Top issues of the hour"]
    assert finding.text == "2 × ValueError: two (shop.checkout.pay)\n1 × ValueError: one (shop.checkout.pay)"


def test_a_spike_tells_its_issues_its_release_and_which_services_answer() -> None:
    book(kind("old", release="1.2"))
    book(*(kind("new", release="1.3") for _ in range(9)), kind("newer", release="1.3"))
    shown = found(errors.spike_steps(Told("errors:spike")))
    assert shown["Top issues of the hour"].text.startswith("9 × ValueError: new")
    assert shown["Release"].text == "1.3; 2 of the top 3 issues began with it"
    assert shown["Services"].text == "database default: up\ncache: up"


def test_a_spike_of_a_known_release_says_that_it_is_not_the_release(settings: Any) -> None:
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "RELEASE": "1.4"}
    book(kind("old", release="1.2"))
    assert found(errors.spike_steps(Told("errors:spike")))["Release"].text == "1.4; no top issue began with it"


def test_a_spike_without_issues_and_releases_says_so() -> None:
    shown = found(errors.spike_steps(Told("errors:spike")))
    assert {shown[name].outcome for name in ("Top issues of the hour", "Release")} == {Outcome.SKIPPED}


def test_a_service_that_does_not_answer_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(type(caches["default"]), "get", refuse)
    text = found([services.step()])["Services"].text
    assert "database default: up" in text
    assert "cache: does not answer: ConnectionRefusedError: [Errno 111] Connection refused" in text


def test_a_broker_that_is_there_answers_and_another_does_not(
    redis_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, said in ((redis_server.url, "broker: up"), ("redis://127.0.0.1:9/0", "broker: does not answer")):
        with Celery("shop", set_as_current=False, broker=url) as app:
            monkeypatch.setattr(services.doorbell, "celery_app", lambda app=app: app)
            assert said in found([services.step()])["Services"].text


@pytest.mark.parametrize(
    ("alert_type", "steps"),
    [
        ("errors.new_issue", ["How bad it is", "The line it came from"]),
        ("errors.regression", ["How bad it is", "The line it came from"]),
        ("errors.spike", ["Top issues of the hour", "Release", "Services"]),
        ("payments.error", ["How bad it is", "The line it came from", "check_payments"]),
        ("payments.spike", ["Top issues of the hour", "check_payments"]),
    ],
)
def test_each_of_the_five_has_its_findings(alert_type: str, steps: list[str]) -> None:
    book(record(payment=True))
    alert = AlertFactory(type=alert_type, key=Issue.objects.get().key, open_key=None)
    diagnosis.diagnose([alert])
    assert [each["step"] for each in Alert.objects.get(pk=alert.pk).findings] == steps


def test_the_top_payment_issues_are_those_of_payments_alone() -> None:
    book(kind("basket"), kind("declined", payment=True, payment_id="tr_1"))
    (finding,) = run_steps([errors.top_issues(payment=True)], PATIENCE_SECONDS)
    assert finding.text == "1 × ValueError: declined (shop.checkout.pay)"


def test_with_the_database_away_each_finding_fails_and_the_card_goes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionError("no database")

    book(record())
    alert = Told(Issue.objects.get().key)
    monkeypatch.setattr(type(connections["default"]), "cursor", refuse)
    outcomes = {each.outcome for each in run_steps(errors.issue_steps(alert), PATIENCE_SECONDS)}
    assert outcomes == {Outcome.FAILED}

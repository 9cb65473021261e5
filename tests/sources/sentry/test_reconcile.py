"""What no webhook told is found by asking, told once, and said."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.sentry import inbox
from freeze_alerts.sources.sentry.models import SentryDelivery, SentryRule
from freeze_alerts.watch.duties import duty
from freeze_alerts.watch.sentry import ask_sentry
from tests.sources.sentry.server import SentryServer
from tests.sources.sentry.webhooks import SECRET, event_alert, issue, metric_alert, post

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "freeze production: new issue"


@pytest.fixture(autouse=True)
def _sentry_judges(sentry: SentryServer, configure: Any) -> None:
    configure({"WEBHOOK_SECRETS": [SECRET]}, ERRORS={"JUDGE": "sentry"})


def an_issue(number: str = "7", *, minutes_ago: float = 20, **changes: Any) -> dict[str, Any]:
    seen = (timezone.now() - timedelta(minutes=minutes_ago)).isoformat()
    return {
        "id": number, "shortId": f"BACKEND-{number}", "title": "KeyError: 'size' of ada@shop.example",
        "culprit": "/basket/", "permalink": f"https://sentry.io/organizations/shop/issues/{number}/",
        "level": "error", "status": "unresolved", "substatus": "new", "firstSeen": seen, "lastSeen": seen, **changes,
    }  # fmt: skip


def types() -> list[str]:
    return sorted(Alert.objects.values_list("type", flat=True))


def test_an_issue_of_which_no_webhook_told_is_told_and_so_is_the_silence(sentry: SentryServer) -> None:
    sentry.found["firstSeen"] = [an_issue("7"), an_issue("8")]
    for _ in range(3):
        ask_sentry()
    assert types() == ["alerting.trouble", "errors.new_issue", "errors.new_issue"]
    alert = Alert.objects.get(key="sentry:7")
    assert (alert.title, alert.link) == (
        "KeyError: 'size' of [e-mail]",
        "https://sentry.io/organizations/shop/issues/7/",
    )
    trouble = Alert.objects.get(type="alerting.trouble")
    assert "2 issues of which no webhook told (BACKEND-7, BACKEND-8)" in trouble.text
    assert trouble.occurrences == 1


def test_a_payment_among_them_is_a_payment_error(sentry: SentryServer) -> None:
    sentry.found["firstSeen"] = [an_issue("7"), an_issue("8")]
    sentry.found["domain:payment"] = [an_issue("8")]
    ask_sentry()
    assert types() == ["alerting.trouble", "errors.new_issue", "payments.error"]


def test_a_regression_is_found_too(sentry: SentryServer) -> None:
    sentry.found["is:regressed"] = [an_issue("7", substatus="regressed")]
    ask_sentry()
    ask_sentry()
    assert types() == ["alerting.trouble", "errors.regression"]


def test_a_regression_is_told_once_a_resolving_however_long_sentry_calls_it_one(
    sentry: SentryServer, client: Any
) -> None:
    sentry.found["is:regressed"] = [an_issue("7", substatus="regressed")]
    assert post(client, "event_alert", event_alert(NEW, issue="7")) == 202  # of old: that was another news
    inbox.work_off()
    with time_machine.travel(timezone.now()) as clock:
        for told, resolve in ((1, False), (1, False), (1, True), (2, False)):
            sentry.found["is:regressed"] = [an_issue("7", substatus="regressed")]
            ask_sentry()
            assert SentryDelivery.objects.filter(action="issue_regressed").count() == told
            clock.shift(timedelta(days=2))
            if resolve:
                assert post(client, "issue", issue("resolved", number="7")) == 202
                clock.shift(timedelta(minutes=40))


def test_what_is_older_than_our_rules_is_not_missed(sentry: SentryServer) -> None:
    SentryRule.objects.create(kind="workflow", name="new issue", sentry_id="1")
    sentry.found["firstSeen"] = [an_issue("7", minutes_ago=30)]
    ask_sentry()
    assert types() == []


def test_what_a_webhook_told_is_not_told_again(sentry: SentryServer, client: Any) -> None:
    assert post(client, "event_alert", event_alert(NEW, issue="7")) == 202
    inbox.work_off()
    sentry.found["firstSeen"] = [an_issue("7")]
    ask_sentry()
    assert types() == ["errors.new_issue"]


def test_a_webhook_has_five_minutes_to_come(sentry: SentryServer) -> None:
    sentry.found["firstSeen"] = [an_issue("7", minutes_ago=4)]
    ask_sentry()
    assert types() == []


def test_a_webhook_that_comes_ends_the_silence(sentry: SentryServer, client: Any) -> None:
    sentry.found["firstSeen"] = [an_issue("7")]
    ask_sentry()
    post(client, "event_alert", event_alert(NEW, issue="9"))
    inbox.work_off()
    assert Alert.objects.get(type="alerting.trouble").ended


def test_a_sentry_that_cannot_be_asked_is_a_trouble_until_it_can(sentry: SentryServer) -> None:
    sentry.answers = [(410, {}, b"")]
    ask_sentry()
    trouble = Alert.objects.get()
    assert "Sentry has withdrawn this address" in trouble.text
    ask_sentry()
    assert Alert.objects.get().ended


def test_a_list_of_two_pages_is_read_to_its_end(sentry: SentryServer) -> None:
    sentry.found["firstSeen"] = [an_issue(str(number)) for number in range(5)]
    ask_sentry()
    assert SentryDelivery.objects.filter(resource="reconcile").count() == 5


def test_the_local_judge_asks_nobody(sentry: SentryServer, configure: Any) -> None:
    configure(ERRORS={"JUDGE": "local"})
    ask_sentry()
    assert sentry.calls == []


SPIKE = "freeze production: error spike"


@pytest.fixture
def spike(sentry: SentryServer, client: Any) -> Any:
    """A spike that a webhook told, of a monitor that has the number 600; heard of ten minutes ago."""
    SentryRule.objects.create(kind="detector", name=SPIKE, sentry_id="600")
    sentry.detectors["600"] = {"id": "600", "name": SPIKE, "type": "metric_issue", "openIssues": 1}
    assert post(client, "metric_alert", metric_alert("critical", SPIKE)) == 202
    inbox.work_off()
    SentryDelivery.objects.update(received_at=timezone.now() - timedelta(minutes=10))
    return lambda: Alert.objects.get(type="errors.spike")


OVER = [
    {"openIssues": 0},
    {"openIssues": None, "latestGroup": {"id": "9", "status": "resolved"}},
]
ON = [
    {"openIssues": 1},
    {"openIssues": None, "latestGroup": {"id": "9", "status": "unresolved"}},
    {"openIssues": None, "latestGroup": None},
    {"openIssues": "0"},
]


@pytest.mark.parametrize("monitor", OVER, ids=str)
def test_a_spike_whose_end_no_webhook_told_ends(sentry: SentryServer, spike: Any, monitor: dict[str, Any]) -> None:
    sentry.detectors["600"] |= monitor
    ask_sentry()
    assert spike().ended
    assert "no webhook told" in spike().text
    asked = len(sentry.calls)
    ask_sentry()
    assert not [path for _, path in sentry.calls[asked:] if "detectors" in path]


@pytest.mark.parametrize("monitor", ON, ids=str)
def test_one_that_goes_on_or_may_go_on_stays(sentry: SentryServer, spike: Any, monitor: dict[str, Any]) -> None:
    sentry.detectors["600"] |= monitor
    ask_sentry()
    assert not spike().ended


def test_one_whose_monitor_was_deleted_ends(sentry: SentryServer, spike: Any) -> None:
    del sentry.detectors["600"]
    ask_sentry()
    assert spike().ended
    assert not Alert.objects.filter(key="sentry:unreachable").exists()


def test_one_that_has_just_been_told_is_left_alone(sentry: SentryServer, spike: Any) -> None:
    sentry.detectors["600"]["openIssues"] = 0
    SentryDelivery.objects.update(received_at=timezone.now())
    ask_sentry()
    assert not spike().ended


def test_one_whose_end_was_told_is_not_asked_for(sentry: SentryServer, spike: Any, client: Any) -> None:
    assert post(client, "metric_alert", metric_alert("resolved", SPIKE)) == 202
    inbox.work_off()
    ask_sentry()
    assert spike().ended
    assert not [path for _, path in sentry.calls if "detectors" in path]


def test_one_of_a_monitor_that_is_not_ours_is_not_asked_for(sentry: SentryServer, spike: Any) -> None:
    SentryRule.objects.all().delete()
    ask_sentry()
    assert not spike().ended
    assert not [path for _, path in sentry.calls if "detectors" in path]


def test_it_is_a_duty() -> None:
    assert duty("reconcile_sentry").interval == timedelta(minutes=15)

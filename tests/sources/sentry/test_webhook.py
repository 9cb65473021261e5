"""From Sentry's webhook to one alert, and what else may be thrown at the door."""

from __future__ import annotations

import hmac
import json
import logging
from datetime import timedelta

import pytest
import time_machine
from django.db import DatabaseError, connection, transaction
from django.test import Client, override_settings
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from freeze_alerts import signals
from freeze_alerts.alerts.models import Alert
from freeze_alerts.delivery import deliver_once
from freeze_alerts.sources.errors import intake
from freeze_alerts.sources.errors.models import Issue
from freeze_alerts.sources.sentry import inbox, receiver
from freeze_alerts.sources.sentry.models import SentryDelivery
from tests.outbox.passes import NOON
from tests.sources.sentry.webhooks import SECRET, URL, event_alert, headers, issue, metric_alert, post, sign

pytestmark = pytest.mark.django_db(transaction=True)

NEW, REGRESSION = "freeze production: new issue", "freeze production: regression"
PAYMENT, SPIKE, PAYMENT_SPIKE = (
    f"freeze production: {each}" for each in ("payment error", "error spike", "payment spike")
)
PAYMENT_TAG = [["domain", "payment"]]
JUDGED_BY_SENTRY = {
    "ERRORS": {"JUDGE": "sentry"},
    "SENTRY": {"PROJECT": "backend", "WEBHOOK_SECRETS": [SECRET]},
    "DELIVERY": {"DOORBELL": "none"},
}


@pytest.fixture(autouse=True)
def _sentry_judges(settings):
    settings.FREEZE_ALERTS = JUDGED_BY_SENTRY


@pytest.fixture(autouse=True)
def _no_errors_of_an_earlier_test():
    intake._intake._take()
    yield
    intake._intake._take()


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def alerts():
    return [(each.type, each.key, each.severity) for each in Alert.objects.order_by("pk")]


def told(client, resource, *bodies):
    """The alerts after these webhooks and a sweep."""
    for body in bodies:
        assert post(client, resource, body) == 202
    inbox.work_off()
    return alerts()


@pytest.mark.parametrize(
    ("resource", "body", "alert"),
    [
        ("event_alert", event_alert(NEW), ("errors.new_issue", "sentry:1117540176", "medium")),
        ("event_alert", event_alert(REGRESSION), ("errors.regression", "sentry:1117540176", "high")),
        ("event_alert", event_alert(PAYMENT), ("payments.error", "sentry:1117540176", "critical")),
        # one error, one message: a payment error is that before it is anything else
        ("event_alert", event_alert(NEW, tags=PAYMENT_TAG), ("payments.error", "sentry:1117540176", "critical")),
        (
            "event_alert",
            event_alert(REGRESSION, tags=PAYMENT_TAG),
            ("payments.error", "sentry:1117540176", "critical"),
        ),
        ("metric_alert", metric_alert("warning", SPIKE), ("errors.spike", "errors:spike", "warning")),
        ("metric_alert", metric_alert("critical", SPIKE), ("errors.spike", "errors:spike", "critical")),
        ("metric_alert", metric_alert("critical", PAYMENT_SPIKE), ("payments.spike", "payments:spike", "critical")),
        # a monitor that calls by the other kind of action comes as an event
        ("event_alert", event_alert(SPIKE, level="warning"), ("errors.spike", "errors:spike", "warning")),
    ],
)
def test_each_rule_becomes_its_alert(client, resource, body, alert):
    assert told(client, resource, body) == [alert]


def test_tags_may_come_as_a_dict(client):
    body = event_alert(NEW)
    body["data"]["event"]["tags"] = {"domain": "payment"}
    assert told(client, "event_alert", body)[0][0] == "payments.error"


def test_what_a_card_shows_comes_from_the_event_and_no_more(client):
    told(
        client, "event_alert", event_alert(PAYMENT, title="PaymentError: card 4111 1111 1111 1111 of ada@shop.example")
    )
    alert = Alert.objects.get()
    assert alert.title == "PaymentError: card [number] of [e-mail]"
    assert alert.fields == [["Where", "/pay/"], ["Release", "shop@1.2.3"]]
    assert (alert.release, alert.link.startswith("https://sentry.io/organizations/shop/issues/")) == (
        "shop@1.2.3",
        True,
    )
    kept = json.dumps([SentryDelivery.objects.get().news, alert.title, alert.text])
    assert not [secret for secret in ("4111", "ada@", "cvv", "vars") if secret in kept]


@pytest.mark.parametrize(
    ("resource", "body", "outcome"),
    [
        ("event_alert", event_alert("somebody else’s rule"), "no rule of ours"),
        ("event_alert", event_alert("freeze staging: new issue"), "no rule of ours"),
        (
            "event_alert",
            event_alert(NEW, url="https://sentry.io/api/0/projects/shop/frontend/events/1/"),
            "another project",
        ),
        ("issue", issue("resolved", project="frontend"), "another project"),
        ("issue", issue("created"), "left to the rules"),
        ("issue", issue("assigned"), "left to the rules"),
        ("issue", issue("unresolved", substatus="ongoing"), "left to the rules"),
        ("metric_alert", metric_alert("critical", "cpu"), "no rule of ours"),
        ("metric_alert", metric_alert("open", SPIKE), "no rule of ours"),
        ("error", {"action": "created", "data": {"error": {}}}, "nothing follows from it"),
        ("installation", {"action": "created"}, "nothing follows from it"),
        ("comment", {}, "nothing follows from it"),
        ("", {}, "nothing follows from it"),
    ],
)
def test_what_is_no_news_is_acknowledged(client, resource, body, outcome):
    assert told(client, resource, body) == []
    assert outcome in SentryDelivery.objects.get().outcome


@pytest.mark.parametrize("action", ["resolved", "archived", "ignored"])
def test_an_issue_that_is_resolved_there_is_ended_here(client, action):
    told(client, "event_alert", event_alert(NEW), event_alert(PAYMENT))
    told(client, "issue", issue(action))
    assert {each.status for each in Alert.objects.all()} == {"resolved"}
    assert Alert.objects.first().acknowledged_by == "Ada"


def test_a_spike_rises_eases_and_ends_as_sentry_says(client):
    for action, expected in (("warning", "warning"), ("critical", "critical"), ("warning", "warning")):
        told(client, "metric_alert", metric_alert(action, SPIKE, number=str(len(SentryDelivery.objects.all()))))
        assert Alert.objects.get().severity == expected
    told(client, "metric_alert", metric_alert("resolved", SPIKE))
    alert = Alert.objects.get()
    assert (alert.ended, alert.peak_value) == (True, 62)


def test_a_regression_without_a_rule_of_ours_is_told_after_a_minute(client, clock):
    assert told(client, "issue", issue("unresolved", substatus="regressed")) == []
    clock.shift(timedelta(minutes=1))
    assert told(client, "issue") == [("errors.regression", "sentry:1117540176", "high")]


def test_a_regression_that_its_rule_has_told_is_not_told_again(client, clock):
    assert post(client, "issue", issue("unresolved", substatus="regressed")) == 202
    told(client, "event_alert", event_alert(REGRESSION, tags=PAYMENT_TAG))
    clock.shift(timedelta(minutes=1))
    inbox.work_off()
    assert [each[0] for each in alerts()] == ["payments.error"]
    assert "told by its rule" in SentryDelivery.objects.filter(resource="issue").get().outcome


def test_the_sweep_works_the_inbox_off_before_it_delivers(client, discord, settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, **JUDGED_BY_SENTRY}
    post(client, "event_alert", event_alert(NEW))
    deliver_once()
    assert "PaymentError" in json.dumps(discord.messages("errors")[0].payload)


def test_a_replay_has_no_effect(client):
    body = json.dumps(event_alert(NEW)).encode()
    same = {"headers": headers(body, "event_alert", request_id="a" * 32), "content_type": "application/json"}
    for _ in range(3):
        assert client.post(URL, body, **same).status_code == 202
    told(client, "event_alert", event_alert(NEW))  # signed again, under another number: its event is the same
    assert SentryDelivery.objects.count() == 1
    assert Alert.objects.get().occurrences == 1
    inbox.work_off()
    assert Alert.objects.get().occurrences == 1


def test_with_the_local_judge_sentry_tells_nobody(client, settings):
    settings.FREEZE_ALERTS = {**JUDGED_BY_SENTRY, "ERRORS": {"JUDGE": "local"}}
    assert told(client, "event_alert", event_alert(NEW)) == []
    assert SentryDelivery.objects.get().outcome == "the local judge decides"


def test_a_wrong_signature_is_refused_with_nothing_said(client):
    body = json.dumps(event_alert(NEW)).encode()
    for signature in ("", "0" * 64, sign(body, "another secret"), "sha256=" + sign(body), "ü", sign(body + b" ")):
        sent = {**headers(body, "event_alert"), "Sentry-Hook-Signature": signature}
        answer = client.post(URL, body, content_type="application/json", headers=sent)
        assert (answer.status_code, answer.content) == (401, b"")
    assert SentryDelivery.objects.count() == 0


def test_the_signature_is_over_the_raw_body(client):
    body = b'{"action" :  "triggered", "data":{}}'
    assert post(client, "event_alert", body) == 202


def test_either_of_two_secrets_will_do_while_one_is_being_changed(client, settings, tmp_path):
    (tmp_path / "secret").write_text("the-new-one\n")
    both = {"WEBHOOK_SECRETS": ["/no/such/file", str(tmp_path / "secret"), SECRET], "PROJECT": "backend"}
    settings.FREEZE_ALERTS = {**JUDGED_BY_SENTRY, "SENTRY": both}
    assert post(client, "comment", {}, secret="the-new-one") == 202
    assert post(client, "comment", {"a": 1}) == 202
    assert post(client, "comment", {}, secret="the-old-one") == 401


def test_signatures_are_compared_in_constant_time(client, monkeypatch):
    compared = []

    def compare(one, other):
        compared.append((one, other))
        return one == other

    monkeypatch.setattr(receiver.hmac, "compare_digest", compare)
    assert receiver.is_signed(b"x", hmac.new(b"one", b"x", "sha256").hexdigest(), ["one", "two"])
    assert len(compared) == 2  # the second too, though the first fits


@pytest.mark.parametrize("secrets", [[], [""], ["/no/such/file"]])
def test_without_a_secret_nothing_is_taken(client, settings, secrets):
    settings.FREEZE_ALERTS = {**JUDGED_BY_SENTRY, "SENTRY": {"WEBHOOK_SECRETS": secrets}}
    assert post(client, "event_alert", event_alert(NEW), secret="") == 403


def test_only_posts_are_taken_and_no_csrf_token_is_asked_for(client):
    assert client.get(URL).status_code == 405
    assert post(Client(enforce_csrf_checks=True), "comment", {}) == 202


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"7", b"\xff\xfe", b"[" * 100_000])
def test_malformed_json_is_400(client, body):
    assert post(client, "event_alert", body) == 400


@pytest.mark.parametrize("unfit", ["\udcff", "\x00"])
def test_text_that_no_database_takes_is_taken_without_it(client, unfit):
    tags = [["release", unfit], ["domain", unfit]]
    body = event_alert(NEW, issue=f"7{unfit}", event=unfit, release="", title=unfit, culprit=unfit, tags=tags)
    assert post(client, "event_alert", body | {"action": unfit}) == 202
    assert post(client, "event_alert", event_alert(f"{NEW}{unfit}") | {"action": unfit}) == 202
    assert post(client, "issue", issue("resolved", number=f"8{unfit}") | {"actor": {"name": unfit}}) == 202
    assert SentryDelivery.objects.count() == 3
    assert inbox.work_off() == 3


def test_a_body_without_end_is_413(client, monkeypatch):
    monkeypatch.setattr(receiver, "BODY_LONGEST_BYTES", 100)
    assert post(client, "event_alert", event_alert(NEW)) == 413


def test_a_large_event_is_taken_whatever_django_allows_for_forms(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    assert told(client, "event_alert", event_alert(NEW, extra={"x": "y" * 100_000}))[0][0] == "errors.new_issue"


def test_with_the_database_away_the_news_is_told_at_once(client, monkeypatch):
    def refuse(*_, **__):
        raise DatabaseError("server closed the connection")

    monkeypatch.setattr(SentryDelivery, "save", refuse)
    assert post(client, "event_alert", event_alert(NEW)) == 202
    assert alerts()[0][0] == "errors.new_issue"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.text(max_size=5) | st.sampled_from(["action", "data", "event", "issue", "tags", "id", "project", "title",
                                               "triggered_rule", "metric_alert", "alert_rule", "name", "issue_id"]),
        inner | st.sampled_from([NEW, SPIKE, "resolved", "critical", "unresolved"]), max_size=5),
    max_leaves=25,
)  # fmt: skip
RESOURCES = st.sampled_from(["event_alert", "metric_alert", "issue", "error", "installation", "x" * 60, ""])


@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(body=JSON | st.binary(max_size=60), resource=RESOURCES, signed=st.booleans())
def test_garbage_is_answered_and_never_an_error_of_ours(body, resource, signed, caplog):
    with override_settings(FREEZE_ALERTS=JUDGED_BY_SENTRY), caplog.at_level(logging.WARNING):
        secret = SECRET if signed else "another"
        status = post(Client(), resource, body, secret=secret)
        assert status in ({202, 400} if signed else {401})
        inbox.work_off()
    assert [each for each in caplog.records if each.exc_info] == []


def test_there_is_one_judge_only(client, settings):
    """An error raises nothing here, and its webhook exactly one alert."""
    settings.ROOT_URLCONF, client.raise_request_exception = "tests.shop_front.urls", False
    assert client.get("/pay/1/").status_code == 500
    intake.flush()
    assert (Issue.objects.count(), alerts()) == (0, [])
    settings.ROOT_URLCONF = "tests.urls"
    assert told(client, "event_alert", event_alert(NEW, tags=PAYMENT_TAG), event_alert(PAYMENT, tags=PAYMENT_TAG)) == [
        ("payments.error", "sentry:1117540176", "critical")
    ]


def test_what_was_worked_off_is_forgotten_after_a_month(client, clock):
    told(client, "event_alert", event_alert(NEW))
    post(client, "event_alert", event_alert(REGRESSION))
    clock.shift(timedelta(days=31))
    assert inbox.prune(dry_run=True) == 1
    assert inbox.prune() == 1
    assert SentryDelivery.objects.get().worked_at is None


def test_a_listener_that_spoils_the_transaction_holds_nothing_up(client, caplog):
    def spoil(**_):
        if connection.in_atomic_block:
            transaction.set_rollback(True)

    signals.issue_found.connect(spoil, weak=False)
    for number in "78":
        assert post(client, "event_alert", event_alert(NEW, issue=number)) == 202
    assert (inbox.work_off(), inbox.work_off()) == (2, 0)
    assert [key for _, key, _ in alerts()] == ["sentry:7", "sentry:8"]
    assert set(Alert.objects.values_list("occurrences", flat=True)) == {1}
    assert caplog.text.count("spoilt the transaction") == 2


def test_several_sweeps_at_once_tell_once(client):
    post(client, "event_alert", event_alert(NEW))
    row = SentryDelivery.objects.get()
    assert inbox._work_off(row)
    assert not inbox._work_off(row)
    assert Alert.objects.get().occurrences == 1

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts import signals
from freeze_alerts.alerts import Outcome, open_alert, resolve_alert
from freeze_alerts.alerts.answers import acknowledge
from freeze_alerts.alerts.lifecycle import QUIET_AFTER_ANSWER, REOPEN_WITHIN
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.report import fit_key
from freeze_alerts.catalog import AlertType, Severity, UnknownAlertType
from freeze_alerts.outbox.models import Message
from tests.processes import kill, read_until, start_python

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)


def fact(**told):
    return open_alert(AlertType.NEW_ISSUE, key="7", **told)


def state(severity=Severity.WARNING, **told):
    return open_alert(AlertType.DISK_SPACE, key="disk:web1:/dev/sda1", severity=severity, **told)


def kinds():
    return list(Message.objects.order_by("pk").values_list("kind", flat=True))


def queries(captured):
    return [
        each["sql"] for each in captured if not each["sql"].startswith(("SAVEPOINT", "RELEASE", "BEGIN", "COMMIT"))
    ]


def test_a_new_trouble_is_an_alert_and_a_message():
    assert fact(title="Boom", text="It broke", fields=[("Users", 3)], value=1) is Outcome.OPENED
    alert, message = Alert.objects.get(), Message.objects.get()
    assert (alert.title, alert.severity, alert.fields) == ("Boom", "medium", [["Users", "3"]])
    assert (message.alert, message.channel, message.intent) == (alert, "errors", f"alert:{alert.pk}:opened:1")


def test_a_new_alert_costs_four_queries_and_a_repeat_two():
    with CaptureQueriesContext(connection) as new:
        fact()
    with CaptureQueriesContext(connection) as repeat:
        fact()
    assert len(queries(new)) <= 4
    assert len(queries(repeat)) <= 2


def test_in_a_transaction_a_repeat_costs_two_queries_too():
    fact()
    with CaptureQueriesContext(connection) as repeat, transaction.atomic():
        fact()
    assert len(queries(repeat)) <= 2
    assert Alert.objects.get().occurrences == 2


def test_a_repeat_counts_up_and_says_nothing():
    assert [fact(value=value) for value in (1, 5, 3)] == [Outcome.OPENED, Outcome.REPEATED, Outcome.REPEATED]
    alert = Alert.objects.get()
    assert (alert.occurrences, alert.peak_value) == (3, 5)
    assert kinds() == ["opened"]


def test_a_repeat_without_a_title_keeps_the_old_one():
    fact(title="Boom")
    fact()
    assert Alert.objects.get().title == "Boom"


def test_an_alert_is_undone_with_the_transaction_that_caused_it():
    with transaction.atomic():
        fact()
        transaction.set_rollback(True)
    assert not Alert.objects.exists()
    assert not Message.objects.exists()


def test_a_repeat_in_a_transaction_is_counted_after_its_commit():
    fact()
    with transaction.atomic():
        assert fact() is Outcome.REPEATED
        assert Alert.objects.get().occurrences == 1
    assert Alert.objects.get().occurrences == 2


def test_a_repeat_whose_alert_ended_before_the_commit_is_told_again():
    fact(severity=Severity.HIGH)
    with transaction.atomic():
        fact(severity=Severity.HIGH)
        Alert.objects.update(open_key=None, status="resolved", resolved_at=NOON)
    assert Alert.objects.exclude(open_key=None).count() == 1


def test_a_worse_one_is_posted_and_takes_back_the_acknowledgement():
    state()
    acknowledge(Alert.objects.get(), by="ada")
    assert state(Severity.CRITICAL) is Outcome.WORSENED
    alert = Alert.objects.get()
    assert (alert.severity, alert.status, alert.acknowledged_by) == ("critical", "open", "")
    assert kinds() == ["opened", "worsened"]


def test_a_milder_report_does_not_lower_an_alert():
    state(Severity.CRITICAL)
    assert state(Severity.WARNING) is Outcome.REPEATED
    assert Alert.objects.get().severity == "critical"


@pytest.mark.parametrize(
    ("severity", "told"),
    [
        (Severity.WARNING, ["opened"]),  # its card turns green, and that is enough
        (Severity.HIGH, ["opened", "resolved"]),  # whoever was woken by it must hear that it is over
    ],
)
def test_an_end_is_posted_for_a_high_one_only(severity, told):
    state(severity)
    assert resolve_alert(AlertType.DISK_SPACE, key="disk:web1:/dev/sda1") is Outcome.RESOLVED
    alert = Alert.objects.get()
    assert (alert.status, alert.open_key) == ("resolved", None)
    assert alert.card_due_at is not None
    assert kinds() == told


def test_ending_what_is_not_open_changes_nothing():
    assert resolve_alert(AlertType.DISK_SPACE, key="x") is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("after", "outcome", "alerts"),
    [
        (REOPEN_WITHIN, Outcome.REOPENED, 1),  # flapping: the same alert, the same card
        (REOPEN_WITHIN + timedelta(seconds=1), Outcome.OPENED, 2),  # a trouble of its own
    ],
)
def test_it_reopens_within_half_an_hour(after, outcome, alerts):
    with time_machine.travel(NOON, tick=False) as clock:
        state()
        resolve_alert(AlertType.DISK_SPACE, key="disk:web1:/dev/sda1")
        clock.shift(after)
        assert state() is outcome
    assert Alert.objects.count() == alerts
    assert Alert.objects.exclude(open_key=None).count() == 1


@pytest.mark.parametrize(("severity", "told"), [(Severity.WARNING, 1), (Severity.CRITICAL, 3)])
def test_a_reopening_is_posted_where_its_end_was(severity, told):
    state(severity)
    resolve_alert(AlertType.DISK_SPACE, key="disk:web1:/dev/sda1")
    state(severity)
    assert len(kinds()) == told


@pytest.mark.parametrize(
    ("silence", "outcome"),
    [
        (QUIET_AFTER_ANSWER, Outcome.UNCHANGED),  # somebody is on it: counted on its card
        (QUIET_AFTER_ANSWER + timedelta(seconds=1), Outcome.OPENED),  # back after a long silence: told again
    ],
)
def test_an_answered_fact_is_told_again_after_an_hour_of_silence(silence, outcome):
    with time_machine.travel(NOON, tick=False) as clock:
        fact()
        acknowledge(Alert.objects.get(), by="ada")
        clock.shift(silence)
        assert fact() is outcome
    assert Alert.objects.order_by("pk").first().status == "resolved"


def test_a_record_is_born_ended():
    open_alert(AlertType.ADMIN_DELETE, key="deletion:1", severity=Severity.CRITICAL)
    alert = Alert.objects.get()
    assert (alert.status, alert.open_key) == ("resolved", None)
    open_alert(AlertType.ADMIN_DELETE, key="deletion:1", text="two more")
    assert Alert.objects.get().text == "two more"
    assert kinds() == ["opened"]


def test_an_unknown_type_is_named():
    with pytest.raises(UnknownAlertType, match=r"shop\.stock"):
        open_alert("shop.stock", key="1")


def test_a_project_raises_types_of_its_own(settings):
    own = {"TITLE": "Stock", "CHANNEL": "payments", "SEVERITY": "high"}
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "ALERT_TYPES": {"shop.stock": own}}
    open_alert("shop.stock", key="1")
    assert (Alert.objects.get().severity, Message.objects.get().channel) == ("high", "payments")


def test_the_life_of_an_alert_is_signalled_after_commit():
    heard = []

    def hear(signal, alert, **_):
        heard.append((names[signal], alert.severity, connection.in_atomic_block))

    names = {signals.alert_opened: "opened", signals.alert_worsened: "worsened", signals.alert_resolved: "resolved"}
    for signal in names:
        signal.connect(hear)
    state()
    state(Severity.CRITICAL)
    resolve_alert(AlertType.DISK_SPACE, key="disk:web1:/dev/sda1")
    assert heard == [("opened", "warning", False), ("worsened", "critical", False), ("resolved", "critical", False)]


def test_a_failing_listener_does_not_spoil_the_alert(caplog):
    def fail(**_):
        raise RuntimeError("listener")

    signals.alert_opened.connect(fail)
    with caplog.at_level(logging.CRITICAL, "django.dispatch"):
        assert fact() is Outcome.OPENED
    assert Alert.objects.exists()


TOKEN = "a" * 20 + "-webhook-token-nobody-may-see-" + "b" * 20


def test_a_webhook_token_in_foreign_text_is_not_stored(caplog):
    url = f"https://discord.com/api/webhooks/123456789012345678/{TOKEN}"
    fact(title=url, text=f"Max retries exceeded with url: {url}", fields=[(url, url)], link=url)
    assert TOKEN not in str(Alert.objects.values().get())
    assert TOKEN not in caplog.text


@given(text=st.text(), key=st.text(max_size=400))
def test_any_text_is_stored(text, key):
    open_alert(AlertType.NEW_ISSUE, key=key, title=text, text=text, fields=[(text, text)], host=text, link=text)
    assert Alert.objects.filter(key=fit_key(key)).exists()


@given(st.text(min_size=256), st.text(min_size=256))
def test_long_keys_stay_apart(one, other):
    assert (fit_key(one) == fit_key(other)) == (fit_key(one + "") == fit_key(other + ""))
    assert len(fit_key(one)) <= 255
    assert fit_key(one + "x") != fit_key(one + "y")


RACER = """
import sys
from freeze_alerts.alerts import open_alert
print("ready", flush=True)
sys.stdin.readline()
for number in range(100):
    open_alert("errors.new_issue", key=f"issue-{number}", value=number)
print("done", flush=True)
"""


def test_eight_processes_open_each_alert_once_and_count_exactly():
    racers = [start_python(RACER) for _ in range(8)]
    for racer in racers:
        read_until(racer, "ready")
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        read_until(racer, "done")
        kill(racer)
    assert Alert.objects.count() == Message.objects.count() == 100
    assert set(Alert.objects.values_list("occurrences", flat=True)) == {8}

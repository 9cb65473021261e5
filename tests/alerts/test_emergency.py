from __future__ import annotations

import contextlib
import json
import os
import socket

import pytest
from django.db import InterfaceError, OperationalError, connection, transaction

from freeze_alerts.alerts import Outcome, booking, emergency, open_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.delivery import deliver_once
from freeze_alerts.outbox import courier, spool
from freeze_alerts.outbox.models import Booked, Message
from tests.factories import AlertFactory
from tests.outbox.passes import posts, states
from tests.processes import run_python

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def path(settings, tmp_path, monkeypatch):
    settings.FREEZE_ALERTS = {
        **settings.FREEZE_ALERTS, "DELIVERY": {"SPOOL": str(tmp_path / "spool.jsonl"), "DOORBELL": "none"}
    }  # fmt: skip
    monkeypatch.setattr(courier, "_courier", courier.Courier())
    return tmp_path / "spool.jsonl"


@pytest.fixture
def discord(discord, settings, path):
    """The stand-in, with the spool still in its place."""
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DELIVERY": {"SPOOL": str(path), "DOORBELL": "none"}}
    return discord


@contextlib.contextmanager
def away(error=OperationalError("server closed the connection unexpectedly")):  # noqa: B008 - raised, never changed
    """Every statement fails as if the server had gone away."""

    def fail(*_):
        raise error

    with connection.execute_wrapper(fail):
        yield


@pytest.fixture
def outage():
    with away():
        yield


def payment(key="1", **told):
    return open_alert(AlertType.PAYMENT_ERROR, key=key, title=f"card declined {key}", **told)


def test_with_the_database_away_an_alert_is_said_at_once_and_spooled(discord, outage):
    assert payment() is Outcome.SPOOLED
    discord.wait_for(lambda server: len(server.messages()) == 2)
    (told,) = discord.messages("payments")
    assert "not yet booked" in str(told.payload)
    (database,) = discord.messages("errors")
    assert "the database can't be reached" in database.payload["content"]
    assert "maintenance mode" in str(database.payload)
    assert discord.complaints == []


def test_when_the_database_is_back_it_is_booked_once_and_tied_to_its_message(discord):
    with away():
        payment(value=3)
        discord.wait_for(lambda server: len(server.messages()) == 2)
        courier.close()
    deliver_once()
    alert = Alert.objects.get(type=AlertType.PAYMENT_ERROR)
    (told,) = discord.messages("payments")
    assert (alert.peak_value, alert.occurrences) == (3, 1)
    assert f"alert {alert.pk}#1" in str(told.payload)
    assert "not yet booked" not in str(told.payload)
    assert set(states().values()) == {"sent"}


def test_the_outage_itself_is_an_alert_that_has_ended(discord):
    with away(InterfaceError("connection already closed")):
        payment()
        payment("2")
        discord.wait_for(lambda server: len(server.messages()) == 3)
        courier.close()
    deliver_once()
    deliver_once()
    outage = Alert.objects.get(type=AlertType.TROUBLE)
    assert (outage.ended, outage.ended_because) == (True, "the database answers again")
    assert [message.payload["content"][:5] for message in discord.messages("errors")][-1].startswith("✅")


def test_repeats_are_said_once_and_counted_exactly(discord):
    with away():
        for _ in range(7):
            payment()
        courier.close()
    assert len(discord.messages("payments")) == 1
    deliver_once()
    assert Alert.objects.get(type=AlertType.PAYMENT_ERROR).occurrences == 7


def test_a_crash_while_booking_books_nothing_twice(path):
    with away():
        payment()
    lines = path.read_bytes()
    booking.book_spool()
    path.write_bytes(lines)
    booking.book_spool()
    assert Alert.objects.get(type=AlertType.PAYMENT_ERROR).occurrences == 1
    assert Message.objects.filter(alert__type=AlertType.PAYMENT_ERROR).count() == 1
    assert Booked.objects.count() == 2


def test_what_opened_before_the_outage_is_counted_up_after_it():
    AlertFactory(type=AlertType.PAYMENT_ERROR, key="1", severity="critical")

    with away():
        payment()
    booking.book_spool()
    assert Alert.objects.get(type=AlertType.PAYMENT_ERROR).occurrences == 2


def test_while_the_database_is_still_away_the_lines_stay(outage):
    payment()
    with pytest.raises(OperationalError):
        booking.book_spool()
    assert spool.holds_key("payments.error|1")


def test_a_line_that_cannot_be_booked_is_put_aside(path, caplog):
    path.write_text('{"id": "1", "report": {"severity": "loud"}}\n')
    booking.book_spool()
    assert "put aside" in caplog.text
    assert spool.is_empty()
    assert path.with_name("spool.jsonl.rejected").exists()


def test_a_spoilt_transaction_of_the_hosts_loses_no_alert(discord):
    with transaction.atomic():
        connection.needs_rollback = True
        assert payment() is Outcome.SPOOLED
    assert discord.messages() == []
    deliver_once()
    (told,) = discord.messages()
    assert "card declined" in told.payload["content"]


def test_with_neither_database_nor_spool_it_is_said_all_the_same_and_kept_in_memory(discord, settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DELIVERY": {"SPOOL": "/proc/nowhere", "DOORBELL": "none"}}

    with away():
        payment()
        discord.wait_for(lambda server: len(server.messages("payments")) == 1)
        assert "kept nowhere but here" in str(discord.messages("payments")[0].payload)
    booking.book_spool()
    assert Alert.objects.filter(type=AlertType.PAYMENT_ERROR).count() == 1
    assert not emergency.unsaved


AWAY = """
from freeze_alerts.alerts import open_alert
for key in "aab":
    print(open_alert("payments.error", key=key, title=f"declined {key}"))
"""


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


def test_a_real_server_that_refuses_is_survived_by_a_process_that_ends_at_once(discord, settings):
    environment = {
        "FREEZE_ALERTS_TEST_SETTINGS": json.dumps(settings.FREEZE_ALERTS),
        "FREEZE_ALERTS_TEST_DATABASE": "postgresql",
        "PGPORT": free_port(),
    }
    run = run_python(AWAY, **environment)
    assert run.stdout.split() == ["Outcome.SPOOLED"] * 3, run.stderr
    deliver_once()
    deliver_once()
    occurrences = dict(Alert.objects.filter(type=AlertType.PAYMENT_ERROR).values_list("key", "occurrences"))
    assert occurrences == {"a": 2, "b": 1}
    assert len(discord.messages("payments")) == 2
    assert os.path.getsize(settings.FREEZE_ALERTS["DELIVERY"]["SPOOL"]) == 0


def test_webhook_tokens_are_in_no_line(path, outage):
    payment(text="https://discord.com/api/webhooks/123456789012345678/token-nobody-may-ever-see-anywhere")
    assert "token-nobody" not in path.read_text()


def test_the_courier_keeps_a_modest_pace(discord, outage, monkeypatch):
    monkeypatch.setattr(courier, "SECONDS_EACH", 1000.0)
    for number in range(12):
        payment(str(number))
    discord.wait_for(lambda server: len(posts(server)) == courier.BURST)
    assert spool.holds_key("payments.error|11")

from __future__ import annotations

import contextlib
import json
import os

import django
import pytest
from django.db import (
    IntegrityError,
    InterfaceError,
    InternalError,
    OperationalError,
    ProgrammingError,
    connection,
    transaction,
)

from freeze_alerts import signals, tasks
from freeze_alerts.alerts import Outcome, booking, lifecycle, open_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.delivery import deliver_once
from freeze_alerts.outbox import courier, doorbell, fold, spool
from freeze_alerts.outbox.models import Booked, Message
from freeze_alerts.sources.errors import intake
from tests.factories import AlertFactory
from tests.outbox.passes import posts, states
from tests.ports import free_port
from tests.processes import run_python, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def path(settings, tmp_path, monkeypatch):
    settings.FREEZE_ALERTS = {
        **settings.FREEZE_ALERTS, "DELIVERY": {"SPOOL": str(tmp_path / "spool.jsonl"), "DOORBELL": "none"}
    }  # fmt: skip
    monkeypatch.setattr(courier, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(courier, "FAREWELL_SECONDS", 60.0)  # a busy machine takes its time
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
    discord.wait_for(lambda server: len(server.messages()) == 2, timeout_seconds=60)
    (told,) = discord.messages("payments")
    assert "not yet booked" in str(told.payload)
    (database,) = discord.messages("errors")
    assert "the database can't be reached" in database.payload["content"]
    assert "maintenance mode" in str(database.payload)
    assert discord.complaints == []


def test_when_the_database_is_back_it_is_booked_once_and_tied_to_its_message(discord):
    with away():
        payment(value=3)
        discord.wait_for(lambda server: len(server.messages()) == 2, timeout_seconds=60)
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
        discord.wait_for(lambda server: len(server.messages()) == 3, timeout_seconds=60)
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
    assert spool.mentioning("payments.error|1")


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
        discord.wait_for(lambda server: len(server.messages("payments")) == 1, timeout_seconds=60)
        assert "kept nowhere but here" in str(discord.messages("payments")[0].payload)
        wait_until(lambda: len(spool.memory) == 4)  # two reports, and that both were posted
    booking.book_spool()
    assert Alert.objects.filter(type=AlertType.PAYMENT_ERROR).count() == 1
    assert spool.is_empty()


AWAY = """
from freeze_alerts.alerts import open_alert
from freeze_alerts.outbox import courier
courier.FAREWELL_SECONDS = 45
for key in "aab":
    print(open_alert("payments.error", key=key, title=f"declined {key}"))
"""


def test_a_real_server_that_refuses_is_survived_by_a_process_that_ends_at_once(discord, settings):
    environment = {
        "FREEZE_ALERTS_TEST_SETTINGS": json.dumps(settings.FREEZE_ALERTS),
        "FREEZE_ALERTS_TEST_DATABASE": "postgresql",
        "PGPORT": str(free_port()),
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
    discord.wait_for(lambda server: len(posts(server)) == courier.BURST, timeout_seconds=60)
    assert spool.mentioning("payments.error|11")


@contextlib.contextmanager
def spoilt_by(error):
    """A transaction of the host's that an earlier error of this kind has spoilt."""
    with contextlib.suppress(type(error)), transaction.atomic():
        try:
            with away(error):
                AlertFactory()
        except type(error):
            connection.errors_occurred = True  # as Django has it for an error that comes from the driver
            yield
            raise


def test_an_outage_that_spoilt_the_hosts_transaction_is_said_too(discord):
    with spoilt_by(OperationalError("server closed the connection unexpectedly")):
        payment()
        discord.wait_for(lambda server: len(server.messages()) == 2, timeout_seconds=60)
    assert "the database can't be reached" in discord.messages("errors")[0].payload["content"]


def test_what_nobody_books_is_said_after_a_while_whatever_the_reason(discord, path, monkeypatch):
    monkeypatch.setattr(courier, "PATIENCE_SECONDS", 0.1)
    with away(ProgrammingError("relation does not exist")):
        payment()
        discord.wait_for(lambda server: server.messages(), timeout_seconds=60)
    assert "not yet booked" in str(discord.messages("payments")[0].payload)
    assert len(discord.messages()) == 1


def test_an_outage_that_is_over_is_not_taken_for_the_reason_of_a_later_trouble(discord, path):
    with spoilt_by(OperationalError("server closed the connection unexpectedly")):
        pass
    with transaction.atomic():
        connection.needs_rollback = True
        assert payment() is Outcome.SPOOLED
    assert len(path.read_text().splitlines()) == 1  # no outage is told beside it


@pytest.mark.parametrize("busy", ["database is locked", "canceling statement due to lock timeout", "Deadlock found"])
def test_a_database_that_is_merely_busy_is_not_said_to_be_away(path, busy):
    with away(OperationalError(busy)):
        payment()
    assert len(path.read_text().splitlines()) == 1


def test_a_database_that_takes_no_writes_is_as_good_as_away(discord):
    with away(InternalError("cannot execute INSERT in a read-only transaction")):
        payment()
        discord.wait_for(lambda server: len(server.messages()) == 2, timeout_seconds=60)


def test_a_repeat_that_cannot_be_counted_after_the_commit_is_spooled(path):
    payment()
    with transaction.atomic():
        assert payment() is Outcome.REPEATED
        transaction.on_commit(lambda: None)
        hook = connection.run_on_commit[0][1]
        connection.run_on_commit.clear()
    with away():
        hook()
    booking.book_spool()
    assert Alert.objects.get(type=AlertType.PAYMENT_ERROR).occurrences == 2


def test_a_listener_that_fails_after_the_commit_is_logged_and_harms_nobody(caplog, monkeypatch):
    def fail(**_):
        raise RuntimeError("a listener")

    monkeypatch.setattr(signals.alert_opened, "send_robust", fail)
    with transaction.atomic():
        payment()
    assert "a listener" in caplog.text


def test_an_alert_told_by_a_signal_within_a_transaction_that_lost_its_database_is_spooled(path):
    disk = {"used_percent": 99.0, "severity": Severity.CRITICAL, "held": Severity.CRITICAL, "text": "", "fields": []}
    with contextlib.suppress(OperationalError), transaction.atomic():
        with away():
            signals.disk_measured.send_robust(sender=None, host="web1", device="/dev/sda1", path="/", **disk)
        raise OperationalError("the host notices too")
    assert "disk:web1:/dev/sda1" in path.read_text()


def lines_of(path, kind):
    return [line for line in map(json.loads, path.read_text().splitlines()) if kind in line]


def test_what_another_process_has_said_of_late_is_not_said_again(discord, outage, path, monkeypatch):
    payment()
    discord.wait_for(lambda server: len(server.messages()) == 2, timeout_seconds=60)
    wait_until(lambda: len(lines_of(path, "posted")) == 2)
    monkeypatch.setattr(courier, "_courier", courier.Courier())  # that of another process
    payment()
    payment("2")
    discord.wait_for(lambda server: len(server.messages("payments")) == 2, timeout_seconds=60)
    assert len(discord.messages()) == 3


def test_what_another_process_died_before_saying_is_said_by_the_next(discord, path, monkeypatch):
    with away():
        monkeypatch.setattr(courier, "carry", lambda _parcel: False)  # killed before it could
        payment()
        monkeypatch.undo()
        long_ago = [{**line, "at": line["at"] - 60} for line in lines_of(path, "report")]
        path.write_text("".join(json.dumps(line) + "\n" for line in long_ago))
        payment()
        discord.wait_for(lambda server: len(server.messages()) == 2, timeout_seconds=60)


def test_an_alert_that_was_open_before_has_one_card_more_which_tells_the_truth_too(discord):
    payment()
    deliver_once()
    with away():
        payment()
        discord.wait_for(lambda server: len(server.messages("payments")) == 2, timeout_seconds=60)
        courier.close()
    deliver_once()
    deliver_once()
    assert not [message for message in discord.messages() if "not yet booked" in str(message.payload)]
    assert set(states().values()) == {"sent"}


def test_a_card_that_was_posted_while_it_was_booked_is_tied_later(discord, path):
    with away():
        payment()
        discord.wait_for(lambda server: len(server.messages()) == 2, timeout_seconds=60)
        courier.close()
    posted = [line + "\n" for line in path.read_text().splitlines() if "posted" in json.loads(line)]
    path.write_text("".join(line + "\n" for line in path.read_text().splitlines() if "report" in json.loads(line)))
    deliver_once()
    path.write_text("".join(posted * 2))
    deliver_once()
    deliver_once()
    assert len(discord.messages("payments")) == 2
    assert not [message for message in discord.messages("payments") if "not yet booked" in str(message.payload)]


def test_a_card_that_a_digest_was_to_speak_for_stands_for_itself(discord, path, monkeypatch):
    monkeypatch.setattr(courier, "SECONDS_EACH", 1000.0)
    monkeypatch.setattr(courier, "BURST", 2)
    with away():
        for number in range(25):
            payment(str(number))
        discord.wait_for(lambda server: len(server.messages("payments")) == 1, timeout_seconds=60)
        wait_until(lambda: len(lines_of(path, "posted")) == 2)
    posted = [line for line in path.read_text().splitlines() if "posted" in json.loads(line)]
    reports = [line for line in path.read_text().splitlines() if "report" in json.loads(line)]
    path.write_text("".join(line + "\n" for line in reports))
    booking.book_spool()
    fold.fold_storms("payments")
    path.write_text("".join(line + "\n" for line in posted))
    deliver_once()
    deliver_once()
    assert set(states().values()) == {"sent"}
    assert Message.objects.filter(folded_into=None, alert__type=AlertType.PAYMENT_ERROR).count() >= 1
    assert not [message for message in discord.messages("payments") if "not yet booked" in str(message.payload)]


def test_an_alert_that_can_never_be_booked_is_at_least_told_of(path):
    path.write_text('{"id": "1", "key": "x", "report": {"severity": "loud"}}\n')
    booking.book_spool()
    assert "spool.jsonl.rejected" in Alert.objects.get(type=AlertType.TROUBLE, key="spool").text


def test_a_very_long_text_is_kept_as_far_as_a_card_shows_it(path, outage):
    payment(text="🔥" * 50_000)
    assert len(lines_of(path, "report")) == 2


def test_one_with_more_than_a_line_holds_is_kept_without_its_fields(path, outage):
    payment(text="🔥" * 50_000, fields=[("what the provider said", "🔥" * 9_000)])
    assert [line["report"]["fields"] for line in lines_of(path, "report") if "payments" in line["key"]] == [[]]
    assert len(spool.memory) == 0


def test_who_loses_every_race_is_spooled_and_booked_in_a_moment(path, monkeypatch):
    def lose(*_):
        raise IntegrityError("UNIQUE constraint failed")

    with monkeypatch.context() as races:
        races.setattr(lifecycle, "_news", lose)
        assert payment() is Outcome.SPOOLED
    assert len(lines_of(path, "report")) == 1  # and no outage beside it
    booking.book_spool()
    assert Alert.objects.get().key == "1"


def test_a_pool_child_that_ends_says_what_it_has_to_say_without_a_database(discord, monkeypatch):
    monkeypatch.setattr(courier, "HEAD_START_SECONDS", 3600.0)
    monkeypatch.setattr(doorbell, "_doorbell", doorbell.Doorbell())
    monkeypatch.setattr(intake, "_intake", intake.Intake())
    with away():
        payment()
        tasks.finish_sending()
    assert len(discord.messages("payments")) == 1


def test_where_no_webhook_takes_it_the_spare_ways_are_told(discord, outage, settings, mailoutbox):
    settings.ADMINS = [("Op", "op@shop.example")] if django.VERSION < (6, 0) else ["op@shop.example"]
    for channel in ("errors", "payments", "backups", "admin"):
        discord.delete_webhook(channel)
    payment()
    wait_until(lambda: len(mailoutbox) == 2)
    assert "the database can't be reached" in mailoutbox[0].subject
    assert "card declined 1" in mailoutbox[1].subject


def test_a_connection_that_was_merely_lost_is_not_said_to_be_an_outage(discord, settings, path, monkeypatch):
    """The doorbell's pass has a connection of its own, and books what was spooled before anything is said."""
    delivery = {"SPOOL": str(path), "DOORBELL": "thread", "MESSAGES_PER_MINUTE": 0}
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DELIVERY": delivery}
    monkeypatch.setattr(courier, "HEAD_START_SECONDS", 60.0)
    ours = doorbell.Doorbell()
    monkeypatch.setattr(doorbell, "_doorbell", ours)
    with away():
        payment()
    wait_until(spool.is_empty)
    discord.wait_for(lambda server: server.messages("payments"), timeout_seconds=60)
    assert not [message for message in discord.messages() if "not yet booked" in str(message.payload)]
    ours.close(60)

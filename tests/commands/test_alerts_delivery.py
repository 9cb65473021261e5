from __future__ import annotations

import json
import os
import signal

import pytest
from django.core.management import CommandError
from django.db import OperationalError

from freeze_alerts import delivery
from freeze_alerts.alerts import open_alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.management.alerts import delivering, drilling
from freeze_alerts.outbox import pace
from freeze_alerts.outbox.claim import LEASE
from freeze_alerts.outbox.deliver import Report
from freeze_alerts.outbox.models import Message
from freeze_alerts.outbox.route import webhook_of
from freeze_alerts.testing.discord import Failure
from tests.commands.running import run_alerts as run
from tests.factories import AlertFactory, MessageFactory
from tests.processes import read_until, start_python

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def without(discord, settings):
    """Takes the webhooks of these channels away."""

    def take(*channels):
        ours = settings.FREEZE_ALERTS
        kept = {channel: url for channel, url in ours["WEBHOOKS"].items() if channel not in channels}
        settings.FREEZE_ALERTS = {**ours, "WEBHOOKS": kept}

    return take


def test_a_drill_reaches_every_channel(discord):
    code, out, _ = run("test")
    assert code == 0
    assert out.count("delivered in") == 4
    for channel in ("errors", "payments", "backups", "admin"):
        (message,) = discord.messages(channel)
        assert message.id in out
    assert discord.complaints == []


def test_a_drill_goes_to_the_channels_that_were_asked_for(discord):
    assert run("test", "--channel", "payments", "--channel", "admin")[0] == 0
    assert [len(discord.messages(each)) for each in ("errors", "payments", "backups", "admin")] == [0, 1, 0, 1]


def test_a_drill_that_another_channel_had_to_take_has_failed(discord):
    discord.delete_webhook("payments")
    code, out, _ = run("test", "--channel", "payments")
    assert code == 1
    assert "#payments  its webhook is disabled:" in out
    assert "it went through discord:" in out


def test_a_channel_without_a_webhook_fails_its_drill(without):
    without("payments")
    code, out, _ = run("test")
    assert code == 1
    assert "#payments  there is no webhook for it; it went through discord:" in out
    assert out.count("delivered in") == 3


def test_without_any_webhook_the_drills_wait(without):
    without("errors", "payments", "backups", "admin")
    code, out, _ = run("test")
    assert code == 1
    assert out.count("there is no webhook for it; it waits in the outbox") == 4


def test_discords_reason_for_refusing_a_drill_is_told(discord):
    discord.fail(Failure.error(400, 50035, "Invalid Form Body"), times=2)
    code, out, _ = run("test", "--channel", "admin")
    assert code == 1
    assert "Invalid Form Body" in out
    assert "it is dead" in out


def test_a_drill_need_not_be_waited_for(discord):
    code, out, _ = run("test", "--no-wait")
    assert (code, out) == (0, "4 in the outbox: #errors, #payments, #backups, #admin\n")
    assert discord.messages() == []
    assert set(Message.objects.values_list("kind", "state")) == {("test", "pending")}


def test_a_drill_that_another_process_is_sending_is_waited_for(discord, monkeypatch):
    def somebody_else_sends(seconds):
        Message.objects.filter(state="sending").update(
            state="sent", webhook=webhook_of("admin").name, discord_message_id="1", sent_at="2026-01-15T00:00Z"
        )

    def taken_by_somebody_else(seconds):
        Message.objects.update(state="sending")

    monkeypatch.setattr(drilling, "deliver_patiently", taken_by_somebody_else)
    monkeypatch.setattr(drilling.time, "sleep", somebody_else_sends)
    assert run("test", "--channel", "admin")[0] == 0


def test_an_unknown_channel_is_no_channel_to_drill(discord):
    with pytest.raises(CommandError, match="There is no channel 'erors': known are errors, payments"):
        run("test", "--channel", "erors")
    assert not Message.objects.exists()


@pytest.mark.parametrize("arguments", [[], ["--once"]])
def test_one_pass_sends_what_waits(discord, arguments):
    open_alert(AlertType.BACKUP_FAILED, key="1")
    assert run("deliver", *arguments) == (0, "posted 1, edited 0, failed 0\n", "")
    assert len(discord.messages("backups")) == 1
    assert json.loads(run("deliver", "--json")[1])["posted"] == 0


def test_what_no_webhook_takes_is_told_and_waits(without):
    without("errors", "payments", "backups", "admin")
    open_alert(AlertType.BACKUP_FAILED, key="1")
    code, out, _ = run("deliver")
    assert code == 1
    assert "no webhook works for #backups: its messages wait" in out


def test_a_failure_to_deliver_shows_in_the_exit_code(discord):
    discord.fail(Failure.status(502))
    open_alert(AlertType.BACKUP_FAILED, key="1")
    assert run("deliver")[:2] == (1, "posted 0, edited 0, failed 1\n")


def test_dead_messages_are_put_back_when_asked_for(discord):
    MessageFactory(state="dead")
    assert run("deliver")[1] == ""  # cron mails whatever is said, and nothing happened
    assert run("deliver", "--requeue-dead")[1:] == ("posted 1, edited 0, failed 0\n", "1 dead messages put back\n")


def test_a_database_that_does_not_answer_is_told_in_one_sentence(monkeypatch):
    monkeypatch.setattr(delivering, "deliver_once", _raise_operational_error)
    with pytest.raises(CommandError, match="The database does not answer: connection refused"):
        run("deliver")


def test_the_loop_sends_and_ends_when_it_is_asked_to(discord, settings):
    open_alert(AlertType.BACKUP_FAILED, key="1")
    process = start_python(f"""
        from django.conf import settings
        from django.core.management import call_command
        settings.FREEZE_ALERTS = {settings.FREEZE_ALERTS!r}
        call_command("alerts", "deliver", "--loop")
        print("ended well")
        """)
    read_until(process, "posted 1")
    process.send_signal(signal.SIGTERM)
    read_until(process, "ended well")
    assert process.wait(timeout=20) == 0
    assert len(discord.messages("backups")) == 1


def test_the_loop_outlives_a_database_that_is_away(monkeypatch, caplog):
    passes = _passes(OperationalError("connection refused"), ValueError("a bug of ours"), Report(posted=2))
    monkeypatch.setattr(delivering, "deliver_once", passes)
    monkeypatch.setattr(delivering, "BACKOFF_LONGEST_SECONDS", 0.01)
    assert run("deliver", "--loop") == (0, "posted 2, edited 0, failed 0\n", "")
    assert [record.message for record in caplog.records] == [
        "the database does not answer, the outbox waits: connection refused",
        "could not deliver; the next pass will try again",
    ]


def test_the_loop_says_once_that_no_webhook_works(monkeypatch):
    stuck = [Report(unrouted=["admin"], again_in_seconds=0.01) for _ in range(3)]
    monkeypatch.setattr(delivering, "deliver_once", _passes(*stuck))
    assert run("deliver", "--loop")[1].count("no webhook works for #admin") == 1


def test_the_signals_are_given_back_after_the_loop(monkeypatch):
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(delivering, "deliver_once", _passes(Report()))
    run("deliver", "--loop")
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


@pytest.mark.parametrize(
    ("again", "pause"),
    [
        (None, 5.0),  # nothing is due: look in every five seconds
        (0.0, 0.05),  # never spin
        (1.2, 1.2),
        (LEASE.total_seconds(), 5.0),
    ],
)
def test_the_loop_sleeps_until_the_next_is_due_and_never_long(again, pause):
    assert delivery.pause_seconds(Report(again_in_seconds=again)) == pause


def test_webhooks_that_work_are_said_to_and_nothing_is_posted(discord):
    code, out, _ = run("webhooks")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()[1:]] == ["#errors", "#payments", "#backups", "#admin"]
    assert out.count("yes    fine") == 4
    assert {request.method for request in discord.requests} == {"GET"}


def test_a_webhook_that_is_gone_is_told_with_discords_reason(discord):
    discord.delete_webhook("payments")
    code, out, _ = run("webhooks", "--json")
    assert code == 1
    payments = next(row for row in json.loads(out) if row["channel"] == "payments")
    assert payments["works"] is False
    assert "Unknown Webhook" in payments["state"]


def test_a_disabled_webhook_that_works_again_is_enabled(discord):
    name = webhook_of("payments").name
    pace.disable(name, "10015 Unknown Webhook")
    code, out, _ = run("webhooks")
    assert code == 0
    assert "was disabled, works again: enabled" in out
    assert not pace.is_disabled(name)


def test_a_webhook_that_must_wait_is_told_until_when(discord):
    pace.block(webhook_of("payments").name, 60)
    assert "Discord asked to wait until" in run("webhooks")[1]


def test_a_needed_channel_without_a_webhook_is_a_failure(without):
    without("payments")
    code, out, _ = run("webhooks")
    assert code == 1
    assert "set FREEZE_ALERTS['WEBHOOKS']['payments']" in out


def test_what_is_no_webhook_is_told_without_its_text(discord, settings):
    ours = settings.FREEZE_ALERTS
    settings.FREEZE_ALERTS = {**ours, "WEBHOOKS": {**ours["WEBHOOKS"], "admin": "https://discord.example/hidden"}}
    code, out, _ = run("webhooks")
    assert code == 1
    assert "hidden" not in out


def test_a_webhook_that_serves_several_channels_is_asked_once(discord, settings):
    url = discord.webhook("errors")
    channels = dict.fromkeys(["errors", "payments", "backups", "admin"], url)
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "WEBHOOKS": channels}
    assert run("webhooks")[0] == 0
    assert len(discord.requests) == 1


def test_no_subcommand_prints_a_token(discord):
    discord.delete_webhook("payments")
    alert = AlertFactory(text=discord.webhook("errors"))
    said = [
        run("test"),
        run("deliver"),
        run("webhooks"),
        run("webhooks", "--json"),
        run("list"),
        run("show", alert.pk),
    ]
    tokens = [discord.webhook(channel).rpartition("/")[2] for channel in ("backups", "admin", "payments")]
    assert not [token for token in tokens if token in repr(said)]


def _passes(*results):
    """A ``deliver_once`` that gives or raises these in turn, and asks the loop to end with the last."""
    left = list(results)

    def deliver_once():
        result = left.pop(0)
        if not left:
            os.kill(os.getpid(), signal.SIGTERM)
        if isinstance(result, Exception):
            raise result
        return result

    return deliver_once


def _raise_operational_error():
    raise OperationalError("connection refused")

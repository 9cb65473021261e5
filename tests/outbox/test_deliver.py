from __future__ import annotations

import json
import logging
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection

from freeze_alerts import signals
from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.answers import acknowledge
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.delivery import deliver_once
from freeze_alerts.outbox.deliver import deliver
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.outbox.requeue import requeue
from freeze_alerts.testing.discord import Failure
from tests.outbox.passes import NOON, deliver_until_quiet, footers, posts, states
from tests.processes import kill, read_until, run_python, start_python, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def trouble(key="1", severity=Severity.HIGH, **told):
    return open_alert(AlertType.BACKUP_FAILED, key=key, severity=severity, title=f"backup {key}", **told)


def end(key="1"):
    return resolve_alert(AlertType.BACKUP_FAILED, key=key)


def test_an_alert_is_sent_once_discord_has_answered(discord):
    trouble()
    assert deliver_once().posted == 1
    message = Message.objects.get()
    assert message.state == "sent"
    assert message.discord_message_id == discord.messages("backups")[0].id
    assert deliver_once().posted == 0
    assert discord.complaints == []


def test_delivery_is_signalled(discord):
    heard = []

    def hear(message, **_):
        heard.append((message.intent, message.state))

    signals.message_delivered.connect(hear)
    trouble()
    deliver_once()
    assert heard == [(Message.objects.get().intent, "sent")]


def test_an_end_turns_the_card_green_and_is_posted(discord, clock):
    trouble()
    deliver_once()
    clock.shift(timedelta(minutes=12))
    end()
    deliver_until_quiet(clock)
    opened, ended = discord.messages("backups")
    assert "ENDED" in opened.payload["content"]
    assert opened.edited_at is not None
    assert "12 min" in ended.payload["content"]


def test_an_alert_that_ended_unsent_is_one_card(discord, clock):
    trouble()
    clock.shift(timedelta(minutes=3))
    end()
    deliver_until_quiet(clock)
    (only,) = discord.messages("backups")
    assert "ENDED" in only.payload["content"]
    assert "3 min" in only.payload["content"]
    assert set(states().values()) == {"sent"}


def test_an_end_never_overtakes_its_opening(discord, clock):
    trouble()
    discord.fail(Failure.save_then_drop())
    deliver_once()
    end()
    deliver_until_quiet(clock)
    assert footers(discord, "backups") == ["1#1", "1#1"] or footers(discord, "backups")[0].endswith("#1")
    assert set(states().values()) == {"sent"}


def test_repeats_are_counted_on_the_card_a_minute_later(discord, clock):
    trouble()
    deliver_once()
    for _ in range(36):
        trouble()
    deliver_until_quiet(clock)
    (only,) = discord.messages("backups")
    assert "×37" in only.payload["content"]
    assert len(discord.requests) == 2


def test_an_acknowledgement_is_drawn_on_the_card(discord, clock):
    open_alert(AlertType.DISK_SPACE, key="disk", severity=Severity.WARNING)
    deliver_once()
    acknowledge(Alert.objects.get(), by="ada")
    deliver_until_quiet(clock)
    (only,) = discord.messages("errors")
    assert "acknowledged by ada" in str(only.payload)


def test_behind_up_to_ten_cards_share_a_message(discord, clock):
    for number in range(12):
        trouble(str(number))
    deliver_until_quiet(clock)
    assert [len(message.payload["embeds"]) for message in discord.messages()] == [10, 1, 1]
    assert set(states().values()) == {"sent"}
    assert discord.complaints == []


def test_a_card_among_others_turns_green_alone(discord, clock):
    for number in range(6):
        trouble(str(number), severity=Severity.MEDIUM)
    deliver_once()
    end("2")
    deliver_until_quiet(clock)
    (message,) = discord.messages()
    ended = ["ENDED" in embed["author"]["name"] for embed in message.payload["embeds"]]
    assert ended == [False, False, True, False, False, False]


def test_a_storm_folds_into_one_digest_with_the_exact_count(discord, clock):
    for number in range(60):
        trouble(str(number))
    deliver_until_quiet(clock)
    (digest,) = discord.messages()
    assert "60 × Backup failure" in digest.payload["content"]
    assert set(states().values()) == {"sent"}


def test_a_storm_that_goes_on_edits_its_digest(discord, clock):
    for number in range(1, 901):
        trouble(str(number))
        if number % 30 == 0:
            deliver_once()
            clock.shift(timedelta(seconds=2))
    deliver_until_quiet(clock)
    assert "900 × Backup failure" in discord.messages()[0].payload["content"]
    assert len(discord.requests) <= 25
    assert set(states().values()) == {"sent"}


def test_a_digest_turns_green_when_all_of_it_has_ended(discord, clock):
    for number in range(30):
        trouble(str(number), severity=Severity.MEDIUM)
    deliver_once()
    for number in range(30):
        end(str(number))
    deliver_until_quiet(clock)
    (digest,) = discord.messages()
    assert "ENDED" in digest.payload["content"]


def test_after_a_storm_a_new_alert_has_a_card_of_its_own(discord, clock):
    for number in range(30):
        trouble(str(number))
    deliver_until_quiet(clock)
    clock.shift(timedelta(minutes=2))
    trouble("later")
    deliver_until_quiet(clock)
    assert "backup later" in discord.messages()[-1].payload["content"]


PASSING = {
    "a 429": Failure.rate_limited(7.5),
    "a 429 of the whole channel": Failure.rate_limited(43, scope="shared"),
    "a global 429": Failure.rate_limited(3, scope="global"),
    "a ban by what stands before Discord": Failure.cloudflare_ban(),
    "a block by what stands before Discord": Failure.cloudflare_blocked(),
    "a 500": Failure.status(500),
    "a 502": Failure.status(502),
    "a 503": Failure.status(503),
    "a 504": Failure.status(504),
    "a redirect": Failure.status(301),
    "a dropped connection": Failure.drop(),
    "an answer that never came": Failure.save_then_drop(),
}


@pytest.mark.parametrize("failure", PASSING.values(), ids=PASSING)
def test_what_passes_loses_nothing_and_doubles_at_most_once(discord, clock, failure):
    discord.fail(failure)
    for key in "abc":
        trouble(key)
        deliver_once()
    trouble("a", severity=Severity.CRITICAL)
    deliver_until_quiet(clock)
    assert set(states().values()) == {"sent"}
    told = footers(discord)
    firsts = [footer.split("#")[0] for footer in told]
    assert set(firsts) == {str(pk) for pk in Alert.objects.values_list("pk", flat=True)}
    assert all(told.count(footer) <= 2 for footer in told)
    by_alert = [footer for footer in told if footer.split("#")[0] == firsts[0]]
    assert by_alert == sorted(by_alert)


def test_a_429_is_waited_out_by_every_process(discord, clock):
    discord.fail(Failure.rate_limited(40))
    trouble("a")
    waits = deliver_once().again_in_seconds
    assert 40 <= waits <= 41
    trouble("b")
    deliver_once()
    assert len(discord.requests) == 1


def test_a_global_429_stops_every_channel(discord, clock):
    discord.fail(Failure.rate_limited(40, scope="global"))
    trouble("a")
    deliver_once()
    open_alert(AlertType.NEW_ISSUE, key="1")
    deliver_once()
    assert len(discord.requests) == 1


def test_discord_away_for_an_hour_loses_nothing(discord, clock):
    discord.fail(Failure.status(503), times=None)
    for number in range(15):
        trouble(str(number))
    deliver_until_quiet(clock, for_at_most=timedelta(hours=1))
    assert discord.messages() == []
    assert len(discord.requests) < 60
    discord.heal()
    took = deliver_until_quiet(clock)
    assert took < timedelta(minutes=5)
    assert len(footers(discord)) == 15
    assert "min late" in str(discord.messages()[0].payload)


def test_a_hanging_discord_is_given_up_and_tried_again(discord, clock, monkeypatch):
    monkeypatch.setattr("freeze_alerts.discord.client.READ_SECONDS", 0.3)
    discord.fail(Failure.hang(2))
    trouble()
    deliver_until_quiet(clock)
    assert states() == {"alert:1:opened:1": "sent"} or set(states().values()) == {"sent"}


def test_a_deleted_webhook_is_told_elsewhere_and_by_mail(discord, clock, settings):
    settings.ADMINS = [("Ada", "ada@example.com")] if _django_5() else ["ada@example.com"]
    discord.delete_webhook("backups")
    trouble()
    deliver_until_quiet(clock)
    told = "".join(str(message.payload) for message in discord.messages("errors"))
    assert "backup 1" in told
    assert "for \\\\#backups" in told or "for #backups" in told
    assert "the webhook of" in told
    assert "backups" in mail.outbox[0].subject
    assert sum("404" in str(request.status) for request in discord.requests) == 1


def _django_5():
    import django

    return django.VERSION < (6,)


NAIVE = """
from datetime import timedelta
from django.conf import settings
settings.USE_TZ = False
from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.delivery import deliver_patiently
open_alert("audit.delete", key="1")
open_alert("backups.failed", key="1")
deliver_patiently(10)
resolve_alert("backups.failed", key="1")
deliver_patiently(10)
"""


def test_a_project_without_time_zones_is_served_too(discord, settings):
    if connection.vendor == "postgresql":
        pytest.skip("the tests' tables on PostgreSQL hold moments with time zones")
    run = run_python(NAIVE, FREEZE_ALERTS_TEST_SETTINGS=json.dumps(settings.FREEZE_ALERTS))
    assert (run.returncode, run.stderr.count("Traceback")) == (0, 0), run.stderr
    assert len(discord.messages("backups")) == 2
    assert len(discord.messages("admin")) == 1


def test_without_any_webhook_messages_stay_in_the_outbox(settings):
    settings.FREEZE_ALERTS = {"DELIVERY": {"DOORBELL": "none"}}
    trouble()
    report = deliver_once()
    assert report.unrouted == ["backups"]
    assert report.again_in_seconds is None
    assert states() == {f"alert:{Alert.objects.get().pk}:opened:1": "pending"}


INVALID = Failure.error(400, 50035, "Invalid Form Body")


def test_a_refused_card_is_sent_as_plain_text(discord, clock):
    discord.fail(INVALID)
    trouble()
    deliver_until_quiet(clock)
    (only,) = discord.messages()
    assert only.payload.get("embeds", []) == []
    assert "backup 1" in only.payload["content"]


def test_one_refused_card_does_not_spoil_the_batch(discord, clock):
    discord.fail(INVALID)
    for number in range(7):
        trouble(str(number))
    deliver_until_quiet(clock)
    assert len(footers(discord)) == 7


def test_a_message_refused_twice_is_dead_and_told(discord, clock, caplog):
    dead = []

    def hear(message, **_):
        dead.append(message.intent)

    signals.message_dead.connect(hear)
    discord.fail(INVALID, times=2)
    trouble()
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock)
    assert Message.objects.get(intent=dead[0]).state == "dead"
    assert "a message for #backups is dead" in str(Alert.objects.get(type=AlertType.TROUBLE))
    assert len(discord.messages("errors")) == 1


def test_a_dead_digest_is_told_does_not_block_the_ends_and_can_be_sent_again(discord, clock, caplog):
    for number in range(25):
        trouble(str(number))
    discord.fail(INVALID, times=2)
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock)
    assert "a message for #backups is dead" in str(Alert.objects.get(type=AlertType.TROUBLE))
    end("3")
    deliver_until_quiet(clock)
    assert len(discord.messages("backups")) == 1
    assert requeue(Message.objects.filter(state="dead")) == 26
    deliver_until_quiet(clock)
    assert "25 × Backup failure" in discord.messages("backups")[-1].payload["content"]
    assert set(states().values()) == {"sent"}


def test_one_message_of_a_dead_digest_can_be_sent_alone(discord, clock, caplog):
    for number in range(25):
        trouble(str(number))
    discord.fail(INVALID, times=2)
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock)
    requeue(Message.objects.filter(alert__key="7"))
    deliver_until_quiet(clock)
    assert "backup 7" in discord.messages("backups")[0].payload["content"]


def test_a_refused_edit_of_a_digest_silences_nobody(discord, clock, caplog):
    for number in range(25):
        trouble(str(number))
    deliver_once()
    trouble("late")
    deliver_once()
    clock.shift(timedelta(seconds=10))
    discord.fail(INVALID, times=2)
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock)
    assert "26 × Backup failure" in discord.messages("backups")[0].payload["content"]
    assert set(states().values()) == {"sent"}


def test_a_card_deleted_by_a_person_is_posted_anew_at_its_end(discord, clock):
    open_alert(AlertType.DISK_SPACE, key="disk", severity=Severity.WARNING)
    deliver_once()
    discord.delete_message(discord.messages()[0].id)
    resolve_alert(AlertType.DISK_SPACE, key="disk")
    deliver_until_quiet(clock)
    (again,) = discord.messages()
    assert "ENDED" in again.payload["content"]


def test_a_card_deleted_by_a_person_is_not_posted_for_a_mere_count(discord, clock):
    trouble()
    deliver_once()
    discord.delete_message(discord.messages()[0].id)
    trouble()
    deliver_until_quiet(clock)
    assert discord.messages() == []


def test_an_edit_that_comes_too_late_for_discord_becomes_a_message(discord, clock):
    open_alert(AlertType.DISK_SPACE, key="disk", severity=Severity.WARNING)
    deliver_once()
    discord.fail(Failure.old_edit(), times=2)
    resolve_alert(AlertType.DISK_SPACE, key="disk")
    deliver_until_quiet(clock)
    assert "ENDED" in discord.messages()[-1].payload["content"]


def test_an_alert_that_cannot_be_drawn_holds_up_nobody(discord, clock, caplog):
    def prepare(messages):
        if any("bad" in message.alert.title for message in messages):
            raise RuntimeError("no card")
        from freeze_alerts.diagnosis import prepare

        return prepare(messages)

    trouble("bad")
    trouble("good")
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        for _ in range(8):
            deliver(prepare=prepare)
            clock.shift(timedelta(minutes=1))
    assert sorted(states().values()) in (["dead", "sent"], ["dead", "pending", "sent"], ["dead", "sent", "sent"])


def test_calls_keep_to_discords_pace(discord, clock):
    discord.rate_limits()
    for number in range(19):
        trouble(str(number))
        deliver_once()
    deliver_until_quiet(clock)
    assert 429 not in {request.status for request in discord.requests}
    assert len(footers(discord)) == 19


def test_mentions_come_from_settings_alone(discord, settings, clock):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "MENTIONS": {"critical": "role:123456789012345678"}}
    trouble("1", text="@everyone <@1>")
    trouble("2", severity=Severity.EMERGENCY)
    deliver_until_quiet(clock)
    allowed = [message.first_payload["allowed_mentions"] for message in discord.messages()]
    assert allowed == [{"parse": []}, {"parse": [], "roles": ["123456789012345678"]}]


DELIVERER = """
from freeze_alerts.delivery import deliver_once
from django.conf import settings
settings.FREEZE_ALERTS = {settings!r}
print("ready", flush=True)
input()
{before}
deliver_once()
print("done", flush=True)
"""


def start_deliverer(settings, before=""):
    ours = {**settings.FREEZE_ALERTS}
    process = start_python(DELIVERER.replace("{settings!r}", repr(ours)).replace("{before}", before))
    read_until(process, "ready")
    process.stdin.write("go\n")
    process.stdin.flush()
    return process


def let_the_lease_run_out():
    past = NOON.replace(year=2025)
    Message.objects.filter(state="sending").update(lease_until=past)
    WebhookState.objects.update(blocked_until=None, paced_until=None)


DIE_AFTER_THE_ANSWER = """
import os, signal
from freeze_alerts.outbox import settle
settle.posted = lambda *answer: os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_before_the_post_it_is_sent_by_the_next(discord, settings):
    discord.fail(Failure.hang(600))
    trouble()
    deliverer = start_deliverer(settings)
    wait_until(lambda: "sending" in states().values())
    kill(deliverer)
    discord.heal()  # it may have been killed before it asked, and the next is not to hang in its place
    let_the_lease_run_out()
    deliver_once()
    discord.wait_for(lambda server: len(server.messages()) == 1, timeout_seconds=60)
    assert set(states().values()) == {"sent"}


def test_killed_between_answer_and_mark_it_is_doubled_once(discord, settings):
    trouble()
    start_deliverer(settings, DIE_AFTER_THE_ANSWER).wait(60)
    assert set(states().values()) == {"sending"}
    let_the_lease_run_out()
    deliver_once()
    deliver_once()
    first, second = footers(discord)
    assert first == second
    assert set(states().values()) == {"sent"}


def test_killed_after_the_mark_it_is_not_sent_again(discord, settings):
    trouble()
    deliverer = start_deliverer(settings)
    read_until(deliverer, "done")
    kill(deliverer)
    deliver_once()
    assert len(posts(discord)) == 1


def test_while_the_lease_holds_nobody_else_sends(discord, settings):
    trouble()
    start_deliverer(settings, DIE_AFTER_THE_ANSWER).wait(60)
    deliver_once()
    assert len(posts(discord)) == 1


def test_two_deliverers_at_once_send_each_message_once(discord, settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DELIVERY": {"DOORBELL": "none", "MESSAGES_PER_MINUTE": 0}}
    for number in range(15):
        trouble(str(number))
    deliverers = [start_deliverer(settings) for _ in range(3)]
    for deliverer in deliverers:
        read_until(deliverer, "done")
    deliver_once()
    assert sorted(footers(discord)) == sorted(f"{pk}#1" for pk in Alert.objects.values_list("pk", flat=True))


def test_an_edit_whose_sender_was_killed_is_taken_over(discord, settings, clock):
    trouble(severity=Severity.WARNING)
    deliver_once()
    end()
    message = Message.objects.get()
    Message.objects.update(redraw_at=NOON, lease_until=NOON + timedelta(seconds=60))
    Alert.objects.update(card_due_at=None)
    assert deliver_once().again_in_seconds == 60
    clock.shift(timedelta(seconds=61))
    deliver_until_quiet(clock)
    message.refresh_from_db()
    assert "ENDED" in discord.messages()[0].payload["content"]
    assert message.redraw_at is None


def test_a_card_waits_for_no_sibling_that_is_not_due(discord, clock):
    for number in range(6):
        trouble(str(number), severity=Severity.MEDIUM)
    deliver_once()
    Message.objects.filter(alert__key="0").update(redraw_at=NOON + timedelta(minutes=15))
    end("3")
    deliver_once()
    clock.shift(timedelta(seconds=10))
    deliver_once()
    (message,) = discord.messages()
    assert "ENDED" in message.payload["embeds"][3]["author"]["name"]

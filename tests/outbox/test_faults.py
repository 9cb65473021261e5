"""Faults that lost, doubled or stopped something once: each must stay mended."""

from __future__ import annotations

import dataclasses
import logging
from datetime import timedelta

import pytest
import time_machine

from freeze_alerts import diagnosis
from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.delivery import deliver_once
from freeze_alerts.diagnosis.budget import Step
from freeze_alerts.discord import client
from freeze_alerts.outbox import claim, fold, pace, settle, spool
from freeze_alerts.outbox.deliver import deliver
from freeze_alerts.outbox.models import Message
from freeze_alerts.testing.discord import Failure
from tests.outbox.passes import NOON, deliver_until_quiet, footers, posts, states

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def trouble(key="1", severity=Severity.HIGH):
    return open_alert(AlertType.BACKUP_FAILED, key=key, severity=severity, title=f"backup {key}")


def storm(count, start=0):
    for number in range(start, start + count):
        open_alert(AlertType.NEW_ISSUE, key=f"issue-{number}", title=f"issue {number}")


def unsent():
    return list(Message.objects.exclude(state="sent").values_list("intent", "state"))


@pytest.fixture
def digest(discord, clock):
    """A digest in Discord, and five alerts that joined it since."""
    storm(30)
    deliver_once()
    clock.shift(timedelta(seconds=5))
    storm(5, start=100)
    deliver_once()
    return Message.objects.get(kind="digest")


def test_a_webhook_without_access_is_left_alone_hour_after_hour(discord, clock):
    discord.fail(Failure.error(403, 50013, "Missing Permissions"), times=None, channel="backups")
    trouble()
    deliver_until_quiet(clock)
    clock.shift(timedelta(minutes=61))
    calls = len(discord.requests)
    trouble("2")
    deliver_until_quiet(clock)
    assert len(discord.requests) - calls < 8
    assert unsent() == []


def test_a_webhook_that_is_gone_is_not_called_again_after_a_mere_block(clock):
    pace.disable("w", "Unknown Webhook")
    pace.block("w", 3)
    clock.shift(timedelta(seconds=4))
    assert pace.is_disabled("w")


def test_who_waits_for_a_deleted_digest_speaks_for_itself(discord, clock, digest):
    discord.delete_message(digest.discord_message_id)
    deliver_until_quiet(clock)
    assert unsent() == []


def test_who_waits_for_a_digest_of_a_dead_webhook_speaks_for_itself(discord, clock, digest):
    pace.disable(digest.webhook, "gone")
    deliver_until_quiet(clock)
    assert unsent() == []


def test_a_digest_without_an_id_takes_nobody_in(discord, clock, monkeypatch):
    post = client.post
    monkeypatch.setattr(client, "post", lambda *call: client.Delivered("", post(*call).pace))
    storm(30)
    deliver_once()
    clock.shift(timedelta(seconds=5))
    storm(5, start=100)
    deliver_until_quiet(clock)
    assert unsent() == []


def test_two_who_fold_the_same_storm_post_one_digest(discord, clock, monkeypatch):
    storm(30)
    make, others = fold._new_digest, []

    def slower(channel, alert_type):
        if not others:
            others.append(make(channel, alert_type))
            fold._join(others[0], list(Message.objects.filter(kind="opened").values_list("pk", flat=True)))
            clock.shift(timedelta(milliseconds=1))
        return make(channel, alert_type)

    monkeypatch.setattr(fold, "_new_digest", slower)
    deliver_until_quiet(clock)
    assert len(discord.messages()) == 1


def test_a_late_sender_does_not_undo_what_another_has_delivered(discord, clock, monkeypatch):
    post, calls = client.post, []

    def late(webhook, payload):
        calls.append(webhook)
        if len(calls) > 1:
            return post(webhook, payload)
        clock.shift(timedelta(seconds=61))
        post(webhook, payload)
        deliver_once()
        return client.Unknown("late", None)

    trouble()
    monkeypatch.setattr(client, "post", late)
    deliver_until_quiet(clock)
    assert len(discord.messages()) == 2
    assert unsent() == []


def test_a_spool_that_cannot_be_read_stops_no_delivery(discord, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(spool, "take", full)
    trouble()
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_once()
    assert len(discord.messages()) == 1


def test_one_card_that_cannot_be_drawn_buries_no_other(discord, clock, caplog):
    for number in range(12):
        trouble(str(number))
    Alert.objects.filter(key="0").update(fields=[["a name without its value"]])
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock)
    assert Message.objects.filter(state="dead").count() == 1
    assert len(footers(discord, "backups")) == 11


def test_an_old_message_is_not_buried_for_the_first_card_that_fails(discord, clock, caplog):
    def fail(_messages):
        raise RuntimeError("once")

    trouble()
    Message.objects.update(attempts=7)
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver(prepare=fail)
    deliver_until_quiet(clock)
    assert set(states().values()) == {"sent"}


def test_a_finding_with_half_a_character_holds_up_nothing(discord, clock, monkeypatch):
    monkeypatch.setattr(diagnosis, "steps_for", lambda _alert: [Step("what grew", lambda: "/var/log/\udcff 3 GB", 5)])
    trouble()
    deliver_once()
    assert set(states().values()) == {"sent"}


def test_an_edit_of_a_card_in_a_lost_thread_disables_no_webhook(discord, clock):
    trouble(severity=Severity.WARNING)
    deliver_once()
    discord.fail(Failure.error(404, 10003, "Unknown Channel"), channel="backups")
    resolve_alert(AlertType.BACKUP_FAILED, key="1")
    deliver_once()
    assert not pace.is_disabled(Message.objects.get().webhook)


EDITS_REFUSED = [
    Failure.error(400, 50035, "Invalid Form Body"),
    Failure.error(403, 50013, "Missing Permissions"),
    Failure.error(404, 10008, "Unknown Message"),
    Failure.error(404, 0, "404: Not Found"),
    Failure.old_edit(),
]


@pytest.fixture(params=EDITS_REFUSED, ids=lambda each: each.name)
def edits(request, discord):
    """How many edits were tried of late; each is refused."""
    seen = []

    def count():
        now = [each for each in discord.requests if each.method == "PATCH"]
        new = len(now) - len(seen)
        seen[:] = now
        return new

    discord.fail(dataclasses.replace(request.param, only_method="PATCH"), times=None, channel="errors")
    return count


def test_a_card_that_can_never_be_edited_is_told_anew_at_its_end(discord, clock, edits, caplog):
    open_alert(AlertType.ERROR_SPIKE, key="x", severity=Severity.WARNING)
    deliver_once()
    resolve_alert(AlertType.ERROR_SPIKE, key="x")
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock)
        assert edits() <= 4
        deliver_until_quiet(clock)
    assert edits() == 0
    assert unsent() == []
    assert [m for m in discord.messages() if "ENDED" in m.payload["content"] and "spike" in m.payload["content"]]


def test_one_card_of_several_in_a_message_that_can_never_be_edited_is_told_anew(discord, clock, edits, caplog):
    for number in range(7):
        open_alert(AlertType.DISK_SPACE, key=str(number), title=f"disk {number}", severity=Severity.WARNING)
    deliver_until_quiet(clock)
    posted = len(posts(discord))
    resolve_alert(AlertType.DISK_SPACE, key="6")  # one of those that shared a message
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock)
    assert edits() <= 4
    assert unsent() == []
    assert len(posts(discord)) == posted + 1
    assert "disk 6" in discord.messages("errors")[-1].payload["content"]


def test_a_card_that_is_still_open_is_not_tried_without_end(discord, clock, edits, caplog):
    open_alert(AlertType.ERROR_SPIKE, key="x", severity=Severity.WARNING)
    deliver_once()
    Alert.objects.update(card_due_at=NOON)
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock, for_at_most=timedelta(hours=12))
        assert edits() <= 4
        deliver_until_quiet(clock, for_at_most=timedelta(hours=12))
    assert edits() == 0


def test_who_waits_for_a_digest_that_can_never_be_edited_speaks_for_itself(discord, clock, digest, edits, caplog):
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        deliver_until_quiet(clock, for_at_most=timedelta(hours=12))
        assert edits() <= 8
        resolve_alert(AlertType.NEW_ISSUE, key="issue-1")
        deliver_until_quiet(clock, for_at_most=timedelta(hours=12))
    assert edits() == 0
    assert unsent() == []
    assert "errors" not in claim.channels_at_work()


def test_a_sent_card_that_can_no_longer_be_drawn_is_given_up(discord, clock, caplog):
    def prepare(messages):
        drawn.append(messages)
        raise RuntimeError("no card")

    drawn: list[object] = []
    trouble(severity=Severity.WARNING)
    deliver_once()
    Message.objects.update(redraw_at=NOON)
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"):
        for _ in range(20):
            deliver(prepare=prepare)
            clock.shift(timedelta(minutes=15))
    assert len(drawn) == settle.TRIES_TO_DRAW
    assert set(states().values()) == {"sent"}


def test_while_a_webhook_rests_its_edits_wait(discord, clock):
    trouble()
    deliver_once()
    pace.disable(Message.objects.get().webhook, "Missing Access", passing=True)
    resolve_alert(AlertType.BACKUP_FAILED, key="1")
    deliver_until_quiet(clock)
    assert "ENDED" in discord.messages("backups")[0].payload["content"]

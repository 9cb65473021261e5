"""What health tells of disks and of the outbox, from rows alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from freeze_alerts import signals
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.disk.models import DiskSample
from freeze_alerts.watch import health, heartbeats
from freeze_alerts.watch.health import Condition, State
from freeze_alerts.watch.models import Heartbeat
from tests.factories import AlertFactory, MessageFactory

pytestmark = pytest.mark.django_db(transaction=True)


def of(name: str) -> Condition:
    (found,) = [each for each in health.conditions() if each.name.startswith(name)]
    return found


def sample(*, minutes_ago=0, used=40, inodes=(None, None)):
    DiskSample.objects.create(
        host="web1", device="sda1", path="/", at=timezone.now() - timedelta(minutes=minutes_ago), used_bytes=used,
        free_bytes=100 - used, total_bytes=100, inodes_used=inodes[0], inodes_total=inodes[1],
    )  # fmt: skip


def full(severity: Severity, percent: float) -> None:
    AlertFactory(
        type=AlertType.DISK_SPACE.value, key="disk:web1:sda1", title="/ on web1", severity=severity.value,
        peak_value=percent,
    )  # fmt: skip


def test_where_nobody_has_read_a_disk_yet_nothing_is_known():
    assert of("disk").state is State.UNKNOWN


def test_the_newest_sample_of_a_disk_counts():
    sample(minutes_ago=5, used=30)
    sample(used=41)
    found = of("disk")
    assert (found.name, found.state, found.value, found.threshold) == ("disk / on web1", State.OK, 41, 80)


def test_inodes_count_as_much_as_bytes():
    sample(used=10, inodes=(72, 100))
    assert of("disk").value == 72


@pytest.mark.parametrize(
    ("severity", "state"),
    [
        (Severity.WARNING, State.WARNING),
        (Severity.CRITICAL, State.WARNING),  # the site still serves
        (Severity.EMERGENCY, State.CRITICAL),
    ],
)
def test_a_disk_with_an_alert_is_as_ill_as_that_says(severity, state):
    sample(used=91)
    full(severity, 91)
    found = of("disk")
    assert (found.state, found.value) == (state, 91)
    assert found.since is not None


def test_a_disk_that_is_too_full_for_samples_is_known_by_its_alert():
    full(Severity.EMERGENCY, 97.5)
    assert (of("disk").state, of("disk").value) == (State.CRITICAL, 97.5)


@pytest.mark.parametrize("minutes", [21, 61, 60 * 24])
def test_when_nobody_reads_the_disks_any_more_it_is_said(minutes):
    sample(minutes_ago=minutes)
    assert of("disk").state is State.WARNING


def test_an_empty_outbox_is_well():
    assert (of("outbox").state, of("outbox").value) == (State.OK, 0)


@pytest.mark.parametrize(("minutes", "state"), [(14, State.OK), (15, State.WARNING)])
@pytest.mark.parametrize("sending", [Message.State.PENDING, Message.State.SENDING, Message.State.UNKNOWN])
def test_a_message_that_waits_for_a_quarter_of_an_hour_is_stuck(minutes, state, sending):
    """However often it is tried meanwhile."""
    now = timezone.now()
    MessageFactory(created_at=now - timedelta(minutes=minutes), due_at=now + timedelta(minutes=2), state=sending)
    assert of("outbox").state is state


@pytest.mark.parametrize("state", [Message.State.SENT, Message.State.DEAD])
def test_what_is_said_or_dead_waits_no_more(state):
    MessageFactory(created_at=timezone.now() - timedelta(hours=3), state=state)
    assert of("outbox").state is State.OK


def test_a_folded_message_waits_for_nothing():
    digest = MessageFactory(alert=None, intent="digest:1", state=Message.State.SENT)
    MessageFactory(created_at=timezone.now() - timedelta(hours=3), folded_into=digest)
    assert of("outbox").state is State.OK


def test_a_part_that_never_gave_a_sign_is_not_told_of():
    assert {each.name for each in health.conditions()} == {"disks", "outbox", "backup default"}


def test_a_part_is_as_old_as_its_last_sign():
    heartbeats.beat("beat")
    Heartbeat.objects.update(at=timezone.now() - timedelta(seconds=100))
    found = of("beat")
    assert (found.state, found.unit, found.threshold) == (State.OK, "seconds", 420)
    assert found.value >= 100


def test_a_dead_part_is_a_warning_since_its_last_sign():
    heartbeats.beat("watchdog")
    Heartbeat.objects.update(at=timezone.now() - timedelta(minutes=4))
    found = of("watchdog")
    assert (found.state, found.since) == (State.WARNING, Heartbeat.objects.get().at)


def test_somebody_outside_who_does_not_answer_is_a_warning_while_there_is_an_address(settings):
    settings.FREEZE_ALERTS = {"WATCH": {"PING_URL": "https://hc-ping.com/uuid"}}
    heartbeats.miss("ping", "Timeout")
    assert of("ping").state is State.WARNING
    settings.FREEZE_ALERTS = {}
    assert "ping" not in {each.name for each in health.conditions()}


def test_a_duty_that_fails_is_a_warning():
    now = timezone.now()
    Heartbeat.objects.create(name="duty:check_payments", started_at=now, failures=3, detail="ValueError")
    assert of("duty:check_payments").state is State.WARNING


def test_a_room_that_fails_is_unknown_and_hides_no_other(monkeypatch, caplog):
    monkeypatch.setattr(health, "CONDITIONS", ("freeze_alerts.watch.conditions.nowhere", *health.CONDITIONS[1:]))
    assert [each.state for each in health.conditions()][:2] == [State.UNKNOWN, State.OK]
    assert "nowhere" in caplog.text


def test_the_worst_is_what_counts():
    well, ill = Condition("a", State.OK), Condition("b", State.WARNING)
    assert health.worst([]) is State.OK
    assert health.worst([well, ill, Condition("c", State.UNKNOWN)]) is State.WARNING


def test_a_disk_that_the_source_tells_of_is_found_under_the_same_key():
    sample(used=85)
    signals.disk_measured.send_robust(
        None, host="web1", device="sda1", path="/", used_percent=85.0, severity=Severity.WARNING,
        held=Severity.WARNING, text="85 % full", fields=[],
    )  # fmt: skip
    assert of("disk").state is State.WARNING


def backup(*, hours_ago, state="complete", **columns):
    BackupRun.objects.create(
        database="default",
        state=state,
        made_by="freeze_alerts",
        at=timezone.now() - timedelta(hours=hours_ago),
        **columns,
    )


def test_without_any_backup_nothing_is_known_until_it_is_missed():
    assert of("backup").state is State.UNKNOWN
    AlertFactory(type=AlertType.BACKUP_MISSED.value, key="backup-age:default")
    found = of("backup")
    assert (found.name, found.state, found.value) == ("backup default", State.WARNING, None)
    assert found.since is not None


@pytest.mark.parametrize(("hours", "state"), [(1, State.OK), (24.9, State.OK), (25.1, State.WARNING)])
def test_a_backup_is_as_well_as_it_is_young(hours, state):
    backup(hours_ago=hours)
    found = of("backup")
    assert (found.state, found.value, found.unit, found.threshold) == (state, hours, "hours", 25)


def test_what_failed_was_deleted_or_is_from_the_future_is_no_backup():
    backup(hours_ago=30)
    backup(hours_ago=1, state="failed")
    backup(hours_ago=2, deleted_at=timezone.now())
    backup(hours_ago=-5)
    assert (of("backup").state, of("backup").value) == (State.WARNING, 30)

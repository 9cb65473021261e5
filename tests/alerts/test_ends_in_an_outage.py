from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from freeze_alerts import signals
from freeze_alerts.alerts import Outcome, answers, booking, open_alert, resolve_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.delivery import deliver_once
from freeze_alerts.outbox import courier, spool
from tests.alerts.test_emergency import away
from tests.outbox.passes import states

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def discord(discord, path):
    """The stand-in, with the spool still in its place."""
    return discord


@pytest.fixture(autouse=True)
def path(settings, tmp_path, monkeypatch):
    monkeypatch.setattr(courier, "HEAD_START_SECONDS", 0.0)
    monkeypatch.setattr(courier, "FAREWELL_SECONDS", 60.0)  # a busy machine takes its time
    delivery = {"SPOOL": str(tmp_path / "spool.jsonl"), "DOORBELL": "none"}
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DELIVERY": delivery}
    return tmp_path / "spool.jsonl"


def fail(key="1"):
    return open_alert(AlertType.BACKUP_FAILED, key=key, title=f"backup {key}")


def end(key="1", **told):
    return resolve_alert(AlertType.BACKUP_FAILED, key=key, **{"reason": "the next one succeeded", **told})


def backup(key="1"):
    return Alert.objects.get(type=AlertType.BACKUP_FAILED, key=key)


def ends_in(path):
    return [line for line in map(json.loads, path.read_text().splitlines()) if "end" in line]


def test_an_end_is_spooled_and_booked_when_the_database_is_back(path):
    fail()
    with away():
        assert end() is Outcome.SPOOLED
    before = timezone.now()
    booking.book_spool()
    assert (backup().ended, backup().ended_because) == (True, "the next one succeeded")
    assert backup().resolved_at < before  # when it was told, not when it was booked


def test_what_opened_and_ended_in_the_outage_has_ended_and_its_card_is_green(discord, settings, path):
    settings.FREEZE_ALERTS = {
        **settings.FREEZE_ALERTS, "DELIVERY": {"SPOOL": str(path), "DOORBELL": "none", "MESSAGES_PER_MINUTE": 0}
    }  # fmt: skip
    with away():
        fail()
        discord.wait_for(lambda server: server.messages("backups"), timeout_seconds=60)
        end()
        courier.close()
    deliver_once()
    deliver_once()
    assert backup().ended
    assert all("ENDED" in message.payload["content"] for message in discord.messages("backups"))
    assert set(states().values()) == {"sent"}
    assert discord.complaints == []


def test_what_ended_and_came_back_in_the_outage_is_open(path):
    fail()
    with away():
        end()
        fail()
    booking.book_spool()
    assert (backup().ended, backup().occurrences) == (False, 2)


def test_what_came_back_and_ended_in_the_outage_has_ended(path):
    fail()
    with away():
        end()
        fail()
        end()
    booking.book_spool()
    assert backup().ended


def test_an_end_that_is_told_over_and_over_is_kept_once(path):
    with away():
        for _ in range(5):
            assert end() is Outcome.SPOOLED
    assert len(ends_in(path)) == 1


def test_an_end_waits_behind_an_opening_that_is_not_booked_yet(path):
    with away():
        fail()
    assert end() is Outcome.SPOOLED
    booking.book_spool()
    assert backup().ended
    assert end() is Outcome.UNCHANGED


def test_an_end_ends_nothing_that_was_seen_after_it(path):
    fail()
    with away():
        end()
    fail()  # by a process whose database is there
    booking.book_spool()
    assert not backup().ended


def test_an_end_is_booked_once_whatever_crashes(path):
    fail()
    with away():
        end()
        fail()
    lines = path.read_bytes()
    booking.book_spool()
    path.write_bytes(lines)
    booking.book_spool()
    assert (backup().ended, backup().occurrences) == (False, 2)


def test_an_end_of_nothing_is_forgotten(path):
    with away():
        end("nobody")
    booking.book_spool()
    assert spool.is_empty()
    assert not Alert.objects.filter(key="nobody").exists()


def test_an_end_that_cannot_be_booked_is_put_aside(path):
    path.write_text('{"id": "1", "key": "x", "end": {"at": "never"}}\n')
    booking.book_spool()
    assert "spool.jsonl.rejected" in Alert.objects.get(type=AlertType.TROUBLE, key="spool").text


def test_an_end_does_not_overtake_an_opening_that_the_disk_did_not_take(path, settings):
    spooled = settings.FREEZE_ALERTS
    settings.FREEZE_ALERTS = {**spooled, "DELIVERY": {"SPOOL": "/proc/nowhere", "DOORBELL": "none"}}
    with away():
        fail()
        settings.FREEZE_ALERTS = spooled  # there is room again
        end()
    booking.book_spool()
    assert backup().ended


def test_while_the_database_is_away_an_end_says_so_too(discord):
    with away():
        end()
        discord.wait_for(lambda server: server.messages("errors"), timeout_seconds=60)
    assert "the database can't be reached" in discord.messages("errors")[0].payload["content"]


def judged(severity):
    told = {"series": "errors", "severity": severity, "text": "", "count": 60}
    signals.sentry_judged.send_robust(sender=None, **told)


def spike():
    return Alert.objects.get(type=AlertType.ERROR_SPIKE)


def test_a_state_whose_source_speaks_once_ends_after_the_outage(path):
    judged(Severity.CRITICAL)
    with away():
        judged(None)
    booking.book_spool()
    assert spike().ended


def test_a_state_that_opened_in_the_outage_and_ends_before_it_is_booked_ends(path):
    with away():
        judged(Severity.CRITICAL)
    judged(None)
    booking.book_spool()
    assert spike().ended


def test_a_state_that_is_read_again_and_again_is_left_to_its_next_reading(path):
    disk = {"host": "web1", "device": "/dev/sda1", "path": "/", "used_percent": 9.0, "text": "", "fields": []}
    with away():
        signals.disk_measured.send_robust(sender=None, severity=None, held=None, **disk)
    assert not path.exists() or "disk.space" not in path.read_text()


def test_a_person_is_told_that_the_end_could_not_be_written():
    fail()
    alert = backup()
    with away(), pytest.raises(OperationalError):
        answers.resolve(alert, by="ann")


def test_an_end_told_within_a_spoilt_transaction_spoils_nothing_more(path):
    fail()
    with transaction.atomic():
        connection.needs_rollback = True
        assert end() is Outcome.SPOOLED
    booking.book_spool()
    assert backup().ended


def test_an_end_told_by_a_host_whose_clock_is_ahead_is_booked_and_reopened_all_the_same(path):
    fail()
    with away():
        end()
    line = json.loads(path.read_text().splitlines()[0])
    line["end"]["at"] = (timezone.now() + timedelta(seconds=1)).isoformat()
    path.write_text(json.dumps(line) + "\n")
    booking.book_spool()
    assert backup().ended
    fail()
    assert not backup().ended

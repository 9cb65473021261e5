from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from freeze_alerts import tasks
from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox.models import Message
from freeze_alerts.sources.backups import history
from freeze_alerts.sources.backups.manifest import Proof
from freeze_alerts.sources.backups.summary import summarize
from tests.sources.backups.manifests import NOON, a_backup

pytestmark = pytest.mark.django_db(transaction=True)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def test_the_card_says_what_was_made_and_what_is_there(directory):
    for hours, size in ((1, 1), (2, 2)):
        history.remember(
            history.number(""), database="default", state="failed", at=timezone.now() - hours * HOUR * size
        )
    for number in range(3):
        proofs = (Proof(1, NOON - HOUR, "ok"),) if number else ()
        a_backup(directory, f"default_20261123T120000Z_{number:08x}", snapshot_at=NOON - number * HOUR, proofs=proofs)
    tasks.check_backups()
    tasks.daily_backup_summary()
    alert = Alert.objects.get()
    assert (alert.type, alert.title) == ("backups.summary", "all is there")
    assert alert.fields == [
        [
            "default",
            "3 made, 2 failed in 24 hours\n"
            "newest of 2026-11-23 12:00 UTC, 17 B (+0 %), took 9 s\n"
            "3 kept, the oldest of 2026-11-23 10:00 UTC\n"
            "last proved 2026-11-23 11:00 UTC",
        ]
    ]


def test_it_names_what_is_missing(directory, settings):
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = ["app", "app_archive"]
    a_backup(directory, "app_20261123T120000Z_0000000b", database="app", snapshot_at=NOON)
    a_backup(directory, "app_archive_20261123T120000Z_0000000b", database="app_archive", snapshot_at=NOON - 30 * HOUR)
    summarize()
    alert = Alert.objects.get()
    assert (alert.title, alert.text) == (
        "a backup is missing", "There is none that is young enough of app_archive.",
    )  # fmt: skip
    assert [name for name, *_ in alert.fields] == ["app", "app_archive"]


def test_it_waits_for_the_morning_and_then_comes_once_a_day(directory, clock):
    told = []
    for hour in range(48):
        clock.move_to(NOON.replace(hour=0) + hour * HOUR)
        tasks.daily_backup_summary()
        told.append(Alert.objects.count())
    # Before the first seven o'clock the day before's is due; seven in Amsterdam is six in UTC.
    assert told == [1] * 6 + [2] * 24 + [3] * 18


def test_it_is_quiet(directory, discord):
    summarize()
    tasks.deliver_messages()
    message = Message.objects.get()
    assert (message.state, message.channel) == ("sent", "backups")
    clock_later = timezone.now() + timedelta(days=3)
    with time_machine.travel(clock_later, tick=False):
        tasks.deliver_messages()
    assert Message.objects.count() == 1  # no reminder, no end


def test_with_nothing_to_watch_nothing_is_told(directory, settings):
    settings.FREEZE_ALERTS["BACKUPS"]["DATABASES"] = []
    summarize()
    assert not Alert.objects.exists()

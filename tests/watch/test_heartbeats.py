from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from freeze_alerts.watch import heartbeats
from freeze_alerts.watch.models import Heartbeat

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_sign_of_life_ends_every_suspicion():
    heartbeats.miss("broker", "ConnectionError")
    heartbeats.miss("broker", "Timeout" * 100)
    row = Heartbeat.objects.get()
    assert (row.failures, len(row.detail), row.at) == (2, 255, None)
    Heartbeat.objects.update(silent_since=timezone.now())
    heartbeats.beat("broker")
    row = Heartbeat.objects.get()
    assert (row.failures, row.detail, row.silent_since) == (0, "", None)
    assert row.at is not None


def test_what_gone_hosts_did_goes_after_a_month_and_nothing_else():
    for name, days in (("duty:check_disk@old", 31), ("duty:check_disk@web1", 1), ("duty:verify_backup", 40)):
        Heartbeat.objects.create(name=name, started_at=timezone.now() - timedelta(days=days))
    heartbeats.beat("beat")
    assert [heartbeats.prune(dry_run=True), heartbeats.prune(), heartbeats.prune()] == [1, 1, 0]
    assert not Heartbeat.objects.filter(name="duty:check_disk@old").exists()
    assert Heartbeat.objects.count() == 3

from __future__ import annotations

import pytest
from django.utils import timezone

from freeze_alerts.watch.models import Heartbeat

LIST = "/admin/freeze_alerts/heartbeat/"


@pytest.mark.django_db
def test_signs_of_life_are_shown_and_the_silent_can_be_picked_out(admin_client):
    Heartbeat.objects.create(name="beat", at=timezone.now(), silent_since=timezone.now(), detail="on celery-beat")
    Heartbeat.objects.create(name="watchdog", at=timezone.now())
    told = admin_client.get(LIST, {"silent_since__isempty": "0"}).content.decode()
    assert "on celery-beat" in told
    assert "/heartbeat/watchdog/" not in told


@pytest.mark.django_db
def test_a_part_that_was_taken_out_of_service_can_be_forgotten(admin_client):
    Heartbeat.objects.create(name="beat", at=timezone.now())
    admin_client.post(f"{LIST}beat/delete/", {"post": "yes"})
    assert not Heartbeat.objects.exists()


@pytest.mark.django_db
def test_whoever_is_on_call_types_nothing_into_them(as_ann):
    Heartbeat.objects.create(name="beat", at=timezone.now())
    assert as_ann.get(f"{LIST}beat/delete/").status_code == 403

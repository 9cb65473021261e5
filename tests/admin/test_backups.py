from __future__ import annotations

import pytest
from django.utils import timezone

from freeze_alerts.sources.backups.models import BackupRun

LIST = "/admin/freeze_alerts/backuprun/"


@pytest.fixture(autouse=True)
def _runs(db):
    now = timezone.now()
    BackupRun.objects.create(database="default", state="complete", made_by="freeze_alerts", name="default_1", at=now,
                             seconds=9.04, size_bytes=395209932)  # fmt: skip
    BackupRun.objects.create(database="archive", state="failed", made_by="freeze_alerts", at=now, stage="dump",
                             error="server closed the connection")  # fmt: skip


def test_backups_are_shown_as_a_person_says_them(admin_client):
    told = admin_client.get(LIST).content.decode()
    assert "376.9\u00a0MB" in told
    assert "9.0\u00a0s" in told


@pytest.mark.parametrize("asked", ["?state__exact=failed", "?q=closed+the", "?database=archive"])
def test_they_are_found_by_what_one_remembers(admin_client, asked):
    told = admin_client.get(LIST + asked).content.decode()
    assert "default_1" not in told
    assert "1 backup run" in told


def test_nobody_writes_into_them(admin_client):
    run = BackupRun.objects.get(name="default_1")
    page = admin_client.get(f"{LIST}{run.pk}/change/").content.decode()
    assert 'name="_save"' not in page
    assert admin_client.get(f"{LIST}add/").status_code == 403

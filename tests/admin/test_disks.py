from __future__ import annotations

import pytest
from django.utils import timezone

from freeze_alerts.sources.disk.models import DiskSample

LIST = "/admin/freeze_alerts/disksample/"


@pytest.mark.django_db
@pytest.mark.parametrize(("free", "used"), [(1 << 30, "75\u00a0%"), (0, "100\u00a0%")])
def test_samples_are_shown_as_a_person_says_them(admin_client, free, used):
    DiskSample.objects.create(
        host="web1", device="/dev/sda1", path="/", at=timezone.now(), used_bytes=3 << 30, free_bytes=free,
        total_bytes=5 << 30,
    )  # fmt: skip
    told = admin_client.get(LIST).content.decode()
    assert used in told
    assert "5\u00a0GB" in told


@pytest.mark.django_db
def test_a_disk_without_room_for_anybody_has_no_percentage(admin_client):
    DiskSample.objects.create(
        host="web1", device="/dev/loop0", path="/snap", at=timezone.now(), used_bytes=0, free_bytes=0, total_bytes=0
    )
    assert "–" in admin_client.get(LIST).content.decode()

from __future__ import annotations

from freeze_alerts.sources.disk.models import DiskConsumer, DiskSample
from tests.sources.disk.readings import NOON


def test_rows_say_what_they_are() -> None:
    assert str(DiskSample(host="web1", device="/dev/sda1", at=NOON)) == "web1 /dev/sda1 at 2026-03-04 12:00"
    consumer = DiskConsumer(host="web1", name="backups", measured_at=NOON)
    assert str(consumer) == "backups on web1 at 2026-03-04 12:00"

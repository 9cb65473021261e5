"""Readings made to measure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from freeze_alerts.sources.disk.reading import Reading

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
GIGABYTE = 1024**3


def a_reading(percent: float = 50.0, *, inodes_percent: float | None = 10.0, **changes: Any) -> Reading:
    """A disk of 80 GB on web1 that is ``percent`` full."""
    used = round(percent / 100 * 80 * GIGABYTE)
    inodes_used = None if inodes_percent is None else round(inodes_percent * 1000)
    seen: dict[str, Any] = {
        "host": "web1",
        "device": "/dev/sda1",
        "path": "/",
        "used_percent": percent,
        "used_bytes": used,
        "free_bytes": 80 * GIGABYTE - used,
        "total_bytes": 80 * GIGABYTE,
        "inodes_used_percent": inodes_percent,
        "inodes_free": None if inodes_used is None else 100_000 - inodes_used,
        "read_at": NOON,
        "inodes_used": inodes_used,
    }
    return Reading(**seen | changes)

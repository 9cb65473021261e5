"""Manifests as backups leave them, without the backups."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from freeze_alerts.sources.backups import manifest
from freeze_alerts.sources.backups.manifest import Manifest

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CONTENT = b"not really a dump"


def a_manifest(name: str = "default_20261123T120000Z_0000000a", **changes: Any) -> Manifest:
    made = Manifest(
        id="0" * 32, name=name, file=f"{name}.dump.zst", database="default", identity="postgresql:1/shop",
        engine="postgresql", database_name="shop", started_at=NOON, snapshot_at=NOON + timedelta(seconds=1),
        finished_at=NOON + timedelta(seconds=9), raw_bytes=1000, stored_bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(), level=1, rows={"public.orders": 12, "public.items": 30},
        migrations={"shop": "0003_more"}, server_version="15.18", client_version="15.18",
        command="pg_dump -Fc", app_version="0.1", django_version="5.2", host="web1",
    )  # fmt: skip
    return replace(made, **changes)


def a_backup(directory: Path, name: str = "default_20261123T120000Z_0000000a", **changes: Any) -> Manifest:
    """A manifest with its file, in that directory."""
    made = a_manifest(name, **changes)
    (directory / made.file).write_bytes(CONTENT)
    manifest.write(made, directory)
    return made

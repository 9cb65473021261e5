from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings


@pytest.fixture
def directory(tmp_path: Path, settings: Settings) -> Path:
    """An empty directory of backups, as the settings name it."""
    path = tmp_path / "backups"
    path.mkdir(mode=0o700)
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "BACKUPS": {"DIRECTORY": str(path)}}
    return path

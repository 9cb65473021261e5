from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from freeze_alerts import signals
from freeze_alerts.sources.backups import keeping
from tests.services import Service
from tests.sources.backups import shops
from tests.sources.backups.shops import Shop


@pytest.fixture
def directory(tmp_path: Path, settings: Settings) -> Path:
    """An empty directory of backups, as the settings name it."""
    path = tmp_path / "backups"
    path.mkdir(mode=0o700)
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "BACKUPS": {"DIRECTORY": str(path)}}
    return path


@pytest.fixture
def sqlite_shop(db: None, tmp_path: Path) -> Iterator[Shop]:
    with shops.sqlite(tmp_path) as shop:
        yield shop


@pytest.fixture
def postgresql_shop(db: None, postgresql: Service) -> Iterator[Shop]:
    with shops.postgresql(postgresql) as shop:
        yield shop


@pytest.fixture
def mysql_shop(db: None, mariadb: Service) -> Iterator[Shop]:
    with shops.mysql(mariadb) as shop:
        yield shop


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def shop(request: pytest.FixtureRequest) -> Shop:
    """A small database of each kind, whichever the tests run on."""
    found: Shop = request.getfixturevalue(f"{request.param}_shop")
    return found


@pytest.fixture
def told() -> list[tuple[str, dict[str, Any]]]:
    """The signals of what became of backups, by name, with what they carried."""
    heard: list[tuple[str, dict[str, Any]]] = []
    for name, signal in vars(signals).items():
        if name.startswith("backup_") and signal is not signals.backup_started:
            signal.connect(_listener(name, heard), weak=False)
    return heard


def _listener(name: str, heard: list[tuple[str, dict[str, Any]]]) -> Callable[..., None]:
    return lambda **news: heard.append((name, news))


@pytest.fixture(autouse=True)
def _nothing_was_tried() -> None:
    """What this process remembers of its tries is of other tests."""
    keeping._tried.clear()

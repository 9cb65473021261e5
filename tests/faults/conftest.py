from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from freeze_alerts.testing.discord import DiscordServer
from tests.faults.servers import Postgresql, Redis, postgresql_programs
from tests.paths import ROOT

HERE = Path(__file__).parent
MIGRATED = "migrated"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.timeout(900))  # each waits for its conditions, as long as a busy machine needs


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgresql]:
    """A cluster of our own, stopped, with one database that has our tables."""
    programs = postgresql_programs()
    if programs is None:
        pytest.skip("PostgreSQL's own programs are not installed here")
    folder = Path(tempfile.mkdtemp(prefix="freeze-alerts-faults-"))
    server = Postgresql(folder, programs)
    try:
        server.prepare()
        server.start()
        server.query(f"CREATE DATABASE {MIGRATED}")
        _migrate(server)
        server.stop()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _migrate(server: Postgresql) -> None:
    command = [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **server.environment(MIGRATED)}
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


@pytest.fixture
def database(cluster: Postgresql) -> Iterator[Postgresql]:
    """It runs, with a database named ``faults`` that is empty but for our tables."""
    try:
        cluster.start()
        cluster.query("DROP DATABASE IF EXISTS faults")
        cluster.query(f"CREATE DATABASE faults TEMPLATE {MIGRATED}")
        yield cluster
    finally:
        cluster.kill()


@pytest.fixture
def broker() -> Iterator[Redis]:
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed here")
    server = Redis()
    try:
        server.start()
        yield server
    finally:
        server.kill()


@pytest.fixture
def ours(discord: DiscordServer, settings, tmp_path):  # type: ignore[no-untyped-def]
    """The environment of a process that delivers to the stand-in; ``DELIVERY`` as given."""

    def environment(**delivery: object) -> dict[str, str]:
        told = {"DOORBELL": "thread", "MESSAGES_PER_MINUTE": 0, "SPOOL": str(tmp_path / "spool.jsonl"), **delivery}
        return {"FREEZE_ALERTS_TEST_SETTINGS": json.dumps({**settings.FREEZE_ALERTS, "DELIVERY": told})}

    return environment

"""The database goes away in the middle of a storm, and comes back."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from freeze_alerts.testing.discord import DiscordServer
from tests import processes
from tests.services import Service
from tests.sources.errors.gate import Gate, gate_before

SHOP = """
import logging, sys
for line in sys.stdin:
    for number in range(int(line)):
        logging.getLogger("shop").error("order %s is lost", number)
    print("logged", flush=True)
"""
PROCESSES = 2
_COUNTS: tuple[LiteralString, ...] = (
    "SELECT coalesce(sum(occurrences), 0) FROM freeze_alerts_issue",
    "SELECT coalesce(sum(count), 0) FROM freeze_alerts_errorminute",
)
NAME = f"test_freeze_alerts_outage_{os.getpid()}"


@pytest.fixture
def gate(postgresql: Service) -> Iterator[Gate]:
    with gate_before(postgresql.host, postgresql.port) as gate:
        yield gate


@pytest.fixture
def shop(
    postgresql: Service, gate: Gate, tmp_path: Path, discord: DiscordServer, settings
) -> Iterator[dict[str, str]]:
    """The environment of processes whose way to their database leads through the gate."""
    freeze_alerts = {**settings.FREEZE_ALERTS, "DELIVERY": {"DOORBELL": "none", "SPOOL": str(tmp_path / "spool")}}
    environment = {
        "FREEZE_ALERTS_TEST_DATABASE": "postgresql", "FREEZE_ALERTS_TEST_NAME": NAME, "PGHOST": "127.0.0.1",
        "PGPORT": str(gate.port), "FREEZE_ALERTS_TEST_SETTINGS": json.dumps(freeze_alerts),
    }  # fmt: skip
    with psycopg.connect(postgresql.url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {NAME}".encode())
        try:
            migrated = processes.run_python(
                "from django.core.management import call_command\n"
                "call_command('migrate', verbosity=0, skip_checks=True)",
                timeout_seconds=120, **environment,
            )  # fmt: skip
            assert migrated.returncode == 0, migrated.stderr
            yield environment
        finally:
            processes.kill_leftovers()
            server.execute(f"DROP DATABASE {NAME} WITH (FORCE)".encode())


def _counted(postgresql: Service) -> tuple[int, int]:
    """How often the issue was seen, by itself and by the minutes."""
    with psycopg.connect(postgresql.url.rpartition("/")[0] + f"/{NAME}") as server:
        rows = [server.execute(question).fetchone() for question in _COUNTS]
    return tuple(int(row[0]) for row in rows if row)  # type: ignore[return-value]


def _outages_said(discord: DiscordServer) -> int:
    told = (json.dumps(message.first_payload) for message in discord.messages())
    return sum("the database can't be reached" in each for each in told)


def test_what_is_met_without_a_database_is_counted_said_once_and_booked_later(
    shop: dict[str, str], gate: Gate, postgresql: Service, discord: DiscordServer
) -> None:
    shops = [processes.start_python(SHOP, **shop) for _ in range(PROCESSES)]

    def storm(errors: int) -> None:
        for each in shops:
            assert each.stdin is not None
            each.stdin.write(f"{errors}\n")
            each.stdin.flush()
        for each in shops:
            processes.read_until(each, "logged", timeout_seconds=120)

    storm(5)
    processes.wait_until(lambda: _counted(postgresql) == (10, 10), timeout_seconds=120)
    gate.shut()
    storm(500)
    processes.wait_until(lambda: _outages_said(discord), timeout_seconds=120)
    storm(500)
    gate.open()
    processes.wait_until(lambda: _counted(postgresql) == (2_010, 2_010), timeout_seconds=120)
    assert _outages_said(discord) == 1

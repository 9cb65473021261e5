"""What every benchmark stands on: a database of its own, our settings in the environment, and a table at the end."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))


@dataclass(frozen=True)
class Figure:
    """One line of the table. ``holds`` is None for what is merely shown."""

    name: str
    value: str
    limit: str = ""
    holds: bool | None = None

    @property
    def verdict(self) -> str:
        return {None: "", True: "holds", False: "DOES NOT HOLD"}[self.holds]


def show(title: str, figures: Sequence[Figure]) -> bool:
    """Print the table; True when every limit holds."""
    rows = [(each.name, each.value, each.limit, each.verdict) for each in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    print(f"\n{title}")
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    sys.stdout.flush()
    return all(each.holds is not False for each in figures)


def configure(kind: str, name: str, *, pair: bool = False, **freeze_alerts: Any) -> None:
    """Put the settings where this process and those it starts find them. To be called before :func:`set_up`."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "FREEZE_ALERTS_TEST_DATABASE": kind,
        "FREEZE_ALERTS_TEST_NAME": name,
        "FREEZE_ALERTS_BENCH": json.dumps(freeze_alerts),
        "FREEZE_ALERTS_BENCH_PAIR": "yes" if pair else "",
    }


def set_up() -> None:
    import django

    django.setup()


def missing(kind: str) -> str:
    """Why this database can't be used here; "" when it can."""
    from tests import services

    found = services.find("postgresql") if kind == "postgresql" else None
    return found.reason if isinstance(found, services.Missing) else ""


@contextlib.contextmanager
def databases(kind: str, *names: str) -> Iterator[None]:
    """Empty databases of these names, gone again afterwards. SQLite makes its own when first used."""
    try:
        if kind == "postgresql":
            _on_server(*(f'CREATE DATABASE "{name}"' for name in names))
        yield
    finally:
        if kind == "postgresql":
            _on_server(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in names))
        else:
            _remove_sqlite()


def migrate(alias: str = "default") -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, database=alias)


def again(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a benchmark's script once more, as a process that is told and tells what by its pipes."""
    return subprocess.Popen(
        [sys.executable, script, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def stand_in() -> Iterator[tuple[str, str]]:
    """Discord's stand-in as a process of its own: its API's address, and the webhook of #errors."""
    command = [sys.executable, "-m", "freeze_alerts.testing.discord", "--port", "0", "--channel", "errors"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = [process.stdout.readline().split()[-1] for _ in range(2)]
        yield f"{told[0]}api/v10", told[1]
    finally:
        process.terminate()
        process.wait()


def _on_server(*commands: str) -> None:
    import psycopg

    from tests import services

    service = services.find("postgresql")
    assert isinstance(service, services.Service)
    with psycopg.connect(service.url, autocommit=True) as connection:
        for command in commands:
            connection.execute(command.encode())


def _remove_sqlite() -> None:
    from django.conf import settings

    path = settings.DATABASES["default"]["NAME"]
    for each in (path, f"{path}-wal", f"{path}-shm", f"{path}-journal"):
        Path(each).unlink(missing_ok=True)

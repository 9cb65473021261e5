"""What every benchmark stands on: a database of its own, our settings in the environment, and a table at the end."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
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
    busy = os.getloadavg()[0] / (os.cpu_count() or 1)
    print(f"\n{title}   [load {busy:.1f} a core]")
    for row in rows:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    sys.stdout.flush()
    return all(each.holds is not False for each in figures)


def configure(engine: str, name: str, *, pair: bool = False) -> None:
    """Name the database for this process and those it starts. To be called before :func:`set_up`."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "benchmarks.settings",
        "FREEZE_ALERTS_TEST_DATABASE": engine,
        "FREEZE_ALERTS_TEST_NAME": name,
        "FREEZE_ALERTS_BENCH_PAIR": "yes" if pair else "",
    }


def tell_settings(**freeze_alerts: Any) -> None:
    """Say what FREEZE_ALERTS is, to this process if it isn't set up yet, and to those it starts from now on."""
    os.environ["FREEZE_ALERTS_BENCH"] = json.dumps(freeze_alerts)


def set_up() -> None:
    import django

    django.setup()


def usable(engines: Sequence[str]) -> list[str]:
    """Those of the engines that can be used here; for the others it says why not."""
    from tests import services

    found = services.find("postgresql") if "postgresql" in engines else None
    if not isinstance(found, services.Missing):
        return list(engines)
    print(f"LEFT OUT: {found.reason}")
    return [engine for engine in engines if engine != "postgresql"]


@contextlib.contextmanager
def databases(engine: str, *names: str) -> Iterator[None]:
    """Empty databases of these names, and the folder of the spool, gone again afterwards. SQLite makes its own."""
    folder = Path(tempfile.gettempdir()) / os.environ["FREEZE_ALERTS_TEST_NAME"]
    folder.mkdir(exist_ok=True)
    try:
        if engine == "postgresql":
            _on_server(*(f'CREATE DATABASE "{name}"' for name in names))
        yield
    finally:
        if engine == "postgresql":
            _on_server(*(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)' for name in names))
        else:
            for name in names:
                _remove_sqlite(name)
        shutil.rmtree(folder, ignore_errors=True)


def migrate(alias: str = "default") -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, database=alias, skip_checks=True)


def migrate_apart() -> None:
    """Make the tables, in a process of its own."""
    subprocess.run([sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"], cwd=ROOT, check=True)


def again(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    """Start a benchmark's script once more, as a process that is told and tells what by its pipes."""
    return subprocess.Popen(
        [sys.executable, script, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def run_alone(script: str, *arguments: str) -> int:
    """Run a benchmark's script once more to its end, and give its exit code: settings are read once a process."""
    return subprocess.run([sys.executable, script, *arguments], check=False).returncode


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


def _remove_sqlite(name: str) -> None:
    path = Path(tempfile.gettempdir()) / f"{name}.sqlite3"
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)

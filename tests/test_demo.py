"""The demo as ``make demo`` runs it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from freeze_alerts import catalog
from tests.paths import ROOT
from tests.processes import kill, read_until, start

DEMO = ROOT / "example_project" / "demo.py"
COMMAND = [sys.executable, str(DEMO)]
STEPS = 14

pytestmark = pytest.mark.timeout(450)  # it waits for what it shows, and a machine may be busy


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def told(temporary: Path) -> subprocess.CompletedProcess[str]:
    """One run from the first line to the last, in an environment that has settings of its own."""
    environment = {**os.environ, "DEMO_ONCE": "1", "TMPDIR": str(temporary), "REDIS_URL": "redis://127.0.0.1:1"}
    return subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=400, check=False)


def test_the_demo_runs_through(told: subprocess.CompletedProcess[str]) -> None:
    assert told.returncode == 0, f"{told.stdout}\n{told.stderr}"
    assert [int(each) for each in re.findall(r"^ +(\d+)  \S", told.stdout, re.MULTILINE)][:STEPS] == [
        *range(1, STEPS + 1)
    ]


def test_its_table_has_the_nine_as_the_catalog_says(told: subprocess.CompletedProcess[str]) -> None:
    rows = re.findall(r"^  \d  (.+?) +(#\w+) +([a-z]+) +(.+?) +\d+\.\d s$", told.stdout, re.MULTILINE)
    told_as = {entry.title: entry.severity.value for entry in catalog.NINE} | {"Error spike": "critical"}
    assert [(title, channel, severity) for title, channel, severity, _ in rows] == [
        (entry.title, f"#{entry.channel}", told_as[entry.title]) for entry in catalog.NINE
    ]


def test_it_tells_the_two_addresses_and_how_to_log_in(told: subprocess.CompletedProcess[str]) -> None:
    last_lines = "\n".join(told.stdout.splitlines()[-2:])
    assert re.search(r"Discord \(a stand-in\) +http://127\.0\.0\.1:\d+/", last_lines)
    assert re.search(r"http://127\.0\.0\.1:\d+/ +log in as demo, password demo", last_lines)


def test_it_leaves_nothing_behind(told: subprocess.CompletedProcess[str], temporary: Path) -> None:
    assert told.returncode == 0
    assert _remains(temporary) == []


def test_it_says_why_it_can_not_begin(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = {"DEMO_SITE_PORT": str(taken.getsockname()[1])}
        environment = {**os.environ, "DEMO_ONCE": "1", "TMPDIR": str(tmp_path), **port}
        ended = subprocess.run(COMMAND, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert "The demo failed: A port can't be used: Address already in use" in ended.stderr
    assert _remains(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_can_be_ended_at_any_moment(number: signal.Signals, tmp_path: Path) -> None:
    demo = start(COMMAND, TMPDIR=str(tmp_path))
    read_until(demo, "1  a visitor asks for")
    demo.send_signal(number)
    try:
        assert demo.wait(60) == 0
    finally:
        kill(demo)
    assert _remains(tmp_path) == []


def _remains(folder: Path) -> list[str]:
    """Files in the folder, and processes that work with it."""
    files = [str(each) for each in folder.iterdir()]
    return files + [str(each) for each in psutil.process_iter() if _works_with(each, folder)]


def _works_with(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in process.environ().get("DATABASE_URL", "")
    except psutil.Error:
        return False

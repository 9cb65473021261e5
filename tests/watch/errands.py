"""Duties for tests: each leaves lines in the file that the environment names."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

FILE = "ERRANDS_FILE"


def note(line: str) -> None:
    """One write each, so that processes don't mix their lines."""
    with Path(os.environ[FILE]).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def notes(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.exists() else []


def run_an_errand() -> None:
    """Takes a moment, so that two at once would be seen."""
    note("begin")
    time.sleep(0.1)
    note("end")


def wait_for_leave() -> None:
    """Ends when there is a file beside ours that says so."""
    note("begin")
    while not Path(f"{os.environ[FILE]}.leave").exists():
        time.sleep(0.05)
    note("end")


def hang() -> None:
    note("begin")
    threading.Event().wait()

"""Celery's processes, with the tests' settings and a broker of the test's choice."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from tests.processes import read_until, start


def start_worker(environment: dict[str, str]) -> subprocess.Popen[str]:
    """A worker with one pool process, ready for tasks. It may say as much as it likes."""
    options = ["-c", "1", "-l", "INFO", "--without-gossip", "--without-mingle"]
    return _started("tests.celery_app", "worker", *options, until="ready.", environment=environment)


def start_beat(environment: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    """A Beat that sends a canary each second."""
    options = ["-l", "INFO", "-s", str(folder / "beat"), "--pidfile="]
    return _started("tests.watch.celery_app", "beat", *options, until="Starting", environment=environment)


def _started(app: str, *arguments: str, until: str, environment: dict[str, str]) -> subprocess.Popen[str]:
    process = start([sys.executable, "-m", "celery", "-A", app, *arguments], **environment)
    read_until(process, until, timeout_seconds=120)
    threading.Thread(target=_listen, args=[process], daemon=True).start()
    return process


def _listen(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    try:
        for _ in process.stdout:
            pass
    except ValueError:
        pass  # the test is over, and the pipe closed

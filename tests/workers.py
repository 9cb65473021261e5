"""Celery's processes, with the tests' settings and a broker of the test's choice."""

from __future__ import annotations

import subprocess
import sys
import threading

from tests.processes import read_until, start


def start_worker(environment: dict[str, str]) -> subprocess.Popen[str]:
    """A worker with one pool process, ready for tasks. It may say as much as it likes."""
    command = [sys.executable, "-m", "celery", "-A", "tests.celery_app", "worker", "-c", "1", "-l", "INFO"]
    worker = start([*command, "--without-gossip", "--without-mingle"], **environment)
    read_until(worker, "ready.", timeout_seconds=120)
    threading.Thread(target=_listen, args=[worker], daemon=True).start()
    return worker


def _listen(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    try:
        for _ in process.stdout:
            pass
    except ValueError:
        pass  # the test is over, and the pipe closed

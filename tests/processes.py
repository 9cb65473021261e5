"""Real Python processes with the tests' settings and database, for what must be killed to be believed.

What a test leaves running is killed when the test ends, with all that it started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable

from tests.paths import ROOT

_SET_UP = "import django; django.setup()\n"
_started: list[subprocess.Popen[str]] = []


def run_python(code: str, *, timeout_seconds: float = 60, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run code to its end in a process with Django set up, and give what it printed and its exit code.

    Raises subprocess.TimeoutExpired, after killing the process.
    """
    return subprocess.run(
        _command(code),
        cwd=ROOT,
        env=_environment(environment),
        capture_output=True,
        text=True,
        timeout=timeout_seconds,
        check=False,
    )


def start_python(code: str, **environment: str) -> subprocess.Popen[str]:
    """Start code in a process with Django set up. Its ``stdout`` carries what it says on stderr too."""
    return start(_command(code), **environment)


def start(command: list[str], **environment: str) -> subprocess.Popen[str]:
    """Start any command with the tests' settings, as the leader of its own process group."""
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env=_environment(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    _started.append(process)
    return process


def read_until(process: subprocess.Popen[str], words: str, *, timeout_seconds: float = 60) -> str:
    """Read what the process says up to the first line with these words, and give that line.

    Raises AssertionError with all that it said where it ends, or takes too long, before saying them.
    """
    assert process.stdout is not None
    too_long = threading.Timer(timeout_seconds, kill, [process])
    too_long.start()
    said: list[str] = []
    try:
        for line in process.stdout:
            said.append(line)
            if words in line:
                return line
    finally:
        too_long.cancel()
    raise AssertionError(f"the process never said {words!r}, but:\n{''.join(said)}")


def wait_until(condition: Callable[[], object], *, timeout_seconds: float = 60) -> None:
    """Wait for the condition to be true. Raises AssertionError where it isn't in time."""
    give_up_at = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < give_up_at, f"still not so after {timeout_seconds} s"
        time.sleep(0.02)


def kill(process: subprocess.Popen[str]) -> None:
    """``kill -9`` for the process and all that it started, and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_leftovers() -> None:
    while _started:
        process = _started.pop()
        kill(process)
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                pipe and pipe.close()


def _command(code: str) -> list[str]:
    return [sys.executable, "-c", _SET_UP + textwrap.dedent(code)]


def _environment(more: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONUNBUFFERED": "1", **more}

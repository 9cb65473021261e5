"""The tools we start: they die with us, and none of them ends badly without our telling it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import IO, Any, cast

from freeze_alerts.sources.backups.trouble import Trouble, scrubbed

# Not by preexec_fn: that may hang, or warn, in a process with threads. A tool whose parent is killed is killed too,
# even while it waits for a lock and would not notice that nobody reads it.
_LAUNCH = """\
import ctypes, os, sys
getattr(ctypes.CDLL(None), "prctl", int)(1, 9)
os.getppid() == int(sys.argv[1]) or sys.exit("its parent is gone")
os.execv(sys.argv[2], sys.argv[2:])
"""


@dataclass
class Child:
    """A running tool. ``said`` is its stderr."""

    name: str
    stage: str
    process: subprocess.Popen[bytes]
    said: IO[bytes] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)

    @property
    def output(self) -> IO[bytes]:
        return cast("IO[bytes]", self.process.stdout)

    @property
    def input(self) -> IO[bytes]:
        return cast("IO[bytes]", self.process.stdin)

    def input_all(self, chunk: bytes) -> None:
        """Raises BrokenPipeError where it stopped reading."""
        view = memoryview(chunk)
        while view:
            view = view[self.input.write(view) :]

    def words(self) -> str:
        """The last lines that it said on stderr, without secrets."""
        self.said.seek(max(0, self.said.seek(0, os.SEEK_END) - 8192))
        return scrubbed(self.said.read().decode(errors="replace"), *self.secrets)

    def finish(self) -> str:
        """Wait for its end, and give what it said. Raises Trouble where that end is a bad one."""
        code = self.process.wait()
        if code == 0:
            return self.words()
        raise self.trouble(code)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def trouble(self, code: int) -> Trouble:
        killed_by = signal_name(code)
        end = f"was ended by {killed_by}" if killed_by else f"failed with exit code {code}"
        said = self.words()
        return Trouble(f"{self.name} {end}" + (f": {said}" if said else ""), stage=self.stage, signal_name=killed_by)


def signal_name(code: int) -> str:
    """``-9`` → ``SIGKILL``; nothing for an exit of its own."""
    try:
        return signal.Signals(-code).name if code < 0 else ""
    except ValueError:
        return f"signal {-code}"


@contextmanager
def running(
    command: Sequence[str], *, stage: str, environment: Mapping[str, str] | None = None, secrets: tuple[str, ...] = (),
    feed: bool = False, output: Any = subprocess.PIPE, hand_over: tuple[int, ...] = (),
) -> Iterator[Child]:  # fmt: skip
    """Start a tool, by its whole path; it is gone when the block is left. ``feed`` gives it an ``input``."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _LAUNCH, str(os.getpid()), *command],
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=output,
            stderr=said,
            bufsize=0,
            env={**os.environ, "LC_ALL": "C", **(environment or {})},
            pass_fds=hand_over,
            start_new_session=True,
        )
        child = Child(os.path.basename(command[0]), stage, process, said, secrets)
        try:
            yield child
        finally:
            for pipe in filter(None, (process.stdin, process.stdout)):
                with suppress(BrokenPipeError):
                    pipe.close()
            if process.poll() is None:
                child.kill()


def run(command: Sequence[str], *, stage: str) -> str:
    """What a tool prints, for questions that are answered at once. Raises Trouble."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    except (OSError, subprocess.SubprocessError) as problem:
        raise Trouble(f"{command[0]} can't be run: {scrubbed(str(problem))}", stage=stage) from problem
    return done.stdout.strip()

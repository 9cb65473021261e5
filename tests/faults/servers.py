"""PostgreSQL and Redis of a test's own, to be stopped, frozen, killed and started anew as it likes.

Each is a direct child that the kernel kills when the tests end, however they end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psycopg
import redis

from tests.ports import free_port

PATIENCE_SECONDS = 120.0
_DEBIANS_OWN = Path("/usr/lib/postgresql")


def postgresql_programs() -> Path | None:
    """Where initdb and postgres lie; the newest, where there are several."""
    if found := shutil.which("postgres"):
        return Path(found).parent
    versions = sorted(_DEBIANS_OWN.glob("*/bin/postgres"), key=lambda path: float(path.parent.parent.name))
    return versions[-1].parent if versions else None


class Server:
    """A server's process. It is told to start until it answers: what a killed one left behind may be in its way."""

    def __init__(self) -> None:
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self.frozen: list[int] = []

    def command(self) -> list[str]:
        raise NotImplementedError

    def answers(self) -> bool:
        raise NotImplementedError

    def start(self) -> None:
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not self.answers():
            assert time.monotonic() < give_up_at, f"{self.command()} does not answer"
            if self.process is None or self.process.poll() is not None:
                self.process = self._begun()
            time.sleep(0.05)

    def kill(self) -> None:
        """``kill -9`` for it and all that it started."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as its operator would, but at once: whoever is connected is cut off."""
        self._end(signal.SIGQUIT)

    def freeze(self) -> None:
        """It takes connections, since the kernel does that, and never says a word."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def _begun(self) -> subprocess.Popen[bytes]:
        quiet: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        return subprocess.Popen(self.command(), start_new_session=True, cwd="/", **quiet)

    def _end(self, number: int) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGCONT)
                os.kill(self.process.pid, number)
            try:
                self.process.wait(PATIENCE_SECONDS)
            finally:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
        self.process = None


class Postgresql(Server):
    def __init__(self, folder: Path, programs: Path) -> None:
        super().__init__()
        self.folder, self.programs = folder, programs

    def prepare(self) -> None:
        """Make the cluster. Nothing in it need survive the machine, so nothing waits for the disk."""
        if os.geteuid() == 0:
            shutil.chown(self.folder, "postgres", "postgres")
        made = [str(self.programs / "initdb"), "-D", str(self.folder / "data"), "-U", "postgres", "--auth=trust", "-N"]
        subprocess.run(as_nobody_special(made), check=True, capture_output=True, cwd="/")

    def command(self) -> list[str]:
        settings = {"listen_addresses": "127.0.0.1", "fsync": "off", "unix_socket_directories": str(self.folder)}
        told = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        server = [str(self.programs / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *told]
        return as_nobody_special(server)

    def answers(self) -> bool:
        with contextlib.suppress(psycopg.Error):
            return bool(self.query("SELECT 1"))
        return False

    def query(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """The rows. Raises psycopg.Error."""
        address = {"host": "127.0.0.1", "port": self.port, "user": "postgres", "dbname": database}
        with psycopg.connect(**address, connect_timeout=5, autocommit=True) as connection:  # type: ignore[arg-type]
            found = connection.execute(sql.encode())
            return found.fetchall() if found.description else []

    def environment(self, database: str) -> dict[str, str]:
        """What makes the processes of a test use it."""
        named = {"PGHOST": "127.0.0.1", "PGPORT": str(self.port), "PGUSER": "postgres", "PGPASSWORD": ""}
        return {**named, "FREEZE_ALERTS_TEST_DATABASE": "postgresql", "FREEZE_ALERTS_TEST_NAME": database}


class Redis(Server):
    def command(self) -> list[str]:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        return dying_with_us(["redis-server", *options])

    def answers(self) -> bool:
        with contextlib.suppress(redis.RedisError), redis.Redis(port=self.port, socket_timeout=5) as client:
            return bool(client.ping())
        return False

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"


def dying_with_us(command: Sequence[str], *options: str) -> list[str]:
    return ["setpriv", "--pdeathsig", "KILL", *options, *command] if shutil.which("setpriv") else list(command)


def as_nobody_special(command: Sequence[str]) -> list[str]:
    """PostgreSQL does not run as root."""
    user = ["--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    return dying_with_us(command, *user)

"""A PostgreSQL server of a test's own, to stop and to lock out of."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.ports import free_port
from tests.processes import wait_until
from tests.services import Service

PASSWORD = "s3cret,'with\"odd =signs"


@dataclass
class OwnServer:
    programs: Path
    data: Path
    port: int
    user: dict[str, Any]
    """The operating system's user that it runs as: it refuses to be root."""
    process: subprocess.Popen[bytes] | None = None

    @property
    def service(self) -> Service:
        return Service("PostgreSQL", "127.0.0.1", self.port, "owner", PASSWORD, "")

    def start(self) -> None:
        command = [self.programs / "postgres", "-D", self.data, "-p", str(self.port), "-k", self.data, "-F"]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            **self.user,
        )
        wait_until(self._answers)

    def stop(self) -> None:
        """At once, as a crash would."""
        assert self.process is not None
        self.process.send_signal(3)  # SIGQUIT: immediate shutdown
        self.process.wait(60)

    def _answers(self) -> bool:
        try:
            self.connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def connect(self, database: str) -> psycopg.Connection[Any]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="owner", password=PASSWORD, dbname=database, autocommit=True,
            connect_timeout=10,
        )  # fmt: skip


@contextlib.contextmanager
def started() -> Iterator[OwnServer]:
    """Skips the test where no server's programs are installed."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin/initdb"), default=None)
    found = programs or shutil.which("initdb")
    if found is None:
        pytest.skip("initdb is not installed here")
    home = Path(tempfile.mkdtemp(prefix="freeze_alerts_postgresql_"))
    user: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
        os.chown(home, account.pw_uid, account.pw_gid)
    server = OwnServer(Path(found).resolve().parent, home / "data", free_port(), user)
    (home / "password").write_text(PASSWORD)
    (home / "password").chmod(0o644)
    command = [found, "-D", server.data, "-U", "owner", "-A", "scram-sha-256", "--pwfile", home / "password", "-N"]
    try:
        subprocess.run(command, check=True, capture_output=True, cwd="/", **user)
        server.start()
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.stop()
        shutil.rmtree(home)

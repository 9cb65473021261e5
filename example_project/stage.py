"""Where the demo plays: stand-ins for Discord and Mollie, the shop in a temporary folder. Nothing is left behind."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import requests
from mollie import Mollie

from freeze_alerts.testing.discord import DiscordServer

HERE = Path(__file__).resolve().parent
CHANNELS = ("errors", "payments", "backups", "admin")
NAME = PASSWORD = "demo"
START_SECONDS, COMMAND_SECONDS, ARRIVE_SECONDS = 30.0, 45.0, 30.0
_NOT_INHERITED = (
    "REDIS_URL", "DJANGO_SETTINGS_MODULE", "DISK_", "ADMIN_ADDRESSES", "ALLOWED_HOSTS", "TIME_ZONE", "SENTRY_",
    "BACKUP_", "MOLLIE_", "RELEASE",
)  # fmt: skip


class DemoFailed(Exception):
    """Something did not go as it should."""


Stream = int | IO[bytes]


@dataclass
class Stage:
    folder: Path
    discord: DiscordServer
    mollie: Mollie
    site_port: int
    children: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def site_url(self) -> str:
        return f"http://127.0.0.1:{self.site_port}/"

    @property
    def backups(self) -> Path:
        return self.folder / "backups"

    @property
    def database(self) -> Path:
        return self.folder / "shop.sqlite3"

    def manage(
        self, *arguments: str, alerts: dict[str, Any] | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of the shop to its end, as anybody would type it, with ``alerts`` laid over its settings.

        Raises subprocess.TimeoutExpired.
        """
        environment["DEMO_ALERTS"] = json.dumps(alerts or {})
        process = self._start(arguments, environment, subprocess.PIPE, subprocess.PIPE)
        stdout, stderr = process.communicate(timeout=COMMAND_SECONDS)
        return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)

    def watch(self, **alerts: dict[str, Any]) -> None:
        """One round of everything that is to be done regularly, due or not: what Beat or the watchdog does in time."""
        self.sql("UPDATE freeze_alerts_heartbeat SET started_at = NULL, lease_until = NULL WHERE name LIKE 'duty:%'")
        done = self.manage("watchdog", "--once", alerts=alerts)
        expect(done.returncode == 0, f"watchdog --once ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a command of the shop; what it says goes into a log."""
        with (self.folder / f"{arguments[0]}.log").open("ab") as log:
            return self._start(arguments, environment, log, log)

    def open_shop(self) -> None:
        """Tables, a user for the admin, and the site. Raises DemoFailed when one of them can't be had."""
        user = {"DJANGO_SUPERUSER_PASSWORD": PASSWORD}
        create = ("createsuperuser", "--noinput", "--username", NAME, "--email", "demo@shop.example")
        for done in (self.manage("migrate", "-v", "0"), self.manage(*create, **user), self.manage("fill_shop")):
            if done.returncode:
                raise DemoFailed(f"{' '.join(done.args[1:3])} failed:\n{done.stderr}")
        site = self.start("runserver", "--noreload", f"127.0.0.1:{self.site_port}")
        give_up_at = time.monotonic() + START_SECONDS
        while not self._answers():
            if site.poll() is not None or time.monotonic() > give_up_at:
                raise DemoFailed(f"The site did not start:\n{(self.folder / 'runserver.log').read_text()}")
            time.sleep(0.05)

    def sql(self, statement: str) -> list[tuple[str, ...]]:
        """Look something up in the shop's database, or change it."""
        with contextlib.closing(sqlite3.connect(self.database, timeout=20)) as connection, connection:
            return connection.execute(statement).fetchall()

    def clear(self) -> None:
        for child in self.children:
            if child.poll() is None:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()

    def _start(
        self, arguments: tuple[str, ...], environment: dict[str, str], stdout: Stream, stderr: Stream
    ) -> subprocess.Popen[str]:
        """In a process group of its own, so that Ctrl-C reaches the demo alone, which then ends all it has started."""
        with _undisturbed():
            process = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=HERE, env=self._environment(environment), stdout=stdout, stderr=stderr, text=True,
                start_new_session=True,
            )  # fmt: skip
            self.children.append(process)
        return process

    def _answers(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return browser().get(self.site_url, timeout=5).ok
        return False

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        ours = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        webhooks = {f"DISCORD_WEBHOOK_{each.upper()}": self.discord.webhook(each) for each in CHANNELS}
        shop = {
            "DJANGO_SETTINGS_MODULE": "shop.demo_settings",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "ALERTS_SPOOL": str(self.folder / "spool.jsonl"),
            "BACKUP_DIRECTORY": str(self.folder / "backups"),
            "MOLLIE_API_URL": self.mollie.api_url,
            "RELEASE": "41",
            "BASE_URL": self.site_url,
            "DISCORD_API_URL": self.discord.api_url,
            "DISCORD_PAGE": self.discord.url,
            "ENVIRONMENT": "demo",
            "DEBUG": "1",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "PYTHONUNBUFFERED": "1",
        }
        return {**ours, **webhooks, **shop, **more}


@contextlib.contextmanager
def set_up(discord_port: int, site_port: int) -> Iterator[Stage]:
    """The stage, as long as it is needed. Port 0 picks a free one. Raises DemoFailed when a port is taken."""
    with contextlib.ExitStack() as to_undo:
        folder = to_undo.enter_context(tempfile.TemporaryDirectory(prefix="freeze-alerts-demo-"))
        try:
            discord = to_undo.enter_context(DiscordServer(discord_port))
            mollie = to_undo.enter_context(Mollie())
            stage = Stage(Path(folder), discord, mollie, _free_port(site_port))
        except OSError as error:
            raise DemoFailed(f"A port can't be used: {error.strerror}") from error
        to_undo.callback(stage.clear)
        for channel in CHANNELS:
            discord.webhook(channel)
        stage.open_shop()
        yield stage


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C has to wait until this is done, or it might lose a process just started."""
    asked: list[int] = []
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, lambda asking, _: asked.append(asking)) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        raise KeyboardInterrupt


def wait(stage: Stage, is_there: Callable[[DiscordServer], object]) -> None:
    """Wait until it shows in Discord. Raises DemoFailed with all that is known when it doesn't."""
    try:
        stage.discord.wait_for(is_there, ARRIVE_SECONDS)
    except AssertionError as dump:
        logs = [f"{each.name}:\n{each.read_text()[-2000:]}" for each in stage.folder.glob("*.log")]
        raise DemoFailed("\n".join(["what should have shown in Discord did not.", str(dump), *logs])) from None


def expect(is_so: object, otherwise: str) -> None:
    if not is_so:
        raise DemoFailed(otherwise)


def browser() -> requests.Session:
    """It goes straight to this machine, whatever proxy the environment names."""
    session = requests.Session()
    session.trust_env = False
    return session


def _free_port(wanted: int) -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", wanted))
        return int(probe.getsockname()[1])

"""Somebody outside hears of each backup: over real HTTP, as a ping and as Sentry's check-ins."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import sentry_sdk
from django.conf import settings as project

from freeze_alerts import signals
from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import lock, pipeline
from freeze_alerts.sources.backups.engines.sqlite import SQLite
from freeze_alerts.sources.backups.patrol import patrol
from freeze_alerts.sources.backups.pipeline import Failed, Made
from freeze_alerts.sources.disk import patience
from freeze_alerts.watch import outside, ping
from tests.processes import kill, read_until, start_python, wait_until
from tests.sources.backups.shops import ALIAS, Shop
from tests.sources.errors.sentry_server import Sentry, sentry_server

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "f0a1e2d3-secret-uuid"
Heard = list[tuple[str, str]]
Configure = Callable[..., None]

KILLED = """
import sentry_sdk
sentry_sdk.init(dsn={dsn!r}, default_integrations=False)
from freeze_alerts.sources.backups import pipeline
from freeze_alerts.watch import outside
outside.FLUSH_SECONDS = 60.0  # on a busy machine
def stop(_):
    print("half-way", flush=True)
    input()
pipeline.make("default", progress=stop)
"""


@pytest.fixture
def configure(directory: Path, settings: Any) -> Configure:
    def change(*, monitor: str = "", **backups: Any) -> None:
        ours = settings.FREEZE_ALERTS
        told = {"DATABASES": [ALIAS], **ours["BACKUPS"], **backups}
        settings.FREEZE_ALERTS = {**ours, "BACKUPS": told, "SENTRY": {"MONITOR": monitor}}

    return change


@pytest.fixture
def heard(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Heard]:
    """What a service of healthchecks.io's convention hears."""
    monkeypatch.setattr(ping, "TIMEOUT_SECONDS", 60.0)
    monkeypatch.setattr(outside, "LONGEST_SECONDS", 120.0)
    came: Heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        configure(PING_URL=f"http://127.0.0.1:{server.server_port}/{SECRET}/{{database}}?create=1")
        yield came
        server.shutdown()


@pytest.fixture
def sentry(configure: Configure, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sentry]:
    """A small Sentry, and a project whose client sends to it."""
    monkeypatch.setattr(outside, "FLUSH_SECONDS", 60.0)
    configure(monitor="freeze-{database}")
    with sentry_server() as server, sentry_sdk.isolation_scope():
        before = sentry_sdk.get_global_scope().client
        client = sentry_sdk.Client(dsn=server.dsn, default_integrations=False, environment="production")
        sentry_sdk.get_global_scope().set_client(client)
        yield server
        sentry_sdk.get_global_scope().set_client(before)
        client.close(timeout=60.0)


def make(shop: Shop) -> Made:
    outcome = pipeline.make(shop.alias)
    assert isinstance(outcome, Made), outcome
    return outcome


def explode(*_: object) -> None:
    raise ValueError("no way in for ada@shop.example with password=hunter2")


def test_a_backup_is_pinged_as_it_begins_and_when_it_is_complete(heard: Heard, sqlite_shop: Shop) -> None:
    make(sqlite_shop)
    assert heard == [
        (f"/{SECRET}/shop/start?create=1", "the backup of shop began"),
        (f"/{SECRET}/shop?create=1", "the backup of shop is complete"),
    ]


def test_one_that_fails_says_why_without_secrets(
    heard: Heard, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SQLite, "dump", explode)
    pipeline.make(sqlite_shop.alias)
    path, text = heard[-1]
    assert path == f"/{SECRET}/shop/fail?create=1"
    assert text.startswith("the backup of shop failed at dump\nValueError: no way in for [e-mail]")
    assert "hunter2" not in text


def test_a_body_is_short_and_has_the_last_of_what_was_said(heard: Heard) -> None:
    said = "\n".join(f"line {number} {'x ' * 200}" for number in range(100))
    signals.backup_failed.send_robust(None, database=ALIAS, stage="dump", error=said)
    assert len(heard[0][1]) <= 1_000
    assert "line 99" in heard[0][1]


def test_what_is_not_of_the_making_is_not_told_outside(heard: Heard, sentry: Sentry, configure: Configure) -> None:
    for stage in ("copy", "proof", "restore", "cleanup"):
        signals.backup_failed.send_robust(None, database=ALIAS, stage=stage, error="no")
    signals.backup_made.send_robust(None, database="another")  # which nobody waits for
    assert (heard, sentry.check_ins) == ([], [])


def test_a_backup_made_by_others_is_told_too(heard: Heard, sentry: Sentry, configure: Configure) -> None:
    configure(monitor="freeze-{database}")
    signals.backup_made.send_robust(None, database=ALIAS, name="a.dump", made_by="pgbackrest")
    assert [path for path, _ in heard] == [f"/{SECRET}/shop?create=1"]
    assert [each["status"] for each in sentry.check_ins] == ["ok"]


def test_nobody_outside_who_hears_it_harms_no_backup(
    configure: Configure, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ping, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(outside, "LONGEST_SECONDS", 120.0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        configure(PING_URL=f"http://127.0.0.1:{nobody.getsockname()[1]}/{SECRET}")
        make(sqlite_shop)
    assert caplog.text.count("the ping of the backup did not arrive: ConnectionError") == 2
    assert SECRET not in caplog.text
    assert not Alert.objects.exists()


def test_who_never_answers_holds_a_backup_up_for_a_bounded_time(
    configure: Configure, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(outside, "LONGEST_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        configure(PING_URL=f"http://127.0.0.1:{silent.getsockname()[1]}/{SECRET}")
        make(sqlite_shop)
        assert "the ping of the backup did not arrive: TimeoutError" in caplog.text
    wait_until(lambda: not patience._left_behind["ping of the backup"].is_alive(), timeout_seconds=120)


def test_an_address_that_is_none_harms_no_backup(configure: Configure, sqlite_shop: Shop) -> None:
    configure(PING_URL=f"https://[half/{SECRET}")
    make(sqlite_shop)


def test_sentry_hears_of_one_run_that_begins_and_ends(sentry: Sentry, sqlite_shop: Shop) -> None:
    backup = make(sqlite_shop).manifest
    began, ended = sentry.check_ins
    assert (began["status"], ended["status"]) == ("in_progress", "ok")
    assert began["check_in_id"] == ended["check_in_id"]
    assert {each["monitor_slug"] for each in sentry.check_ins} == {"freeze-shop"}
    assert ended["duration"] == pytest.approx(backup.duration.total_seconds())
    assert began["monitor_config"] == {
        "schedule": {"type": "interval", "value": 1, "unit": "hour"}, "checkin_margin": 15, "max_runtime": 120,
        "failure_issue_threshold": 1, "recovery_threshold": 1,
    }  # fmt: skip


def test_sentry_hears_of_one_that_failed_and_the_next_is_another(
    sentry: Sentry, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(SQLite, "dump", explode)
        assert isinstance(pipeline.make(sqlite_shop.alias), Failed)
    make(sqlite_shop)
    assert [each["status"] for each in sentry.check_ins] == ["in_progress", "error", "in_progress", "ok"]
    first, second, third, fourth = (each["check_in_id"] for each in sentry.check_ins)
    assert (first, third) == (second, fourth)
    assert first != third


def test_sentry_has_heard_of_a_run_that_is_killed_and_hears_its_end(sentry: Sentry, configure: Configure) -> None:
    configure(monitor="freeze-{database}", DATABASES=["default"])
    environment = {"FREEZE_ALERTS_TEST_SETTINGS": json.dumps(project.FREEZE_ALERTS)}
    process = start_python(KILLED.format(dsn=sentry.dsn), **environment)
    read_until(process, "half-way", timeout_seconds=120)
    kill(process)
    assert [each["status"] for each in sentry.check_ins] == ["in_progress"]
    wait_until(lambda: lock.holder("default") is None, timeout_seconds=120)
    patrol()
    assert [each["status"] for each in sentry.check_ins] == ["in_progress", "error"]
    assert len({each["check_in_id"] for each in sentry.check_ins}) == 1


def test_a_client_that_raises_harms_no_backup(
    sentry: Sentry, sqlite_shop: Shop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sentry_sdk.get_client().transport, "capture_envelope", explode)
    make(sqlite_shop)
    assert "the check-in of the backup was not sent: ValueError" in caplog.text
    assert "hunter2" not in caplog.text


def test_without_a_sentry_nobody_checks_in(configure: Configure, sqlite_shop: Shop) -> None:
    configure(monitor="freeze-backup")
    with sentry_server() as server, sentry_sdk.isolation_scope():
        before = sentry_sdk.get_global_scope().client
        sentry_sdk.get_global_scope().set_client(sentry_sdk.Client(dsn="", default_integrations=False))
        make(sqlite_shop)
        sentry_sdk.get_global_scope().set_client(before)
    assert server.check_ins == []

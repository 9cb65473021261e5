"""Somebody outside, as a real server: what it hears, and that its silence alarms nobody."""

from __future__ import annotations

import socket
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.disk import patience
from freeze_alerts.watch import heartbeats, ping, turns
from freeze_alerts.watch.duties import duty
from freeze_alerts.watch.health import Condition, State
from freeze_alerts.watch.models import Heartbeat
from freeze_alerts.watch.ping import below, body, ping_outside
from freeze_alerts.watch.turns import Turn
from tests.factories import MessageFactory
from tests.processes import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

SECRET = "f0a1e2d3-secret-uuid"


class Outside(BaseHTTPRequestHandler):
    heard: list[tuple[str, str]]
    answers: list[tuple[int, str]]

    def do_POST(self) -> None:
        self.heard.append((self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()))
        status, text = self.answers.pop(0) if self.answers else (200, "OK")
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def outside(settings, monkeypatch):
    monkeypatch.setattr(ping, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(ping, "TIMEOUT_SECONDS", 60.0)
    handler = type("Handler", (Outside,), {"heard": [], "answers": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        point_to(settings, server.server_port)
        yield handler
        server.shutdown()


def point_to(settings, port: int) -> None:
    watch = {"PING_URL": f"http://127.0.0.1:{port}/{SECRET}"}
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "WATCH": watch}


@pytest.fixture
def full_pass():
    """Messages were delivered and the parts looked after, just now."""
    heartbeats.beat("sweep")
    heartbeats.beat("duty:look_after_parts")


def noted() -> Heartbeat:
    return Heartbeat.objects.get(name="ping")


def test_after_a_full_pass_it_hears_that_all_is_well(outside, full_pass):
    ping_outside()
    ((path, text),) = outside.heard
    assert path == f"/{SECRET}"
    assert text.startswith("unknown: ")  # no disk was read yet
    assert "outbox 0 seconds" in text
    assert "\n" not in text
    assert noted().at is not None


@pytest.mark.parametrize("missing", ["sweep", "duty:look_after_parts"])
def test_without_a_full_pass_it_hears_nothing(outside, full_pass, missing):
    Heartbeat.objects.filter(name=missing).update(at=timezone.now() - timedelta(minutes=6))
    ping_outside()
    assert outside.heard == []
    assert noted().failures == 1


def test_when_messages_do_not_leave_it_hears_of_a_failure(outside, full_pass):
    MessageFactory(created_at=timezone.now() - timedelta(hours=1))
    ping_outside()
    ((path, text),) = outside.heard
    assert path == f"/{SECRET}/fail"
    assert text.startswith("warning: outbox 36")


def test_without_an_address_nobody_is_called(settings, full_pass):
    ping_outside()
    assert not Heartbeat.objects.filter(name="ping").exists()


def test_a_stumble_is_tried_again(outside, full_pass):
    outside.answers += [(502, ""), (503, "")]
    ping_outside()
    assert len(outside.heard) == 3
    assert noted().failures == 0


@pytest.mark.parametrize(
    ("answer", "why"), [((404, ""), "answered 404"), ((200, "OK (not found)"), "does not know this address")]
)
def test_who_refuses_is_noted(outside, full_pass, answer, why):
    outside.answers += [answer] * 3
    ping_outside()
    assert why in noted().detail


def test_who_cannot_be_reached_is_noted_without_the_secret_and_alarms_nobody(settings, full_pass, monkeypatch, caplog):
    monkeypatch.setattr(ping, "PAUSE_SECONDS", 0.0)
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        point_to(settings, nobody.getsockname()[1])
        assert turns.take(duty("ping_outside")) is Turn.DONE
    assert noted().detail == "ConnectionError"
    assert SECRET not in caplog.text
    assert not Alert.objects.exists()


def test_who_never_ends_its_answer_holds_up_nobody(settings, full_pass, monkeypatch):
    monkeypatch.setattr(ping, "LONGEST_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        point_to(settings, silent.getsockname()[1])
        ping_outside()
    assert noted().detail == "TimeoutError"
    wait_until(lambda: not patience._left_behind["ping"].is_alive())


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hc-ping.com/uuid", "https://hc-ping.com/uuid/fail"),
        ("https://hc-ping.com/uuid/", "https://hc-ping.com/uuid/fail"),
        ("https://hc.shop.example/ping/key/slug?create=1", "https://hc.shop.example/ping/key/slug/fail?create=1"),
    ],
)
def test_a_failure_goes_below_the_address_and_before_its_query(url, expected):
    assert below(url, "fail") == expected


def test_the_ill_come_first_in_the_one_line_and_it_is_short():
    ill = Condition("outbox", State.WARNING, 960, "seconds")
    assert body([Condition("beat", State.OK, 12, "seconds"), ill]) == (
        "warning: outbox 960 seconds (warning), beat 12 seconds"
    )
    assert len(body([ill] * 500)) == ping.BODY_LONGEST

from __future__ import annotations

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core import mail

from freeze_alerts.outbox import spare

SECRET = "secret-that-is-in-the-url"


@pytest.fixture
def outside():
    """A server on loopback that Apprise's json:// can reach, and what it was sent."""
    received = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/{SECRET}", received
    server.shutdown()
    server.server_close()


@pytest.fixture
def configure(settings):
    def to(*urls):
        settings.FREEZE_ALERTS = {"DELIVERY": {"SPARE": list(urls), "MAIL_ADMINS": False, "DOORBELL": "none"}}

    return to


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # apprise's own imports
def test_a_spare_way_is_told(configure, outside):
    pytest.importorskip("apprise")
    url, received = outside
    configure(url)
    spare.tell("the webhook is dead", "make a new one")
    assert received[0]["title"] == "freeze-alerts: the webhook is dead"
    assert "make a new one" in received[0]["message"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_one_that_fails_is_logged_without_its_address_and_the_next_is_told(configure, outside, caplog):
    pytest.importorskip("apprise")
    url, received = outside
    configure(f"json://127.0.0.1:1/{SECRET}", url)
    spare.tell("x", "y")
    assert len(received) == 1
    assert "the spare way number 1 did not take the message" in caplog.text
    assert SECRET not in next(record.getMessage() for record in caplog.records if record.name == "freeze_alerts")


def test_without_apprise_the_failure_is_logged(configure, monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "apprise", None)
    configure("json://127.0.0.1")
    spare.tell("x", "y")
    assert "the spare way apprise failed: ModuleNotFoundError" in caplog.text


def test_mail_can_be_switched_off(configure):
    configure()
    spare.tell("x", "y")
    assert mail.outbox == []

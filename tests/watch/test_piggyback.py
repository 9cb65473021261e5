"""The look from a web process: now and then, in a thread, and never in a test of the project's."""

from __future__ import annotations

import json
import threading
import urllib.request

import pytest
from django.core.signals import request_finished
from django.db import OperationalError

from freeze_alerts.alerts import emergency
from freeze_alerts.watch import piggyback, turns
from freeze_alerts.watch.models import Heartbeat
from tests.processes import read_until, start_python, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def web(monkeypatch):
    """A process that serves, whose next look is due."""
    monkeypatch.setattr(piggyback, "_is_under_test", lambda: False)
    monkeypatch.setattr(piggyback._State, "look_at", 0.0)
    monkeypatch.setattr(piggyback._State, "thread", None)
    monkeypatch.setattr(piggyback._State, "failures", 0)
    return piggyback._State


def serve() -> None:
    request_finished.send(sender=None)
    if piggyback._State.thread is not None:
        piggyback._State.thread.join(60)


def test_a_request_once_a_minute_begins_a_look(web):
    serve()
    first = web.thread
    serve()
    assert web.thread is first is not None
    assert Heartbeat.objects.get(name="duty:look_after_parts").at is not None


def test_who_does_not_want_it_says_so(web, settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "WATCH": {"FROM_WEB": False}}
    serve()
    assert web.thread is None


def test_no_test_of_a_project_ever_meets_it(client, monkeypatch):
    monkeypatch.setattr(piggyback._State, "look_at", 0.0)
    monkeypatch.setattr(piggyback._State, "thread", None)
    client.get("/alerts/health/")
    assert piggyback._State.thread is None


def test_while_a_look_hangs_no_other_begins(web, monkeypatch):
    let_go, looks = threading.Event(), []

    def hang(_duty):
        looks.append(1)
        let_go.wait(60)

    monkeypatch.setattr(turns, "take", hang)
    for _ in range(3):
        monkeypatch.setattr(web, "look_at", 0.0)
        request_finished.send(sender=None)
    wait_until(lambda: looks)
    let_go.set()
    web.thread.join(60)
    assert looks == [1]


def test_a_database_that_is_away_is_told_when_it_is_still_so_at_the_next_look(web, monkeypatch):
    def away(_duty):
        raise OperationalError("connection refused")

    told = []
    monkeypatch.setattr(turns, "take", away)
    monkeypatch.setattr(emergency, "tell_outage", told.append)
    for expected in (0, 1):
        monkeypatch.setattr(web, "look_at", 0.0)
        serve()
        assert len(told) == expected


def test_a_fault_of_ours_is_logged_and_felt_by_no_request(web, monkeypatch, caplog):
    monkeypatch.setattr(turns, "take", lambda _duty: 1 / 0)
    serve()
    assert "could not look after the parts" in caplog.text


SERVE = """
    from wsgiref.simple_server import make_server
    from django.core.wsgi import get_wsgi_application
    from freeze_alerts.watch import piggyback
    piggyback._State.look_at = 0.0
    with make_server("127.0.0.1", 0, get_wsgi_application()) as server:
        print("port", server.server_port, flush=True)
        server.serve_forever()
"""


def test_a_real_web_process_does_it(settings):
    server = start_python(SERVE, FREEZE_ALERTS_TEST_SETTINGS=json.dumps(settings.FREEZE_ALERTS))
    port = read_until(server, "port").split()[1]
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/alerts/health/", timeout=60) as response:
        assert response.status == 200
    wait_until(lambda: Heartbeat.objects.filter(name="duty:look_after_parts", at__isnull=False))

"""``health/``: what it tells whom, and that nothing makes it wait."""

from __future__ import annotations

import json
import socket
import threading
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError
from django.test import Client
from django.utils import timezone

from freeze_alerts.pages import health as view
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.disk.models import DiskSample
from freeze_alerts.watch import health, reader
from freeze_alerts.watch.health import Condition, State
from freeze_alerts.watch.reader import Reader
from tests.factories import MessageFactory
from tests.processes import run_python, wait_until

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/alerts/health/"
TOKEN = "let-me-see-how-you-feel"


@pytest.fixture(autouse=True)
def ours(monkeypatch):
    """A reader of this test's own, patient enough for a busy machine."""
    monkeypatch.setattr(reader, "_reader", Reader())
    monkeypatch.setattr(reader, "PATIENCE_SECONDS", 60.0)
    monkeypatch.setattr(view, "STAFF_SECONDS", 60.0)


@pytest.fixture
def frozen(monkeypatch):
    """A database that says nothing until it is let go; nobody waits long for it."""
    let_go = threading.Event()

    def wait_for_an_answer():
        let_go.wait(60)
        return []

    monkeypatch.setattr(reader, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(reader, "UNANSWERED_SECONDS", 1000.0)
    monkeypatch.setattr(reader, "STALE_SECONDS", 1000.0)
    monkeypatch.setattr(health, "conditions", wait_for_an_answer)
    yield let_go
    let_go.set()
    wait_until(lambda: not reader._reader.unanswered)


def sample():
    DiskSample.objects.create(
        host="web1", device="sda1", path="/", at=timezone.now() - timedelta(seconds=90), used_bytes=40, free_bytes=60,
        total_bytes=100,
    )  # fmt: skip
    BackupRun.objects.create(database="default", state="complete", made_by="freeze_alerts", at=timezone.now())


def with_token(token=TOKEN):
    return Client(headers={"Authorization": f"Bearer {token}"})


def test_anybody_hears_a_bare_status(client):
    sample()
    response = client.get(URL)
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert "no-store" in response["Cache-Control"]


def test_whoever_has_the_token_sees_the_details(settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "WATCH": {"HEALTH_TOKEN": TOKEN}}
    sample()
    told = with_token().get(URL).json()
    by_name = {each["name"]: each for each in told["checks"]}
    assert set(by_name) >= {"database", "disk / on web1", "outbox"}
    disk = by_name["disk / on web1"]
    assert list(disk) == ["name", "state", "value", "unit", "threshold", "since", "age_seconds"]
    assert (disk["state"], disk["value"], disk["unit"], disk["threshold"]) == ("ok", 40, "percent", 80)
    assert disk["age_seconds"] >= 90
    assert by_name["database"]["state"] == "ok"


@pytest.mark.parametrize("configured", [TOKEN, None, ""])
@pytest.mark.parametrize("brought", ["", "None", "wrong", "é"])
def test_a_wrong_token_opens_nothing(settings, configured, brought):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "WATCH": {"HEALTH_TOKEN": configured}}
    assert "checks" not in with_token(brought).get(URL).json()


def test_staff_sees_the_details_and_a_customer_does_not(client):
    for name, is_staff in (("ann", True), ("carl", False)):
        client.force_login(User.objects.create_user(name, is_staff=is_staff))
        assert ("checks" in client.get(URL).json()) is is_staff


def test_a_warning_is_no_outage(client):
    sample()
    MessageFactory(created_at=timezone.now() - timedelta(hours=1))
    response = client.get(URL)
    assert (response.status_code, response.json()["status"]) == (200, "warning")


def test_something_critical_is(client, monkeypatch):
    monkeypatch.setattr(health, "conditions", lambda: [Condition("disk", State.CRITICAL)])
    assert client.get(URL).status_code == 503


def test_it_is_for_reading(client):
    assert client.post(URL).status_code == 405
    assert client.head(URL).status_code == 200


def test_a_site_behind_a_login_still_tells_its_health(client, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    assert client.get(URL).status_code == 200


def test_no_request_waits_for_a_database_that_is_frozen(client, frozen, monkeypatch):
    response = client.get(URL)
    assert (response.status_code, response.json()) == (200, {"status": "unknown"})
    monkeypatch.setattr(reader, "UNANSWERED_SECONDS", 0.0)
    assert client.get(URL).status_code == 503


def test_while_the_next_reading_is_late_the_last_one_is_told(client, frozen):
    reader._reader.conditions = [Condition("database", State.OK)]
    reader._reader.read_at = reader.time.monotonic() - 10
    assert client.get(URL).json() == {"status": "ok"}


def test_staff_is_not_looked_up_in_a_database_that_does_not_answer(client, frozen, django_assert_num_queries):
    client.force_login(User.objects.create_user("ann", is_staff=True))
    with django_assert_num_queries(0):
        assert client.get(URL).json() == {"status": "unknown"}


def test_one_thread_waits_however_many_ask(client, frozen):
    for _ in range(20):
        client.get(URL)
    assert len(reader._reader.unanswered) == 1


def test_a_connection_that_is_lost_for_good_is_left_behind_for_another(client, frozen, monkeypatch):
    monkeypatch.setattr(reader, "ANOTHER_AFTER_SECONDS", 0.0)
    for _ in range(20):
        client.get(URL)
    assert len(reader._reader.unanswered) == reader.LEFT_BEHIND_MOST


def test_where_no_thread_can_be_begun_nothing_is_known_and_nobody_is_blamed_later(client, monkeypatch):
    def none_left(_thread):
        raise RuntimeError("can't start new thread")

    sample()
    with monkeypatch.context() as crowded:
        crowded.setattr(reader.threading.Thread, "start", none_left)
        assert client.get(URL).json() == {"status": "unknown"}
    monkeypatch.setattr(reader, "UNANSWERED_SECONDS", 0.0)
    assert client.get(URL).json() == {"status": "ok"}


def test_when_the_database_answers_again_so_does_health(client, frozen, monkeypatch):
    monkeypatch.setattr(reader, "UNANSWERED_SECONDS", 0.0)
    assert client.get(URL).status_code == 503
    frozen.set()
    wait_until(lambda: client.get(URL).json() == {"status": "ok"})


def test_a_database_that_is_away_is_critical_since_it_was_first_missed(client, settings, monkeypatch):
    def away():
        raise OperationalError("connection refused")

    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "WATCH": {"HEALTH_TOKEN": TOKEN}}
    monkeypatch.setattr(health, "conditions", away)
    monkeypatch.setattr(reader, "FRESH_SECONDS", 0.0)
    first, second = (with_token().get(URL) for _ in range(2))
    assert first.status_code == second.status_code == 503
    assert first.json()["checks"][0]["since"] == second.json()["checks"][0]["since"] is not None


def test_a_fault_of_our_own_is_unknown_and_no_outage(client, monkeypatch):
    monkeypatch.setattr(health, "conditions", lambda: 1 / 0)
    response = client.get(URL)
    assert (response.status_code, response.json()) == (200, {"status": "unknown"})


ASK = """
    import json, time
    from django.conf import settings
    from django.test import Client
    settings.DATABASES["default"]["ATOMIC_REQUESTS"] = True
    client, told = Client(headers={"Cookie": "sessionid=abcdefghijklmnopqrstuvwxyz012345"}), []
    while 503 not in told:
        told.append(client.get("/alerts/health/").status_code)
        time.sleep(0.1)
    print(json.dumps(told))
"""


@pytest.mark.parametrize("kind", ["refuses", "is silent"])
def test_a_server_that_refuses_or_is_silent_is_told_as_503(kind):
    """The real driver, against a port that nobody listens at, and one where nobody ever answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        if kind == "refuses":
            listener.close()
        database = {"FREEZE_ALERTS_TEST_DATABASE": "postgresql", "PGHOST": "127.0.0.1", "PGPORT": port}
        said = run_python(ASK, timeout_seconds=150, **database)
    assert said.returncode == 0, said.stderr
    assert set(json.loads(said.stdout)) <= {200, 503}


def test_a_process_that_was_forked_reads_for_itself():
    said = run_python("""
        import os
        from freeze_alerts.watch import reader
        parent = reader._reader
        if os.fork() == 0:
            print("own" if reader._reader is not parent else "shared", flush=True)
            os._exit(0)
        os.wait()
    """)
    assert said.stdout == "own\n"

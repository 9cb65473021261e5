"""What Celery's parts leave behind, and that leaving it holds up nobody."""

from __future__ import annotations

import os
import socket
import sys
import threading
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from freeze_alerts.outbox import doorbell
from freeze_alerts.watch import heartbeats, parts, traces
from freeze_alerts.watch.models import Heartbeat
from tests.processes import kill, read_until, run_python, start, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def in_beat(monkeypatch):
    """This process is Beat's, until the test ends."""
    monkeypatch.setattr(traces._Beat, "process_id", os.getpid())
    monkeypatch.setattr(traces._Beat, "noted_at", -1000.0)
    monkeypatch.setattr(traces._Beat, "writer", None)
    monkeypatch.setattr(traces, "PATIENCE_SECONDS", 60.0)


def row(name: str) -> Heartbeat | None:
    return Heartbeat.objects.filter(name=name).first()


def test_beat_leaves_a_trace_as_it_begins(in_beat):
    traces.beat_began()
    assert row("beat").at is not None
    assert row("beat").detail == f"on {socket.gethostname()}"


def test_a_new_beat_waits_for_no_canary_of_the_one_before(in_beat):
    heartbeats.send_canary()
    traces.beat_began()
    assert row("canary").started_at is None


def test_beat_leaves_a_trace_as_it_publishes_but_not_each_time(in_beat, django_assert_num_queries):
    traces.published("shop.tasks.sell")
    Heartbeat.objects.all().delete()
    traces.published("shop.tasks.sell")
    assert row("beat") is None


def test_who_publishes_elsewhere_is_not_beat():
    traces.published("shop.tasks.sell")
    traces.published(traces.CANARY_TASK)
    assert not Heartbeat.objects.exists()


def test_a_canary_is_on_its_way_until_a_worker_has_it(in_beat):
    traces.published(traces.CANARY_TASK)
    first = row("canary").started_at
    traces.published(traces.CANARY_TASK)
    assert row("canary").started_at == first is not None  # the oldest counts
    traces.canary_arrived()
    assert (row("canary").started_at, row("canary").at is None) == (None, False)


def test_a_database_that_is_frozen_freezes_no_beat(in_beat, monkeypatch):
    let_go, asked = threading.Event(), []

    def wait(*_):
        asked.append(1)
        let_go.wait(60)

    monkeypatch.setattr(traces, "PATIENCE_SECONDS", 0.01)
    monkeypatch.setattr(heartbeats, "beat", wait)
    for _ in range(3):
        traces.published(traces.CANARY_TASK)
    wait_until(lambda: asked)
    assert asked == [1]
    let_go.set()
    traces._Beat.writer.join(60)


def test_nor_does_one_that_is_away(in_beat, monkeypatch, caplog):
    def away(*_):
        raise OperationalError("connection refused to db:5432")

    monkeypatch.setattr(heartbeats, "beat", away)
    traces.published(traces.CANARY_TASK)
    assert "Beat could not leave its trace: OperationalError" in caplog.text


@pytest.fixture(params=["redis", "rabbitmq"])
def environment(request):
    service = request.getfixturevalue("redis_server" if request.param == "redis" else "rabbitmq")
    return {"TEST_BROKER_URL": service.url, "TEST_QUEUE": f"freeze-alerts-canary-{request.param}-{os.getpid()}"}


def start_celery(environment, *arguments, until):
    process = start([sys.executable, "-m", "celery", "-A", "tests.watch.celery_app", *arguments], **environment)
    read_until(process, until, timeout_seconds=120)
    threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()
    return process


def start_worker(environment):
    options = ["-c", "1", "-l", "INFO", "--without-gossip", "--without-mingle"]
    return start_celery(environment, "worker", *options, until="ready.")


def start_beat(environment, folder):
    return start_celery(environment, "beat", "-l", "INFO", "-s", str(folder / "beat"), "--pidfile=", until="Starting")


def later(minutes: int) -> list[str]:
    """Who is found dead when so much time has passed since the last signs."""
    for each in Heartbeat.objects.all():
        for name in ("at", "started_at"):
            if moment := getattr(each, name):
                setattr(each, name, moment - timedelta(minutes=minutes))
        each.save()
    return [death.part for death in parts.judge(parts.read())]


def test_with_a_real_beat_and_a_real_worker_the_dead_one_is_named(environment, tmp_path):
    worker, beat = start_worker(environment), start_beat(environment, tmp_path)
    wait_until(lambda: (found := row("canary")) and found.at, timeout_seconds=120)
    assert parts.judge(parts.read()) == []

    worker.terminate()  # when it has done what it is at: one that is stopped in the middle may hold SQLite's lock
    worker.wait(120)
    wait_until(lambda: row("canary").started_at is not None, timeout_seconds=120)
    Heartbeat.objects.filter(name="canary").update(started_at=timezone.now() - timedelta(minutes=8))
    assert [death.part for death in parts.judge(parts.read())] == ["canary"]

    start_worker(environment)
    wait_until(lambda: parts.judge(parts.read()) == [], timeout_seconds=120)

    kill(beat)
    assert later(8)[0] == "beat"


REACH = """
    import tests.celery_app
    from freeze_alerts.outbox import doorbell
    try:
        print("reached", doorbell.reach_broker())
    except Exception as error:
        print("missed", type(error).__name__)
"""


def test_a_broker_that_answers_is_reached(environment):
    """Within its second, which on a busy machine may take a few tries."""

    def reached():
        said = run_python(REACH, **environment)
        assert said.returncode == 0, said.stderr
        return said.stdout == "reached True\n"

    wait_until(reached, timeout_seconds=100)


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
@pytest.mark.parametrize("kind", ["refuses", "is silent"])
def test_a_broker_that_refuses_or_is_frozen_is_missed(scheme, kind):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}//"
        if kind == "refuses":
            listener.close()
        said = run_python(REACH, TEST_BROKER_URL=url, TEST_QUEUE="nobody")
    assert said.stdout.startswith("missed"), said.stderr


def test_where_no_celery_is_known_nobody_is_asked():
    assert doorbell.reach_broker() is False

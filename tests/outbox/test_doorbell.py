from __future__ import annotations

import json
import os
import threading

import pytest

from freeze_alerts.alerts import open_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.outbox import doorbell
from tests.outbox import brokers
from tests.outbox.passes import posts, states
from tests.processes import read_until, run_python, start_python, wait_until
from tests.workers import start_worker

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_doorbell(monkeypatch):
    ours = doorbell.Doorbell()
    monkeypatch.setattr(doorbell, "_doorbell", ours)
    yield ours
    ours.close()


@pytest.fixture
def ring_with(settings, discord):
    """Switch the doorbell to a kind; returns the environment that gives other processes the same settings."""

    def switch(kind):
        settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DELIVERY": {"DOORBELL": kind, "MESSAGES_PER_MINUTE": 0}}
        return {"FREEZE_ALERTS_TEST_SETTINGS": json.dumps(settings.FREEZE_ALERTS)}

    return switch


def arrived(discord, count):
    discord.wait_for(lambda server: len(posts(server)) >= count, timeout_seconds=120)


def test_a_thread_delivers_without_anybody_else(discord, ring_with):
    ring_with("thread")
    open_alert(AlertType.NEW_ISSUE, key="1")
    arrived(discord, 1)
    wait_until(lambda: set(states().values()) == {"sent"})


def test_no_thread_starts_before_the_first_ring(ring_with, own_doorbell):
    ring_with("none")
    open_alert(AlertType.NEW_ISSUE, key="1")
    assert own_doorbell.thread is None


def test_an_alert_that_is_rolled_back_rings_nobody(ring_with, own_doorbell):
    from django.db import transaction

    ring_with("thread")
    with transaction.atomic():
        open_alert(AlertType.NEW_ISSUE, key="1")
        transaction.set_rollback(True)
    assert own_doorbell.thread is None


def test_an_idle_thread_leaves_and_a_new_ring_starts_another(discord, ring_with, own_doorbell, monkeypatch):
    monkeypatch.setattr(doorbell, "IDLE_SECONDS", 0.05)
    ring_with("thread")
    open_alert(AlertType.NEW_ISSUE, key="1")
    arrived(discord, 1)
    wait_until(lambda: own_doorbell.thread is None, timeout_seconds=120)
    open_alert(AlertType.NEW_ISSUE, key="2")
    arrived(discord, 2)


def test_a_failing_delivery_does_not_end_the_thread(discord, ring_with, monkeypatch, caplog):
    ring_with("thread")
    monkeypatch.setattr(doorbell, "DELIVERER", "tests.nowhere.deliver")
    open_alert(AlertType.NEW_ISSUE, key="1")
    wait_until(lambda: "could not deliver" in caplog.text)
    monkeypatch.undo()
    open_alert(AlertType.NEW_ISSUE, key="2")
    arrived(discord, 1)


SHORT_LIFE = """
from freeze_alerts.alerts import open_alert
from freeze_alerts.outbox import doorbell
doorbell.Doorbell.close.__defaults__ = (100.0,)  # a busy machine takes its time
open_alert("errors.new_issue", key="short")
"""


def test_a_process_that_ends_at_once_still_delivers(discord, ring_with):
    start_python(SHORT_LIFE, **ring_with("auto")).wait(120)
    assert len(posts(discord)) == 1


FORK = """
import os, time
from freeze_alerts.alerts import open_alert
open_alert("errors.new_issue", key="parent")
if os.fork() == 0:
    from django.db import connections
    connections.close_all()
    open_alert("errors.new_issue", key="child")
time.sleep(150)
"""


def test_a_thread_is_born_again_after_a_fork(discord, ring_with):
    start_python(FORK, **ring_with("thread"))
    arrived(discord, 2)


def test_where_no_celery_app_is_configured_there_is_none():
    code = "import celery; from freeze_alerts.outbox import doorbell; celery.current_app; print(doorbell.celery_app())"
    read_until(start_python(code), "None")


@pytest.fixture(params=["redis", "rabbitmq"])
def broker(request, ring_with):
    """The environment of a process with a Celery app on a real broker, and a queue of its own."""
    service = request.getfixturevalue("redis_server" if request.param == "redis" else "rabbitmq")
    return {
        **ring_with("auto"),
        "TEST_BROKER_URL": service.url,
        "TEST_QUEUE": f"freeze-alerts-{os.getpid()}-{threading.get_native_id()}-{request.node.nodeid[-40:]}",
    }


RAISER = """
import time, tests.celery_app
from freeze_alerts.alerts import open_alert
from freeze_alerts.outbox import doorbell
doorbell.DELIVERER = {deliverer!r}
open_alert("errors.new_issue", key="1")
print("opened", flush=True)
time.sleep(150)
"""
THIS_PROCESS = doorbell.DELIVERER
ASKER = """
import time, tests.celery_app
from freeze_alerts.alerts import open_alert
from freeze_alerts.outbox import doorbell
doorbell.DELIVERER = "tests.nowhere.only_a_worker_delivers"
open_alert("errors.new_issue", key="1")
while True:  # on a busy machine a broker that is well may need more than its second
    time.sleep(1)
    doorbell.ring()
"""


def test_a_worker_delivers(discord, broker):
    start_worker(broker)
    start_python(ASKER, **broker)
    arrived(discord, 1)


def test_an_alert_raised_in_a_pool_child_arrives(discord, broker):
    start_worker(broker)
    start_python("import tests.celery_app as c; c.raise_alert.delay('1')", **broker)
    arrived(discord, 1)


def test_where_the_broker_takes_tasks_and_no_worker_comes_the_thread_takes_over(discord, broker):
    start_python(RAISER.format(deliverer=THIS_PROCESS), **broker)
    arrived(discord, 1)


@pytest.fixture(params=list(brokers.ILL))
def ill_port(request):
    with brokers.ILL[request.param]() as port:
        yield port


@pytest.mark.parametrize("scheme", ["redis", "amqp"])
def test_where_the_broker_is_ill_the_thread_takes_over(discord, ring_with, scheme, ill_port):
    broker = {"TEST_BROKER_URL": f"{scheme}://127.0.0.1:{ill_port}//", "TEST_QUEUE": "nobody"}
    start_python(RAISER.format(deliverer=THIS_PROCESS), **ring_with("auto"), **broker)
    arrived(discord, 1)


def test_where_the_result_backend_is_ill_a_worker_is_asked_all_the_same(discord, broker, ill_port):
    start_worker(broker)
    results = {"TEST_RESULT_BACKEND": f"redis://127.0.0.1:{ill_port}/0"}
    start_python(ASKER, **broker, **results)
    arrived(discord, 1)


SPOOLS_ONE = """
import time, tests.celery_app
from django.db import OperationalError, connection
from freeze_alerts.alerts import open_alert
def fail(*_):
    raise OperationalError("server closed the connection unexpectedly")
with connection.execute_wrapper(fail):
    open_alert("errors.new_issue", key="1")
time.sleep(120)
"""


def test_what_a_process_spooled_is_booked_by_itself_since_no_worker_may_see_its_file(discord, broker, tmp_path):
    start_worker(broker)
    told = json.loads(broker["FREEZE_ALERTS_TEST_SETTINGS"])
    told["DELIVERY"]["SPOOL"] = str(tmp_path / "of-another-host.jsonl")
    start_python(SPOOLS_ONE, **{**broker, "FREEZE_ALERTS_TEST_SETTINGS": json.dumps(told)})
    wait_until(lambda: states().get(f"alert:{Alert.objects.get(key='1').pk}:opened:1") == "sent"
               if Alert.objects.filter(key="1") else False, timeout_seconds=120)  # fmt: skip


def test_after_a_failure_a_worker_is_not_waited_for(ring_with, own_doorbell, monkeypatch):
    ring_with("auto")
    own_doorbell.asked_celery = True
    monkeypatch.setattr(doorbell, "DELIVERER", "tests.nowhere.deliver")
    monkeypatch.setattr(doorbell.claim, "is_overdue", lambda _seconds: 1 / 0)
    assert own_doorbell._work(rung=False) == doorbell.AGAIN_AFTER_SECONDS
    assert own_doorbell.asked_celery is False


def deliver_nothing():
    """Stands in for a pass."""
    return 1.0


def test_a_ring_that_the_broker_does_not_take_is_answered_here_though_it_took_the_one_before(
    ring_with, own_doorbell, monkeypatch
):
    ring_with("auto")
    monkeypatch.setattr(doorbell, "DELIVERER", f"{__name__}.deliver_nothing")
    monkeypatch.setattr(doorbell, "publish", lambda: False)
    own_doorbell.asked_celery = True
    assert own_doorbell._work(rung=True) == 1.0


AT_EXIT = """
import atexit
from freeze_alerts.alerts import open_alert
atexit.register(open_alert, "errors.new_issue", key="last")
"""


def test_an_alert_of_a_processs_last_moment_is_in_the_outbox_without_a_word(discord, ring_with):
    ended = run_python(AT_EXIT, **ring_with("auto"))
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False), ended.stderr
    assert len(states()) == 1


EAGER = """
import tests.celery_app as tests_celery, time
tests_celery.app.conf.task_always_eager = True
from freeze_alerts.alerts import open_alert
open_alert("errors.new_issue", key="1")
time.sleep(150)
"""


def test_with_eager_tasks_the_thread_delivers(discord, ring_with):
    environment = {**ring_with("auto"), "TEST_BROKER_URL": "memory://", "TEST_QUEUE": "nobody"}
    start_python(EAGER, **environment)
    arrived(discord, 1)

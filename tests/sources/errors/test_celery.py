"""A real worker with a pool of processes, on a real broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from freeze_alerts.sources.errors.models import Issue
from tests import processes
from tests.sources.errors.sentry_server import sentry_server

pytestmark = pytest.mark.django_db(transaction=True)

Environment = dict[str, str]
PAID = "Broken: order 1 can't be paid with [number]"


@pytest.fixture
def environment(redis_server, request) -> Environment:
    queue = f"freeze-alerts-errors-{os.getpid()}-{request.node.name}"
    return {"TEST_BROKER_URL": redis_server.url, "TEST_QUEUE": queue}


def _start_worker(environment: Environment) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "tests.sources.errors.celery_app",
        "worker",
        "-c",
        "1",
        "-l",
        "INFO",
    ]
    worker = processes.start([*command, "--without-gossip", "--without-mingle"], **environment)
    processes.read_until(worker, "ready.", timeout_seconds=120)
    threading.Thread(target=lambda: [None for _ in worker.stdout or ()], daemon=True).start()
    return worker


def _send(environment: Environment, *tasks: str) -> None:
    code = "\n".join(["import tests.sources.errors.celery_app as c", *(f"c.{each}.delay()" for each in tasks)])
    told = processes.run_python(code, timeout_seconds=120, **environment)
    assert told.returncode == 0, told.stderr


def _issues() -> dict[str, int]:
    return dict(Issue.objects.values_list("title", "occurrences"))


@pytest.mark.parametrize("whose", ["ours", "the project's"])
def test_only_the_last_failure_of_a_task_counts(environment: Environment, whose: str) -> None:
    """Three tries are one error; what a task throws on purpose is none; and a worker that stops books its last."""
    with sentry_server() as sentry:
        if whose != "ours":
            environment["SENTRY"] = sentry.dsn
        worker = _start_worker(environment)
        _send(environment, "pay_in_time", "expected", "logged", "last")
        processes.wait_until(lambda: PAID in _issues() and "the last word" in _issues(), timeout_seconds=120)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(120) == 0
    assert _issues() == {PAID: 1, "order %s is lost": 1, "the last word": 1, "Broken: the last task": 1}
    paid = Issue.objects.get(title=PAID)
    assert (paid.sample["transaction"], paid.sample["source"]) == ("shop.pay", "task")

"""Backups in a real Celery worker, killed where it hurts, and delivered twice."""

from __future__ import annotations

import json
import os
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.conf import settings as project

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import BackupMonitor, keeping, lock, manifest, running
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.backups.patrol import patrol
from freeze_alerts.sources.backups.pipeline import Made
from tests.processes import kill, read_until, run_python, start, start_python, wait_until

pytestmark = pytest.mark.django_db(transaction=True)
TASK_ID = "7f3a0000-0000-4000-8000-000000000001"

SEND = """
from tests.celery_app import app
app.send_task("freeze_alerts.tasks.backup_database", kwargs={kwargs!r}, task_id={task_id!r})
"""


@pytest.fixture
def environment(directory, redis_server, request, tmp_path):
    """A broker, a queue of its own, and the settings of this test."""
    return {
        "TEST_BROKER_URL": redis_server.url,
        "TEST_QUEUE": f"freeze-alerts-{os.getpid()}-{request.node.name}",
        "TEST_GATE": str(tmp_path / "gate"),
        "FREEZE_ALERTS_TEST_SETTINGS": json.dumps(project.FREEZE_ALERTS),
    }


def start_worker(environment, app="tests.celery_app"):
    command = [sys.executable, "-m", "celery", "-A", app, "worker", "-c", "1", "-l", "INFO"]
    worker = start([*command, "--without-gossip", "--without-mingle"], **environment)
    read_until(worker, "ready.", timeout_seconds=120)
    return worker


def send(environment, task_id=TASK_ID, **kwargs):
    told = run_python(SEND.format(kwargs=kwargs, task_id=task_id), **environment)
    assert told.returncode == 0, told.stderr


def kill_for_good(worker):
    """Its children die a moment after it, and the server sees that a moment later."""
    kill(worker)
    wait_until(lambda: lock.holder("default") is None, timeout_seconds=120)


def names(directory):
    return {each.name for each in manifest.read_all(directory).backups}


def test_a_worker_makes_what_is_due_and_no_more(directory, environment):
    worker = start_worker(environment)
    send(environment)
    read_until(worker, "succeeded")
    [made] = manifest.read_all(directory).backups
    assert (made.database, made.task_id) == ("default", TASK_ID)
    assert BackupRun.objects.get().task_id == TASK_ID
    send(environment, task_id=TASK_ID.replace("1", "2"))  # the next tick, five minutes later
    read_until(worker, "succeeded")
    assert names(directory) == {made.name}


def test_a_worker_killed_in_the_middle_is_told_and_its_task_delivered_again_ends_the_alert(directory, environment):
    outcome = keeping.make("default")
    assert isinstance(outcome, Made)
    good = outcome.manifest.name
    worker = start_worker(environment, "tests.slow_celery_app")
    send(environment, databases=["default"])
    read_until(worker, "half-way")
    patrol()
    assert not Alert.objects.exists()  # it lives
    kill_for_good(worker)
    [note] = running.read_notes(directory)
    patrol()
    alert = Alert.objects.get()
    fields = dict(alert.fields)
    assert (alert.type, fields["Stage"], fields["Task"]) == ("backups.failed", "died", TASK_ID)
    assert "is gone" in alert.text
    assert good in alert.text  # what was left untouched
    assert running.read_notes(directory) == ()
    assert manifest.read_all(directory).partials == ()
    assert names(directory) == {good}
    assert BackupRun.objects.get(state="failed").name == note.name
    start_worker(environment)
    send(environment, databases=["default"])  # the same task: Redis hands it out again
    wait_until(lambda: len(names(directory)) == 2, timeout_seconds=120)
    wait_until(lambda: Alert.objects.exclude(open_key=None).count() == 0, timeout_seconds=120)


def test_a_task_that_is_delivered_twice_makes_one_backup(directory, environment, tmp_path):
    first = start_worker(environment, "tests.slow_celery_app")
    send(environment, databases=["default"])
    read_until(first, "half-way")
    second = start_worker(environment)
    send(environment, databases=["default"])
    read_until(second, "succeeded")  # skipped: the first is at it
    assert names(directory) == set()
    (tmp_path / "gate").touch()
    read_until(first, "succeeded")
    assert len(names(directory)) == 1
    assert not Alert.objects.exists()


def test_an_emptied_redis_forgets_nothing(directory, redis_server):
    assert isinstance(keeping.make("default"), Made)
    before = BackupMonitor().get_metrics()
    with redis.Redis.from_url(redis_server.url) as client:
        client.flushdb()
    assert BackupMonitor().get_metrics() == before
    assert before["total_backups"] == 1


DEAD_BROKER = """
import tests.celery_app
from freeze_alerts import tasks
tasks.backup_database()
"""


def test_with_redis_down_backups_are_made_all_the_same(directory, environment):
    dead = {**environment, "TEST_BROKER_URL": "redis://127.0.0.1:1/0"}
    told = run_python(DEAD_BROKER, timeout_seconds=120, **dead)
    assert told.returncode == 0, told.stderr
    assert len(names(directory)) == 1


FAILS_ONCE = """
import sys
import threading
from freeze_alerts.sources.backups import pipeline, stream
from freeze_alerts.sources.backups.trouble import Trouble
from freeze_alerts import tasks
def fail(*_, **__):
    raise Trouble("server closed the connection unexpectedly", stage="dump")
stream.store = fail
class Retried(Exception):
    pass
def retry(**how):
    print("again", how["kwargs"], how["countdown"], how["max_retries"], flush=True)
    raise Retried
tasks.backup_database.retry = retry
try:
    tasks.backup_database(["default"])
except Retried:
    pass
"""


def test_a_failure_that_may_pass_is_tried_once_more(directory, environment):
    told = run_python(FAILS_ONCE, timeout_seconds=120, **environment)
    assert told.stdout.splitlines() == ["again {'databases': ['default']} 180 1"], told.stderr
    assert Alert.objects.get().title == "the backup of default failed"


def test_the_next_run_tells_of_one_that_died(directory, environment):
    worker = start_python(
        """
        import os
        from tests import slow_celery_app
        from freeze_alerts.sources.backups import keeping
        keeping.make("default", task_id="7f")
        """,
        **environment,
    )
    read_until(worker, "half-way")
    kill_for_good(worker)
    assert isinstance(keeping.make("default"), Made)
    alert = Alert.objects.get()
    assert (dict(alert.fields)["Stage"], alert.ended) == ("died", True)
    assert manifest.read_all(directory).partials == ()


def test_due_is_what_was_not_tried_for_an_hour(directory, settings):
    assert keeping.due() == ["default"]
    made = keeping.make("default")
    assert isinstance(made, Made)
    assert keeping.due() == []
    keeping._tried.clear()
    assert keeping.due() == []
    hour_ago = datetime.now(UTC) - timedelta(minutes=59, seconds=30)
    manifest.change(made.manifest.name, directory, lambda each: _begun(each, hour_ago))
    BackupRun.objects.update(at=hour_ago)
    assert keeping.due() == ["default"]
    settings.FREEZE_ALERTS["BACKUPS"]["EVERY_HOURS"] = 24
    assert keeping.due() == []


def _begun(each, at):
    from dataclasses import replace

    return replace(each, started_at=at, snapshot_at=at)


def test_a_project_without_time_zones_counts_ages_right(directory, settings):
    settings.USE_TZ = False
    before = datetime.now(UTC)
    made = keeping.make("default")
    assert isinstance(made, Made)
    assert before <= made.manifest.snapshot_at <= datetime.now(UTC)
    assert [seen.stale for seen in patrol()] == [False]
    assert keeping.due() == []
    metrics = BackupMonitor().get_metrics()
    assert metrics["last_backup_time"] == made.manifest.snapshot_at
    assert metrics["success_rate"] == 100
    BackupMonitor().record_success("default", made_by="cron")
    assert BackupMonitor().get_metrics()["total_backups"] == 2


def test_without_celery_the_watchdog_makes_what_is_due(directory, environment):
    command = "from django.core.management import call_command; call_command('watchdog', '--once')"
    told = run_python(command, timeout_seconds=150, **environment)
    assert told.returncode == 0, told.stderr
    assert len(names(directory)) == 1
    told = run_python(command, timeout_seconds=150, **environment)
    assert told.returncode == 0, told.stderr
    assert len(names(directory)) == 1  # none is due


def test_only_one_thread_of_a_process_makes_backups(directory, monkeypatch):
    began, go_on = threading.Event(), threading.Event()

    def wait(*_, **__):
        began.set()
        assert go_on.wait(60)
        return []

    monkeypatch.setattr(keeping, "make_all", wait)
    keeping.begin_due()
    assert began.wait(60)
    keeping.begin_due()
    threads = [each for each in threading.enumerate() if each.name == "freeze-alerts backup"]
    go_on.set()
    assert len(threads) == 1
    threads[0].join(60)

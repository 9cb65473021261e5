from __future__ import annotations

import os
import socket
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import others
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.backups.patrol import patrol
from tests.processes import read_until, start_python, wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _own_directory(directory):
    """The tests' own, since a patrol looks into it."""


def test_a_run_is_in_the_table_while_it_lasts_and_then_what_became_of_it():
    run = others.begin("default", "cron")
    row = BackupRun.objects.get()
    assert (row.state, row.made_by, row.host, row.pid) == ("running", "cron", socket.gethostname(), os.getpid())
    others.succeeded(run, name="x.sql", stored_bytes=5)
    row = BackupRun.objects.get()
    assert (row.state, row.name, row.size_bytes, row.pid) == ("complete", "x.sql", 5, None)


def test_a_failure_is_told():
    others.failed(others.begin("default", "cron"), "disk full")
    assert BackupRun.objects.get().state == "failed"
    alert = Alert.objects.get()
    assert ["Made by", "cron"] in alert.fields
    assert alert.text == "disk full"


def test_a_run_that_lives_is_no_dead_one():
    run = others.begin("default", "cron")
    assert others.tell_the_dead() == 0
    others.succeeded(run, name="x", stored_bytes=None)


def test_a_run_gives_signs_of_life(monkeypatch):
    monkeypatch.setattr(others, "BEAT_SECONDS", 0.05)
    run = others.begin("default", "cron")
    wait_until(lambda: BackupRun.objects.get().heartbeat_at > run.at)
    others.succeeded(run, name="x", stored_bytes=None)


def test_silence_for_two_minutes_is_a_death_wherever_it_ran():
    BackupRun.objects.create(database="default", made_by="cron", state="running", host="web9", pid=1,
                             at=timezone.now(), heartbeat_at=timezone.now())  # fmt: skip
    assert others.tell_the_dead() == 0
    with time_machine.travel(timezone.now() + timedelta(minutes=2, seconds=1), tick=False):
        assert others.tell_the_dead() == 1
    row = BackupRun.objects.get()
    assert (row.state, row.stage) == ("failed", "died")
    assert "process (1 on web9)" in " ".join(row.error.split()).replace("its process", "process")


DIES = """
import time
from freeze_alerts.sources.backups import others
others.begin("default", "cron")
print("begun", flush=True)
time.sleep(600)
"""


def test_a_run_whose_process_was_killed_is_told_at_the_next_look():
    process = start_python(DIES)
    read_until(process, "begun")
    assert BackupRun.objects.get().state == "running"
    process.kill()
    process.wait()
    patrol()
    assert BackupRun.objects.get().state == "failed"
    assert "was never heard of again" in Alert.objects.get(type="backups.failed").text
    patrol()
    assert Alert.objects.get(type="backups.failed").occurrences == 1

"""With the real django-dbbackup, in processes of their own: it reads its settings as it is imported."""

from __future__ import annotations

import json
import sys

import pytest
from django.conf import settings as project

from freeze_alerts.alerts.models import Alert
from freeze_alerts.sources.backups import BackupMonitor
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.backups.patrol import patrol
from tests.processes import read_until, run_python, start_python

pytest.importorskip("dbbackup")
pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(project.DATABASE_KIND != "sqlite", reason="its tools for servers are not ours to test"),
]


@pytest.fixture
def environment(tmp_path, directory):
    return {
        "DJANGO_SETTINGS_MODULE": "tests.dbbackup_settings",
        "TEST_DBBACKUP_LOCATION": str(tmp_path / "theirs"),
        "FREEZE_ALERTS_TEST_SETTINGS": json.dumps(project.FREEZE_ALERTS),
    }


BACKUP = """
from django.core.management import call_command
{before}
call_command("dbbackup", "--noinput")
"""


def dbbackup(environment, before=""):
    return run_python(BACKUP.format(before=before), **environment)


def test_a_good_backup_counts_like_one_of_ours(environment):
    told = dbbackup(environment)
    assert told.returncode == 0, told.stderr
    row = BackupRun.objects.get()
    assert (row.state, row.made_by, row.database) == ("complete", "django-dbbackup", "default")
    assert row.size_bytes > 1000
    assert row.seconds > 0
    assert [each.stale for each in patrol()] == [False]
    assert BackupMonitor().get_metrics()["last_size_bytes"] == row.size_bytes


def test_a_failure_is_told_without_the_password_and_the_next_success_ends_it(environment):
    fails = """
from dbbackup.db.base import get_connector
def fail(self):
    raise RuntimeError("could not connect with hunter2")
type(get_connector('default')).create_dump = fail
"""
    assert dbbackup(environment, fails).returncode == 1
    alert = Alert.objects.get(type="backups.failed")
    assert alert.title == "the backup of default failed"
    assert "RuntimeError" in alert.text
    assert "hunter2" not in alert.text + BackupRun.objects.get().error
    assert dbbackup(environment).returncode == 0
    alert.refresh_from_db()
    assert alert.ended


def test_a_beginning_without_an_end_is_a_failure(environment):
    hangs = """
from dbbackup.db.base import get_connector
def hang(self):
    import time
    print("begun", flush=True)
    time.sleep(600)
type(get_connector('default')).create_dump = hang
"""
    process = start_python(BACKUP.format(before=hangs), **environment)
    read_until(process, "begun")
    process.kill()
    process.wait()
    patrol()
    alert = Alert.objects.get(type="backups.failed")
    assert ["Stage", "died"] in alert.fields
    assert ["Made by", "django-dbbackup"] in alert.fields


def test_without_it_nothing_of_it_is_loaded():
    told = run_python("import sys; print('dbbackup' in sys.modules)")
    assert told.stdout.strip() == "False", sys.version

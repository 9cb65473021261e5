from __future__ import annotations

import os
import subprocess
import sys

import pytest

from freeze_alerts import schedule, tasks
from freeze_alerts.alerts import open_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.outbox.models import Message
from tests.outbox.passes import states

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_entry_of_the_schedule_names_a_task_of_ours():
    for name, row in schedule.BEAT_SCHEDULE.items():
        task = getattr(tasks, row["task"].rpartition(".")[2])
        assert task.name == row["task"] == name.replace("freeze_alerts.", "freeze_alerts.tasks.")


def test_a_schedule_expires_before_its_next_turn():
    for row in schedule.BEAT_SCHEDULE.values():
        assert row["options"]["expires"] <= row["schedule"].total_seconds()


def test_the_schedule_may_be_imported_by_a_settings_module():
    code = "import sys, freeze_alerts.schedule; print('django.conf' in sys.modules, 'celery' in sys.modules)"
    environment = {key: value for key, value in os.environ.items() if key != "DJANGO_SETTINGS_MODULE"}
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert said.stdout.split() == ["False", "False"]


def test_the_sweep_delivers_what_nobody_rang_for(discord):
    open_alert(AlertType.NEW_ISSUE, key="1")
    tasks.deliver_messages()
    assert set(states().values()) == {"sent"}


def test_the_disk_task_tells_of_a_full_disk(discord, settings):
    disk = {"PATHS": ["/"], "WARNING_PERCENT": 0, "CRITICAL_PERCENT": 99.8, "EMERGENCY_PERCENT": 99.9}
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS, "DISK": disk}
    tasks.check_disk()
    assert Alert.objects.get().type == AlertType.DISK_SPACE
    assert Message.objects.get().channel == "errors"


def test_a_failing_discord_does_not_fail_the_task(discord):
    discord.delete_webhook("errors")
    open_alert(AlertType.NEW_ISSUE, key="1")
    tasks.deliver_messages()

from __future__ import annotations

import io
import json
import signal
import sys
from datetime import datetime, timedelta

import pytest
import time_machine
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command, load_command_class
from django.core.management.color import color_style
from django.db import OperationalError
from django.utils import timezone

from freeze_alerts import delivery, discord as discord_room
from freeze_alerts.alerts import open_alert
from freeze_alerts.alerts.answers import acknowledge, resolve, snooze
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.management.alerts import answering, delivering, identity
from freeze_alerts.outbox import pace
from freeze_alerts.outbox.deliver import Report
from freeze_alerts.outbox.models import Message
from freeze_alerts.outbox.route import webhook_of
from freeze_alerts.testing.discord import Failure
from tests.factories import AlertFactory, MessageFactory
from tests.processes import read_until, start

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments):
    """The exit code, and what was printed to stdout and stderr."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("alerts", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()

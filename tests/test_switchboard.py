from __future__ import annotations

import logging
from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import DatabaseError, connection, transaction
from django.dispatch import Signal

from freeze_alerts import signals, switchboard
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.watch import outside
from tests.factories import MessageFactory
from tests.outbox.passes import NOON

pytestmark = pytest.mark.django_db(transaction=True)


def measured(severity=None, held="same", **told):
    reading = {"host": "web1", "device": "sda1", "path": "/", "used_percent": 91.2, "text": "full", "fields": []}
    kept = severity if held == "same" else held
    return signals.disk_measured.send_robust(None, **{**reading, **told}, severity=severity, held=kept)


def unreadable(path="/mnt"):
    signals.disk_unreadable.send_robust(None, host="web1", path=path, error="No such file or directory")


GO_OUT = {signals.alert_opened, signals.alert_worsened, signals.alert_resolved, signals.message_delivered}


def test_every_signal_has_a_receiver_but_those_that_only_go_out():
    every = {each for each in vars(signals).values() if isinstance(each, Signal)}
    assert set(switchboard.RECEIVERS) | set(outside.RECEIVERS) == every - GO_OUT
    assert all(signal.has_listeners() for signal in every - GO_OUT)


def test_connecting_twice_opens_once():
    switchboard.connect()
    measured(Severity.WARNING)
    assert Alert.objects.get().occurrences == 1


def test_a_full_disk_opens_worsens_and_ends_one_alert():
    with time_machine.travel(NOON, tick=False) as clock:
        for severity in (None, Severity.WARNING, Severity.CRITICAL, None):
            measured(severity)
        clock.shift(timedelta(minutes=15))
        measured(None)
    alert = Alert.objects.get()
    assert (alert.key, alert.severity, alert.status) == ("disk:web1:sda1", "critical", "resolved")
    assert alert.peak_value == 91.2


def test_the_hold_is_a_setting(settings):
    settings.FREEZE_ALERTS = {"DISK": {"HOLD_MINUTES": 0}, "DELIVERY": {"DOORBELL": "none"}}
    measured(Severity.WARNING)
    measured(None)
    assert Alert.objects.get().ended


def test_a_path_that_cannot_be_read_is_a_trouble_until_it_can():
    unreadable()
    alert = Alert.objects.get()
    assert (alert.type, alert.severity) == (AlertType.TROUBLE, "high")
    assert "No such file" in alert.text
    measured(path="/", also=["/mnt"])
    assert Alert.objects.get().ended


def test_a_disk_that_nobody_measures_is_no_longer_watched():
    with time_machine.travel(NOON, tick=False) as clock:
        measured(Severity.WARNING)
        clock.shift(timedelta(minutes=16))
        signals.disks_checked.send_robust(None, host="web2")
    assert Alert.objects.get().unwatched


def test_a_dead_webhook_is_a_trouble_and_a_mail(settings):
    import django

    settings.ADMINS = [("Ada", "ada@example.com")] if django.VERSION < (6,) else ["ada@example.com"]
    signals.webhook_disabled.send_robust(None, channel="backups", webhook="discord:1/…ab", reason="Unknown Webhook")
    assert "Unknown Webhook" in Alert.objects.get().text
    assert "#backups" in mail.outbox[0].subject


def test_a_webhook_that_works_again_ends_its_trouble():
    signals.webhook_disabled.send_robust(None, channel="backups", webhook="discord:1/…ab", reason="gone")
    signals.webhook_enabled.send_robust(None, webhook="discord:1/…ab")
    assert Alert.objects.get().ended_because == "it works again"


def test_mail_can_be_switched_off(settings):
    settings.ADMINS = ["ada@example.com"]
    settings.FREEZE_ALERTS = {"DELIVERY": {"MAIL_ADMINS": False, "DOORBELL": "none"}}
    signals.webhook_disabled.send_robust(None, channel="backups", webhook="discord:1/…ab", reason="gone")
    assert mail.outbox == []


def test_a_mail_server_that_is_down_is_logged(settings, monkeypatch, caplog):
    def fail(*_, **__):
        raise OSError("mail")

    monkeypatch.setattr("django.core.mail.mail_admins", fail)
    signals.webhook_disabled.send_robust(None, channel="backups", webhook="discord:1/…ab", reason="gone")
    assert "the spare way mail failed: OSError" in caplog.text
    assert Alert.objects.exists()


def test_dead_messages_are_one_trouble_a_channel():
    for _ in range(3):
        signals.message_dead.send_robust(None, message=MessageFactory(state="dead", last_error="Invalid Form Body"))
    assert Alert.objects.get(type=AlertType.TROUBLE).occurrences == 3


def test_a_dead_trouble_is_not_told_by_another():
    signals.disk_unreadable.send_robust(None, host="web1", path="/mnt", error="gone")
    message = MessageFactory(alert=Alert.objects.get(), intent="x", state="dead")
    signals.message_dead.send_robust(None, message=message)
    assert Alert.objects.count() == 1


def test_a_failure_of_ours_is_logged_and_not_felt(monkeypatch, caplog):
    def fail(*_, **__):
        raise DatabaseError("down")

    monkeypatch.setattr(switchboard.disk, "report_state", fail)
    assert [result for _, result in measured(Severity.WARNING)] == [None]
    assert "was not opened or ended" in caplog.text


def test_a_failing_statement_of_ours_does_not_spoil_the_hosts_transaction(monkeypatch, caplog):
    def fail(*_, **__):
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing FROM nowhere")

    monkeypatch.setattr(switchboard.disk, "report_state", fail)
    with caplog.at_level(logging.CRITICAL, "freeze_alerts"), transaction.atomic():
        measured(Severity.WARNING)
        MessageFactory()
    assert Alert.objects.count() == 1

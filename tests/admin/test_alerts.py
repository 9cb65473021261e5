from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from freeze_alerts.alerts.answers import acknowledge, resolve
from freeze_alerts.alerts.card import admin_url
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.outbox.models import Message
from tests.factories import AlertFactory, MessageFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/freeze_alerts/alert/"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@pytest.fixture
def disk(db):
    return AlertFactory(
        type=AlertType.DISK_SPACE, key="disk:web1:/dev/sda1", severity=Severity.CRITICAL, title="/ on web1",
        text="92.4 % full", host="web1", fields=[["Used", "68 of 74 GB"], ["Largest", "/var/log", False]],
        findings=[{"step": "What grew", "outcome": "timed out", "text": "stopped after 3 s", "seconds": 3.0}],
    )  # fmt: skip


def page(alert, name="change"):
    return reverse(f"admin:freeze_alerts_alert_{name}", args=[alert.pk])


def act(client, action, *alerts):
    said = {"action": action, "_selected_action": [alert.pk for alert in alerts]}
    return client.post(LIST, said, follow=True).content.decode()


def test_the_list_says_how_bad_each_is_in_colour_and_word(as_ann, disk):
    told = as_ann.get(LIST).content.decode()
    assert '<span class="freeze-badge freeze-critical freeze-standing">critical</span>' in told
    assert "Disk space" in told
    assert "web1" in told


def test_an_alert_of_a_type_that_is_no_more_is_listed_and_shown(as_ann):
    alert = AlertFactory(type="shop.gone")
    assert "shop.gone" in as_ann.get(LIST).content.decode()
    assert as_ann.get(page(alert)).status_code == 200


@pytest.mark.parametrize(
    "query",
    ["status__exact=open", "type__exact=disk.space", "severity__exact=critical", "host=web1", "q=sda1", "q=92.4",
     "environment=production", "opened_at__year=2026"],
)  # fmt: skip
def test_the_list_is_filtered_and_searched(as_ann, query):
    with time_machine.travel(datetime(2026, 1, 15, 3, tzinfo=AMSTERDAM), tick=False):
        AlertFactory(type=AlertType.DISK_SPACE, key="sda1", severity="critical", host="web1", text="92.4 % full")
        assert "1 alert\n" in as_ann.get(f"{LIST}?{query}").content.decode()


def test_a_digests_link_shows_the_alerts_of_its_type_alone(as_ann, disk, settings):
    settings.FREEZE_ALERTS = {"BASE_URL": "https://shop.example"}
    AlertFactory(title="another one")
    url = admin_url("alert_changelist", type__exact="disk.space").removeprefix("https://shop.example")
    told = as_ann.get(url).content.decode()
    assert "/ on web1" in told
    assert "another one" not in told


def test_nobody_adds_an_alert_by_hand(admin_client):
    assert admin_client.get(f"{LIST}add/").status_code == 403


def test_only_a_superuser_deletes_by_hand_and_the_messages_go_along(admin_client, as_ann, disk):
    MessageFactory(alert=disk)
    assert as_ann.post(page(disk, "delete"), {"post": "yes"}).status_code == 403
    assert admin_client.post(page(disk, "delete"), {"post": "yes"}).status_code == 302
    assert not Alert.objects.exists()
    assert not Message.objects.exists()


def test_an_alerts_page_tells_what_a_woken_person_needs(as_ann, disk):
    MessageFactory(alert=disk, state=Message.State.DEAD, last_error="Discord said no")
    told = as_ann.get(page(disk)).content.decode()
    for words in ("Disk space: / on web1", "92.4 % full", "Answer by", "68 of 74 GB", "What grew", "timed out",
                  "df -h", "Discord said no", "Acknowledge", "Snooze 1 h", "Resolve"):  # fmt: skip
        assert words in told


def test_a_page_says_when_the_answer_is_late(as_ann, disk):
    long_ago = timezone.now() - timedelta(hours=3)
    Alert.objects.update(opened_at=long_ago, raised_at=long_ago)
    assert "Should have been answered by" in as_ann.get(page(disk)).content.decode()


def test_foreign_text_stays_text(as_ann):
    alert = AlertFactory(title="<script>alert(1)</script>", text="<b>bold</b>", link="javascript:alert(1)")
    told = as_ann.get(page(alert)).content.decode()
    assert "<script>alert(1)" not in told
    assert "<b>bold" not in told
    assert "javascript:alert" not in told


def test_a_form_that_somebody_made_up_changes_nothing(admin_client, disk):
    assert admin_client.post(page(disk), {"title": "mine"}).status_code == 403
    assert Alert.objects.get().title == "/ on web1"


def test_an_ended_alert_offers_no_answers(as_ann, disk):
    resolve(disk, by="ben", reason="logs are gone")
    told = as_ann.get(page(disk)).content.decode()
    assert "Snooze 1 h" not in told
    assert "logs are gone" in told


def test_a_guest_sees_the_alert_and_no_buttons(as_guest, disk):
    told = as_guest.get(page(disk)).content.decode()
    assert "92.4 % full" in told
    assert "Snooze 1 h" not in told
    assert 'value="acknowledge"' not in as_guest.get(LIST).content.decode()


@pytest.mark.parametrize("name", ["acknowledge", "snooze", "resolve"])
def test_a_guest_answers_nothing(as_guest, disk, name):
    assert as_guest.get(page(disk, name)).status_code == 403
    assert as_guest.post(page(disk, name)).status_code == 403


@pytest.mark.parametrize("name", ["acknowledge", "snooze", "resolve"])
def test_a_get_asks_and_changes_nothing(as_ann, disk, name):
    before = Alert.objects.values().get()
    told = as_ann.get(page(disk, name)).content.decode()
    assert "92.4 % full" in told
    assert Alert.objects.values().get() == before


def test_the_cards_button_leads_through_the_login_to_the_question(client, ann, disk, settings):
    settings.FREEZE_ALERTS = {"BASE_URL": "https://shop.example"}
    ann.set_password("owl")
    ann.save()
    address = admin_url("alert_acknowledge", disk.pk).removeprefix("https://shop.example")
    login = client.get(address).url
    answer = client.post(login, {"username": "ann", "password": "owl"}, follow=True)
    assert answer.request["PATH_INFO"] == address
    assert "You are on it" in answer.content.decode()


def test_acknowledging_says_who_and_leads_back_to_the_alert(as_ann, disk):
    answer = as_ann.post(page(disk, "acknowledge"), follow=True)
    disk.refresh_from_db()
    assert (disk.status, disk.acknowledged_by) == ("acknowledged", "ann")
    assert answer.request["PATH_INFO"] == page(disk)
    assert "The alert is acknowledged." in answer.content.decode()
    assert LogEntry.objects.get().change_message == "Acknowledged."


def test_a_fact_that_is_acknowledged_ends(as_ann):
    alert = AlertFactory(type=AlertType.PAYMENT_ERROR)
    assert "this ends the alert" in as_ann.get(page(alert, "acknowledge")).content.decode()
    as_ann.post(page(alert, "acknowledge"))
    alert.refresh_from_db()
    assert (alert.status, alert.acknowledged_by) == ("resolved", "ann")


def test_whoever_comes_second_hears_who_was_first(as_ann, disk):
    acknowledge(disk, by="ben")
    assert "ben is already on it." in as_ann.get(page(disk, "acknowledge")).content.decode()
    assert "Ben is already on it." in as_ann.post(page(disk, "acknowledge"), follow=True).content.decode()
    assert Alert.objects.get().acknowledged_by == "ben"


@pytest.mark.parametrize("name", ["acknowledge", "snooze", "resolve"])
def test_an_answer_to_what_has_ended_is_taken_kindly(as_ann, disk, name):
    resolve(disk, by="ben")
    assert "already ended" in as_ann.get(page(disk, name)).content.decode()
    assert "already ended" in as_ann.post(page(disk, name), follow=True).content.decode()
    assert not LogEntry.objects.exists()


def test_an_alert_that_is_not_kept_any_more_leads_to_the_list(as_ann):
    answer = as_ann.get("/admin/freeze_alerts/alert/4711/acknowledge/", follow=True)
    assert answer.request["PATH_INFO"] == LIST
    assert "Alert 4711 is not kept any more." in answer.content.decode()


def test_resolving_keeps_the_reason(as_ann, disk):
    as_ann.post(page(disk, "resolve"), {"reason": " logs are gone "})
    disk.refresh_from_db()
    assert (disk.status, disk.ended_because, disk.acknowledged_by) == ("resolved", "logs are gone", "ann")


@pytest.mark.parametrize(
    ("now", "choice", "until"),
    [
        ("03:10", "hour", "15 04:10"),
        ("03:10", "", "15 04:10"),
        ("03:10", "morning", "15 09:00"),  # whoever is woken at three sleeps until nine of the same day
        ("09:00", "morning", "16 09:00"),
        ("23:50", "morning", "16 09:00"),
    ],
)
def test_a_snooze_lasts_an_hour_or_until_the_next_morning(as_ann, disk, now, choice, until):
    with time_machine.travel(datetime.fromisoformat(f"2026-01-15T{now}+01:00"), tick=False):
        as_ann.post(page(disk, "snooze"), {"until": choice})
        disk.refresh_from_db()
        assert f"{timezone.localtime(disk.snoozed_until):%d %H:%M}" == until


@pytest.mark.parametrize(
    ("action", "done"),
    [("acknowledge", "acknowledged"), ("resolve", "resolved"), ("snooze_an_hour", "snoozed"),
     ("snooze_until_morning", "snoozed")],
)  # fmt: skip
def test_several_are_answered_at_once_and_what_has_ended_is_left_alone(as_ann, disk, action, done):
    ended = AlertFactory(type=AlertType.DISK_SPACE)
    resolve(ended, by="ben")
    told = act(as_ann, action, disk, ended)
    assert f"1 {done}." in told
    assert "1 left alone: answered or ended already." in told


def test_a_database_that_does_not_know_time_zones_still_shows_the_list(as_ann, disk, monkeypatch):
    monkeypatch.setattr(connection.features, "has_zoneinfo_database", False)
    told = as_ann.get(LIST).content.decode()
    assert "/ on web1" in told
    assert "toplinks" not in told


def test_the_list_can_be_looked_at_day_by_day(as_ann, disk, monkeypatch):
    monkeypatch.setattr(connection.features, "has_zoneinfo_database", True)
    if connection.vendor == "mysql":
        pytest.skip("needs MySQL's time zone tables")
    assert "toplinks" in as_ann.get(LIST).content.decode()

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from freeze_alerts.alerts.card import admin_url, answer_by, draft, draw, mention_for
from freeze_alerts.catalog import Severity
from freeze_alerts.discord.message import Standing
from tests.factories import AlertFactory, MessageFactory

pytestmark = pytest.mark.django_db

THURSDAY = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture
def ours(settings):
    settings.FREEZE_ALERTS = {**settings.FREEZE_ALERTS}
    return settings.FREEZE_ALERTS


def drawn(**alert):
    return draw(MessageFactory(alert=AlertFactory(**alert), sequence=2))


def test_a_card_says_what_where_and_until_when():
    card = drawn(opened_at=THURSDAY, host="web1", release="1.2", fields=[["Users", "3"], ["Path", "/", False]])
    assert card.title.startswith("New issue: ValueError in")
    assert card.answer_by == THURSDAY + timedelta(hours=4)
    assert [(each.name, each.inline) for each in card.fields] == [
        ("Users", True), ("Path", False), ("Host", True), ("Environment", True), ("Release", True),
    ]  # fmt: skip
    assert card.command == "docker compose logs backend --tail=100"


def test_a_footer_tells_a_duplicate_from_news():
    alert = AlertFactory()
    assert draw(MessageFactory(alert=alert, sequence=3)).footer == f"alert {alert.pk}#3 · production"


def test_buttons_lead_to_the_admin_and_the_runbook(ours):
    ours.update(BASE_URL="https://shop.example", RUNBOOK_URL="https://docs.example/runbook.html")
    card = drawn()
    urls = {link.label: link.url for link in card.links}
    assert list(urls) == ["Open", "Runbook", "Acknowledge"]
    assert urls["Acknowledge"].endswith("/acknowledge/")
    assert urls["Runbook"] == "https://docs.example/runbook.html#new-issue"


def test_without_a_base_url_there_is_no_button_to_us():
    assert drawn().links == ()
    assert admin_url("alert_change", 1) == ""


@pytest.mark.parametrize(
    ("alert", "standing"),
    [
        ({}, Standing.OPEN),
        ({"status": "acknowledged"}, Standing.ACKNOWLEDGED),
        ({"status": "resolved", "resolved_at": THURSDAY}, Standing.ENDED),
        ({"status": "resolved", "resolved_at": THURSDAY, "unwatched": True}, Standing.UNWATCHED),
        # a record is born ended: nothing to turn green
        ({"type": "audit.delete", "status": "resolved", "resolved_at": THURSDAY}, Standing.OPEN),
        # a type the project has since taken away
        ({"type": "shop.gone"}, Standing.OPEN),
    ],
)
def test_a_card_shows_how_its_alert_stands(alert, standing):
    assert drawn(opened_at=THURSDAY, **alert).standing is standing


@pytest.mark.parametrize(
    ("opened", "by"),
    [
        (datetime(2026, 1, 15, 12, tzinfo=UTC), datetime(2026, 1, 16, 8, tzinfo=UTC)),  # Thursday: Friday 9:00 here
        (datetime(2026, 1, 16, 12, tzinfo=UTC), datetime(2026, 1, 19, 8, tzinfo=UTC)),  # Friday: Monday
        (datetime(2026, 1, 17, 12, tzinfo=UTC), datetime(2026, 1, 19, 8, tzinfo=UTC)),  # Saturday: Monday
    ],
)
def test_the_next_business_day_starts_at_nine(opened, by):
    assert answer_by(opened, None) == by


def test_a_late_message_says_so():
    with time_machine.travel(THURSDAY, tick=False):
        message = MessageFactory(created_at=THURSDAY - timedelta(minutes=42))
        assert "delivered 42 min late" in draw(message).notes


def test_notes_name_who_answered_and_why_it_ended():
    card = drawn(status="resolved", resolved_at=THURSDAY, acknowledged_by="ada", ended_because="moved to web2")
    assert card.notes == ("acknowledged by ada", "moved to web2")


@pytest.mark.parametrize(
    ("severity", "mention"),
    [
        (Severity.EMERGENCY, "role:1"),  # nothing is said of emergencies: whoever is called for less is called
        (Severity.CRITICAL, "role:1"),
        (Severity.HIGH, "here"),
        (Severity.WARNING, ""),
    ],
)
def test_whom_a_severity_calls(ours, severity, mention):
    ours["MENTIONS"] = {"critical": "role:1", "high": "here"}
    assert mention_for(severity) == mention


@pytest.mark.parametrize(
    ("alert", "kind", "mention"),
    [
        ({}, "opened", "here"),
        ({}, "resolved", ""),  # good news wakes nobody
        ({"status": "acknowledged"}, "worsened", ""),  # somebody is on it
        ({"status": "resolved", "resolved_at": THURSDAY}, "opened", ""),  # told too late to be worth a call
    ],
)
def test_only_open_news_calls_somebody(ours, alert, kind, mention):
    ours["MENTIONS"] = {"info": "here"}
    assert draft([MessageFactory(alert=AlertFactory(**alert), kind=kind)]).mention == mention


def test_information_is_silent():
    quiet = MessageFactory(alert=AlertFactory(severity="info"))
    assert draft([quiet]).silent
    assert not draft([quiet, MessageFactory()]).silent


def test_a_digest_counts_what_is_folded_into_it():
    digest = MessageFactory(alert=None, kind="digest", intent="digest:errors.new_issue:1")
    for status in ("open", "resolved", "resolved"):
        alert = AlertFactory(status=status, resolved_at=THURSDAY if status == "resolved" else None)
        MessageFactory(alert=alert, folded_into=digest)
    AlertFactory._meta.model.objects.filter(status="resolved").update(open_key=None)
    card = draw(digest)
    assert card.title == "3 × New issue"
    assert ("Still open", "1") in [(each.name, each.value) for each in card.fields]

"""Our check in the real django-health-check."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings
from django.urls import path
from health_check.views import HealthCheckView

from freeze_alerts.watch import health, reader
from freeze_alerts.watch.health import Condition, State
from freeze_alerts.watch.reader import Reader

pytestmark = pytest.mark.django_db(transaction=True)

CHECK = "freeze_alerts.watch.plugin.FreezeAlerts"
urlpatterns = [
    path("ht/", HealthCheckView.as_view(checks=[CHECK])),
    path("ht/disks/", HealthCheckView.as_view(checks=[(CHECK, {"only": "disk"})])),
    path("ht/strict/", HealthCheckView.as_view(checks=[(CHECK, {"warnings": True})])),
]


@pytest.fixture(autouse=True)
def _a_reader_of_its_own(monkeypatch):
    monkeypatch.setattr(reader, "_reader", Reader())
    monkeypatch.setattr(reader, "PATIENCE_SECONDS", 60.0)


def ask(page: str = "") -> tuple[int, str]:
    with override_settings(ROOT_URLCONF=__name__):
        response = Client().get(f"/ht/{page}", {"format": "json"})
    return response.status_code, response.content.decode()


FULL = Condition("disk / on web1", State.CRITICAL, 96.5, "percent")
STUCK = Condition("outbox", State.WARNING, 960, "seconds")


@pytest.mark.parametrize(
    ("conditions", "page", "status", "words"),
    [
        ([], "", 200, "OK"),
        ([FULL], "", 500, "disk / on web1: 96.5 percent"),
        ([FULL], "disks/", 500, "disk / on web1: 96.5 percent"),
        ([STUCK], "", 200, "OK"),  # a warning would take the site down
        ([STUCK], "strict/", 500, "Warning: outbox: 960 seconds"),
        ([STUCK, FULL], "strict/", 500, "Unavailable: disk"),
        ([Condition("outbox", State.CRITICAL)], "disks/", 200, "OK"),
        ([Condition("disks", State.UNKNOWN)], "strict/", 200, "OK"),
    ],
)
def test_it_tells_what_we_tell(monkeypatch, conditions, page, status, words):
    monkeypatch.setattr(health, "conditions", lambda: conditions)
    found, text = ask(page)
    assert (found, words in text) == (status, True)


def test_a_database_that_fails_fails_every_part_of_it(monkeypatch):
    from django.db import OperationalError

    def away():
        raise OperationalError("connection refused")

    monkeypatch.setattr(health, "conditions", away)
    assert ask("disks/")[0] == 500

"""Our pages outside the admin: ``path("alerts/", include("freeze_alerts.urls"))``."""

from __future__ import annotations

from django.urls import path

from freeze_alerts.pages import health, sentry, views

app_name = "freeze_alerts"
urlpatterns = [
    path("health/", health.health, name="health"),
    path("sentry/webhook/", sentry.webhook, name="sentry_webhook"),
    path("runbook/", views.runbook, name="runbook"),
    path("runbook/<slug:name>/", views.runbook, name="runbook_page"),
]

"""The tests' Celery app, with a Beat that sends a canary each second."""

from __future__ import annotations

from tests.celery_app import app

app.conf.beat_schedule = {"canary": {"task": "freeze_alerts.tasks.canary", "schedule": 1.0}}

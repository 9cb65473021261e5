"""What Celery Beat has to run for us: ``CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE, …}``.

Plain Python, so that a settings module may import it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "freeze_alerts.deliver_messages": {
        "task": "freeze_alerts.tasks.deliver_messages",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "freeze_alerts.check_disk": {
        "task": "freeze_alerts.tasks.check_disk",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    "freeze_alerts.check_payments": {
        "task": "freeze_alerts.tasks.check_payments",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
}

"""What Celery Beat has to run for us: ``CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE, …}``.

Duties are asked for often, and done only when they are due: see :mod:`freeze_alerts.watch.duties`. Plain Python, so
that a settings module may import it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from freeze_alerts.watch.duties import DUTIES

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "freeze_alerts.deliver_messages": {
        "task": "freeze_alerts.tasks.deliver_messages",
        "schedule": timedelta(seconds=30),
        "options": {"expires": 30},
    },
    "freeze_alerts.canary": {
        "task": "freeze_alerts.tasks.canary",
        "schedule": timedelta(minutes=5),
        "options": {"expires": 300},
    },
    **{
        f"freeze_alerts.{duty.name}": {
            "task": f"freeze_alerts.tasks.{duty.name}",
            "schedule": duty.tick,
            "options": {"expires": int(duty.tick.total_seconds())},
        }
        for duty in DUTIES
    },
}

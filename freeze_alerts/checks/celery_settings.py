"""Settings of the project's Celery: what can block a request for ever, and whether Beat knows our tasks.

Our own messages wait for neither; what is looked at here is the project's ``.delay()`` in a request. Defaults are
Celery's: https://docs.celeryq.dev/en/stable/userguide/configuration.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from freeze_alerts.checks.registry import warns
from freeze_alerts.outbox import doorbell
from freeze_alerts.schedule import BEAT_SCHEDULE

_REDIS = ("redis", "rediss", "sentinel")
_DATABASE_SCHEDULER = "DatabaseScheduler"
_SOCKET_TIMEOUTS = ("socket_timeout", "socket_connect_timeout")


@warns(20, deploy_only=True, hint=(
    "A Redis that accepts and is silent blocks every .delay() for ever. Recommended: "
    "CELERY_BROKER_TRANSPORT_OPTIONS = {'socket_timeout': 5, 'socket_connect_timeout': 2, 'max_retries': 0, "
    "'interval_start': 0, 'interval_step': 0, 'interval_max': 0, 'connect_retries_timeout': 2}"
))  # fmt: skip
def redis_broker_without_timeouts() -> Iterator[str]:
    settings = _celery_settings()
    if settings and _is_redis(settings.broker_write_url or settings.broker_url):
        options = settings.broker_transport_options or {}
        missing = [name for name in _SOCKET_TIMEOUTS if not options.get(name)]
        if missing:
            yield f"Celery: broker_transport_options has no {' and no '.join(missing)} for Redis."


@warns(21, deploy_only=True, hint=(
    "Publishing to a Redis result backend blocks too when that is ill. Set CELERY_TASK_IGNORE_RESULT = True (a task "
    "whose result is wanted says ignore_result=False), or CELERY_REDIS_SOCKET_CONNECT_TIMEOUT = 2 and "
    "CELERY_REDIS_SOCKET_TIMEOUT = 5"
))  # fmt: skip
def result_backend_that_blocks() -> Iterator[str]:
    settings = _celery_settings()
    if settings and _is_redis(settings.result_backend):
        unbounded = not settings.redis_socket_connect_timeout
        if unbounded and not settings.task_ignore_result:
            yield "Celery: results are kept in Redis, for every task and without a limit to connecting."


@warns(22, deploy_only=True, hint=(
    "When all connections of the pool hang, the next .delay() waits for one of them for ever. Recommended: "
    "CELERY_BROKER_POOL_ACQUIRE_TIMEOUT = 2"
))  # fmt: skip
def connection_pool_without_timeout() -> Iterator[str]:
    settings = _celery_settings()
    if settings and settings.get("broker_pool_acquire_timeout", 0) is None:  # Celery before 5.7 does not know it
        yield "Celery: broker_pool_acquire_timeout is not set."


@warns(23, deploy_only=True, hint=(
    "A task that hangs holds its worker process for ever, until none is left for the others. Recommended: "
    "CELERY_TASK_TIME_LIMIT = 600 and CELERY_TASK_SOFT_TIME_LIMIT = 540"
))  # fmt: skip
def tasks_without_time_limit() -> Iterator[str]:
    settings = _celery_settings()
    if settings and not settings.task_time_limit:
        yield "Celery: task_time_limit is not set."


@warns(24, hint="Merge them in: from freeze_alerts.schedule import BEAT_SCHEDULE; "
                "CELERY_BEAT_SCHEDULE = {**BEAT_SCHEDULE, ...}")  # fmt: skip
def beat_without_our_tasks() -> Iterator[str]:
    settings = _celery_settings()
    if not settings or not settings.beat_schedule or _DATABASE_SCHEDULER in str(settings.beat_scheduler):
        return  # a schedule in the database is not a matter of settings
    scheduled = {entry.get("task") for entry in settings.beat_schedule.values()}
    missing = sorted({str(entry["task"]) for entry in BEAT_SCHEDULE.values()} - scheduled)
    if missing:
        yield f"Celery: beat_schedule does not run {', '.join(missing)}."


def _celery_settings() -> Any:
    app = doorbell.celery_app()
    return None if app is None else app.conf


def _is_redis(url: object) -> bool:
    return str(url or "").partition(":")[0].partition("+")[0] in _REDIS

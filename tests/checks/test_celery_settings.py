from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from celery import Celery

from freeze_alerts.schedule import BEAT_SCHEDULE
from tests.checks.configurations import said

MakeCelery = Callable[..., Celery]


def test_without_celery_nothing_is_said_of_it() -> None:
    assert [said(number) for number in range(20, 25)] == [""] * 5


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"broker_url": "redis://cache:6379/0"}, "no socket_timeout and no socket_connect_timeout"),
        ({"broker_url": "redis+socket:///run/redis.sock"}, "no socket_timeout"),
        ({"broker_url": "sentinel://cache:26379"}, "no socket_timeout"),
        ({"broker_url": "amqp://", "broker_write_url": "rediss://cache:6380/0"}, "no socket_timeout"),
        ({"broker_url": "amqp://rabbit:5672//"}, ""),
        ({}, ""),  # Celery's default is RabbitMQ
    ],
)
def test_a_redis_broker_needs_timeouts(settings: dict[str, Any], words: str, shop_celery: MakeCelery) -> None:
    shop_celery(**settings)
    assert words in said(20)
    assert bool(said(20)) is bool(words)


@pytest.mark.parametrize(
    ("settings", "blocks"),
    [
        ({"result_backend": "redis://cache:6379/1"}, True),
        ({"result_backend": "redis://cache:6379/1", "task_ignore_result": True}, False),
        ({"result_backend": "redis://cache:6379/1", "redis_socket_connect_timeout": 2}, False),
        ({"result_backend": "django-db"}, False),  # publishing does not touch it
        ({"result_backend": "disabled://"}, False),
    ],
)
def test_a_result_backend_in_redis_needs_a_limit(
    settings: dict[str, Any], blocks: bool, shop_celery: MakeCelery
) -> None:
    shop_celery(**settings)
    assert bool(said(21)) is blocks


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, False),  # whoever has no schedule has no Beat
        ({"beat_schedule": BEAT_SCHEDULE}, False),
        ({"beat_schedule": {"other name": {**BEAT_SCHEDULE["freeze_alerts.check_disk"]}}}, True),
        ({"beat_schedule": {"own": {"task": "shop.tasks.sell", "schedule": 60}}}, True),
        (
            {
                "beat_schedule": {"own": {"task": "shop.tasks.sell", "schedule": 60}},
                "beat_scheduler": "django_celery_beat.schedulers:DatabaseScheduler",
            },
            False,
        ),
    ],
)
def test_a_beat_schedule_needs_our_tasks(settings: dict[str, Any], missing: bool, shop_celery: MakeCelery) -> None:
    shop_celery(**settings)
    assert bool(said(24)) is missing

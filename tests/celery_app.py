"""The Celery app of the tests: broker and queue from the environment, so that runs don't eat each other's tasks."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

app = Celery("tests", set_as_current=True)
app.conf.update(
    broker_url=os.environ["TEST_BROKER_URL"],
    broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2, "max_retries": 0},
    broker_connection_retry_on_startup=True,
    task_default_queue=os.environ["TEST_QUEUE"],
    task_ignore_result=True,
    result_backend=os.environ.get("TEST_RESULT_BACKEND"),
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
)
app.autodiscover_tasks(["freeze_alerts"])


@app.task(name="tests.raise_alert")
def raise_alert(key: str) -> None:
    from freeze_alerts.alerts import open_alert

    open_alert("errors.new_issue", key=key)


@app.task(name="tests.fail")
def fail() -> None:
    raise ValueError("no such order to send")


@app.task(name="tests.charge", autoretry_for=(ConnectionError,), max_retries=2, default_retry_delay=0)
def charge(payment: str) -> None:
    from freeze_alerts.sources.errors import payment_scope

    with payment_scope(payment):
        raise ConnectionError("the provider hung up")

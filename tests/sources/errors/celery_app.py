"""A Celery app whose tasks fail: broker and queue from the environment."""

from __future__ import annotations

import os

from celery import Celery, Task

from tests.sources.errors.host_project import Broken, be_patient, init, logger, pay

if "SENTRY" in os.environ:
    init()
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

app = Celery("failing", set_as_current=True)
app.conf.update(
    broker_url=os.environ["TEST_BROKER_URL"],
    broker_transport_options={"socket_timeout": 5, "socket_connect_timeout": 2, "max_retries": 0},
    broker_connection_retry_on_startup=True,
    task_default_queue=os.environ["TEST_QUEUE"],
    task_ignore_result=True,
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
)
app.autodiscover_tasks(["freeze_alerts"])
be_patient()


@app.task(name="shop.pay", bind=True, max_retries=2)
def pay_in_time(self: Task) -> None:
    try:
        pay(1)
    except Broken as error:
        raise self.retry(exc=error, countdown=0) from error


@app.task(name="shop.expected", throws=(Broken,))
def expected() -> None:
    pay(2)


@app.task(name="shop.logged")
def logged() -> None:
    logger.error("order %s is lost", 7)


@app.task(name="shop.last")
def last() -> None:
    logger.error("the last word")
    raise Broken("the last task")

"""Celery's doors, one line each. All may run twice or at once without harm."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_process_shutdown

from freeze_alerts.outbox import doorbell

PATIENCE_SECONDS = 20.0


@shared_task(ignore_result=True, name="freeze_alerts.tasks.deliver_messages")
def deliver_messages() -> None:
    """Send what waits in the outbox: the sweep that guarantees delivery."""
    from freeze_alerts.delivery import deliver_patiently  # drags requests in; only workers need it

    deliver_patiently(PATIENCE_SECONDS)


@shared_task(ignore_result=True, name="freeze_alerts.tasks.check_disk")
def check_disk() -> None:
    """Read and judge the disks of the host this worker runs on."""
    from freeze_alerts.sources.disk.check import check_disks  # drags psutil in; only workers need it

    check_disks()


@shared_task(ignore_result=True, name="freeze_alerts.tasks.check_payments")
def check_payments() -> None:
    """Look whether payments fail and orders are stuck."""
    from freeze_alerts.sources.orders.check import check_orders

    check_orders()


@worker_process_shutdown.connect
def finish_sending(**_: object) -> None:
    """A pool child runs no atexit hooks: without this its last message would wait for its lease to run out."""
    doorbell.close()

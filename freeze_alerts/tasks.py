"""Celery's doors, one line each. All may run twice or at once without harm: a duty is claimed."""

from __future__ import annotations

from celery import shared_task
from celery.signals import beat_init, before_task_publish, task_failure, worker_process_shutdown

from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.errors import attach, intake
from freeze_alerts.watch import heartbeats, traces, turns

PATIENCE_SECONDS = 20.0


@shared_task(ignore_result=True, name="freeze_alerts.tasks.deliver_messages")
def deliver_messages() -> None:
    """Send what waits in the outbox: the sweep that guarantees delivery."""
    from freeze_alerts.delivery import deliver_patiently  # drags requests in; only workers need it

    deliver_patiently(PATIENCE_SECONDS)
    heartbeats.beat(heartbeats.SWEEP, "by Celery")


@shared_task(ignore_result=True, name=traces.CANARY_TASK)
def canary() -> None:
    """Prove the way from Beat through broker and worker into the database."""
    traces.canary_arrived()


@shared_task(ignore_result=True, name="freeze_alerts.tasks.look_after_parts")
def look_after_parts() -> None:
    """Look whether every part of the chain is alive, if it is time."""
    turns.take_by_beat("look_after_parts")


@shared_task(ignore_result=True, name="freeze_alerts.tasks.check_disk")
def check_disk() -> None:
    """Read and judge the disks of the host this worker runs on, if they are due."""
    turns.take_by_beat("check_disk")


@shared_task(ignore_result=True, name="freeze_alerts.tasks.check_payments")
def check_payments() -> None:
    """Look whether payments fail and orders are stuck, if it is time."""
    turns.take_by_beat("check_payments")


@shared_task(ignore_result=True, name="freeze_alerts.tasks.check_backups")
def check_backups() -> None:
    """Look whether each database has a backup that is young enough, if it is time."""
    turns.take_by_beat("check_backups")


@shared_task(ignore_result=True, name="freeze_alerts.tasks.daily_backup_summary")
def daily_backup_summary() -> None:
    """Tell the day's backups, once a day from seven in the morning on."""
    turns.take_by_beat("daily_backup_summary")


@shared_task(ignore_result=True, name="freeze_alerts.tasks.prune")
def prune() -> None:
    """Take away what is older than its room keeps it, once a day from four in the morning on."""
    turns.take_by_beat("prune")


@beat_init.connect
def note_beats_begin(**_: object) -> None:
    """Beat is alive, whether or not its broker is."""
    traces.beat_began()


@before_task_publish.connect
def note_beats_work(sender: object = None, **_: object) -> None:
    """Beat is at work."""
    traces.published(sender)


@shared_task(ignore_result=True, name="freeze_alerts.tasks.judge_error_rates")
def judge_error_rates() -> None:
    """Judge how many errors there were within the last hour: a spike ends without another error."""
    turns.take_by_beat("judge_error_rates")


@worker_process_shutdown.connect
def finish_sending(**_: object) -> None:
    """A pool child runs no atexit hooks: without this its last message would wait for its lease to run out."""
    intake.close()
    doorbell.close()


task_failure.connect(attach.on_task_failure, dispatch_uid="freeze_alerts.on_task_failure")

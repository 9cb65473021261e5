"""Celery's doors, one line each. All may run twice or at once without harm: a duty is claimed."""

from __future__ import annotations

import sys

from celery import Task, shared_task
from celery.signals import beat_init, before_task_publish, task_failure, worker_process_shutdown

from freeze_alerts.outbox import doorbell
from freeze_alerts.sources.errors import attach, intake
from freeze_alerts.watch import heartbeats, traces, turns

PATIENCE_SECONDS = 20.0
BACKUP_SECONDS = 6 * 3600
"""Longer than any dump we know of; a project's own limit for every task is mostly ten minutes."""
GRACE_SECONDS = 300
RETRY_SECONDS = 180
"""Shorter than any visibility timeout: Redis would hand the retry out twice."""


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


@shared_task(ignore_result=True, name="freeze_alerts.tasks.ping_outside")
def ping_outside() -> None:
    """Tell somebody outside that all is well, if it is time."""
    turns.take_by_beat("ping_outside")


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


@shared_task(
    bind=True, ignore_result=True, name="freeze_alerts.tasks.backup_database", acks_late=True,
    soft_time_limit=BACKUP_SECONDS, time_limit=BACKUP_SECONDS + GRACE_SECONDS,
)  # fmt: skip
def backup_database(self: Task[..., None], databases: list[str] | None = None) -> None:
    """Make a backup of each database that is due, or of those named, due or not. One that failed is tried once more.

    It needs no claim, and delivered twice it makes no second one: while it runs, the lock is taken; afterwards, none
    is due.
    """
    from freeze_alerts.sources.backups import keeping  # drags the engines in; only workers need it

    failed = keeping.make_all(keeping.due() if databases is None else databases, task_id=self.request.id or "")
    again = [each.database for each in failed if each.passing]
    if again and not self.request.retries:
        raise self.retry(kwargs={"databases": again}, args=(), countdown=RETRY_SECONDS, max_retries=1)


@shared_task(ignore_result=True, name="freeze_alerts.tasks.cleanup_backups", time_limit=3600)
def cleanup_backups() -> None:
    """Delete what retention lets go, once a day; each backup that is made does so too."""
    turns.take_by_beat("cleanup_backups")


@shared_task(
    ignore_result=True, name="freeze_alerts.tasks.read_back_backup", soft_time_limit=BACKUP_SECONDS,
    time_limit=BACKUP_SECONDS + GRACE_SECONDS,
)  # fmt: skip
def read_back_backup() -> None:
    """Read the newest backups to their end and count their rows, once a day."""
    turns.take_by_beat("read_back_backup")


@shared_task(
    ignore_result=True, name="freeze_alerts.tasks.verify_backup", soft_time_limit=BACKUP_SECONDS,
    time_limit=BACKUP_SECONDS + GRACE_SECONDS,
)  # fmt: skip
def verify_backup() -> None:
    """Restore the newest backups into scratch databases, compare, and drop them, once a week."""
    turns.take_by_beat("verify_backup")


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


@shared_task(ignore_result=True, name="freeze_alerts.tasks.reconcile_sentry")
def reconcile_sentry() -> None:
    """Ask Sentry for what no webhook told, where Sentry is the judge."""
    turns.take_by_beat("reconcile_sentry")


@worker_process_shutdown.connect
def finish_sending(**_: object) -> None:
    """A pool child runs no atexit hooks: without this its last message would wait for its lease to run out."""
    intake.close()
    doorbell.close()
    if courier := sys.modules.get("freeze_alerts.outbox.courier"):  # drags requests in; here only after an outage
        courier.close()


task_failure.connect(attach.on_task_failure, dispatch_uid="freeze_alerts.on_task_failure")

"""What has to be done again and again, and how often: one row a duty.

To add one, write its row into ``DUTIES``, and its task of the same name into ``tasks.py``::

    Duty("check_backups", timedelta(minutes=5), "freeze_alerts.sources.backups.monitor.check"),

    @shared_task(ignore_result=True, name="freeze_alerts.tasks.check_backups")
    def check_backups() -> None:
        turns.take_by_beat("check_backups")

Beat's schedule has it then, and the watchdog does it too. Whoever comes first claims it; the others find that it is
not due. The callable is imported only when it is run, and is called without arguments. What it raises is logged and
counted, and it is tried again at the next tick: a duty that has told its failure itself returns. One that returns
False found nothing to do it on, and stays due.

Delivering is no duty: messages are claimed one by one, and any number of processes may deliver at once.
Plain Python, so that a settings module may import it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LONGEST_TICK = timedelta(minutes=5)
"""Beat forgets what it could not publish until the next time: so what is due once a day is asked for often."""


@dataclass(frozen=True)
class Duty:
    """``run`` is the dotted path of a callable without arguments."""

    name: str
    interval: timedelta
    run: str
    hour: int | None = None
    """For what is done once a day: not before this hour of the project's clock. ``interval`` is a day then."""
    limit: timedelta = timedelta(minutes=10)
    """The longest it may take: then another may begin, and a watchdog that is still at it ends itself."""
    per_host: bool = False
    """Done on each host, by whoever runs there, instead of once for all."""
    without_database: bool = False
    """Worth doing even while the database is away."""

    @property
    def tick(self) -> timedelta:
        """How often to ask whether it is due."""
        return min(self.interval, LONGEST_TICK)


DUTIES: tuple[Duty, ...] = (
    Duty(
        "look_after_parts", timedelta(minutes=1), "freeze_alerts.watch.look.look_after_parts",
        limit=timedelta(minutes=2),
    ),
    Duty(
        "check_disk", timedelta(minutes=5), "freeze_alerts.sources.disk.check.check_disks",
        per_host=True, without_database=True,
    ),
    Duty("check_payments", timedelta(minutes=5), "freeze_alerts.sources.orders.check.check_orders"),
    Duty("backup_database", timedelta(minutes=5), "freeze_alerts.sources.backups.keeping.begin_due"),
    Duty(
        "check_backups", timedelta(minutes=5), "freeze_alerts.sources.backups.patrol.patrol", without_database=True,
    ),
    Duty("cleanup_backups", timedelta(days=1), "freeze_alerts.sources.backups.keeping.clean_all", hour=5),
    Duty(
        "read_back_backup", timedelta(days=1), "freeze_alerts.sources.backups.keeping.read_back_all",
        hour=4, limit=timedelta(hours=6),
    ),
    Duty(
        "verify_backup", timedelta(days=7), "freeze_alerts.sources.backups.keeping.drill_all",
        limit=timedelta(hours=6),
    ),
    Duty("daily_backup_summary", timedelta(days=1), "freeze_alerts.sources.backups.summary.summarize", hour=7),
    Duty("judge_error_rates", timedelta(minutes=1), "freeze_alerts.sources.errors.watch.judge_rates"),
    Duty("reconcile_sentry", timedelta(minutes=15), "freeze_alerts.watch.sentry.ask_sentry"),
    Duty("prune", timedelta(days=1), "freeze_alerts.management.pruning.prune_all", hour=4),
    Duty("ping_outside", timedelta(minutes=1), "freeze_alerts.watch.ping.ping_outside", limit=timedelta(minutes=2)),
)  # fmt: skip


def duty(name: str) -> Duty:
    """The duty of this name. Raises LookupError when there is none."""
    for each in DUTIES:
        if each.name == name:
            return each
    raise LookupError(f"there is no duty {name!r}")

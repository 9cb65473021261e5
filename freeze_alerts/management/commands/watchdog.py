"""``manage.py watchdog``: the loop that needs neither Celery nor Redis."""

from __future__ import annotations

import sys
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError

from freeze_alerts.alerts import emergency
from freeze_alerts.alerts.outage import is_away
from freeze_alerts.delivery import deliver_patiently
from freeze_alerts.management.farewell import farewell, is_asked
from freeze_alerts.outbox import doorbell
from freeze_alerts.watch import heartbeats, last_words, turns
from freeze_alerts.watch.duties import DUTIES, Duty
from freeze_alerts.watch.guard import Guard
from freeze_alerts.watch.turns import Turn
from freeze_alerts.watch.watchdog import DELIVERY_LIMIT_SECONDS, Watchdog

EXIT_FINE, EXIT_FAILED = 0, 1
PATIENCE_SECONDS = 20.0


class Command(BaseCommand):
    help = "Does what is due, delivers messages, and looks whether all others are alive; without Celery and Redis."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what is due now, deliver, and end: for cron")
        parser.add_argument("--forget", metavar="PART", help="wait no longer for a part that was taken out of service")

    def handle(self, *, once: bool = False, forget: str | None = None, **_: Any) -> None:
        guard = Guard(last_words.end)
        try:
            if forget:
                self._forget(forget)
            elif once:
                guard.start()
                self._once(guard)
            else:
                guard.start()
                self._watch(guard)
        except (DatabaseError, InterfaceError) as error:
            raise CommandError(f"The database does not answer: {error}") from error

    def _watch(self, guard: Guard) -> None:
        with farewell() as asked:
            self.stdout.write(f"watching: {', '.join(each.name for each in DUTIES)}")
            self.stdout.flush()
            Watchdog(guard).run(partial(is_asked, asked))
        self.stdout.write("asked to end, and all is finished")

    def _once(self, guard: Guard) -> None:
        """Deliver first and last: the duties want to know that it works, and have news themselves.

        A database that is away is asked once: each further question may hang until it times out.
        """
        failed, trouble = [], None
        for duty in (None, *DUTIES, None):
            away = trouble is not None and is_away(trouble)
            try:
                if duty is not None:
                    failed += self._do(guard, duty, away=away)
                elif not away:
                    self._deliver(guard)
            except (DatabaseError, InterfaceError) as error:
                trouble = error
        if trouble is not None:
            emergency.tell_outage(trouble)
            raise trouble
        if failed:
            self.stderr.write(f"failed: {', '.join(failed)}")
            sys.exit(EXIT_FAILED)

    def _do(self, guard: Guard, duty: Duty, *, away: bool) -> list[str]:
        """The duty's name if it failed."""
        with guard.watching(duty.name, duty.limit.total_seconds()), doorbell.held():
            turn = turns.take(duty, away=away)
        if turn is not Turn.NOT_DUE and self.stdout.isatty():
            self.stdout.write(f"{duty.name}: {turn.value}")
        return [duty.name] if turn is Turn.FAILED else []

    def _deliver(self, guard: Guard) -> None:
        with guard.watching("delivering", DELIVERY_LIMIT_SECONDS):
            deliver_patiently(PATIENCE_SECONDS)
            heartbeats.beat(heartbeats.SWEEP, "by watchdog --once")

    def _forget(self, part: str) -> None:
        if not heartbeats.forget(part):
            raise CommandError(f"Nobody waits for {part!r}: see Heartbeats in the admin for the names.")
        self.stdout.write(f"{part} is waited for no longer, until it gives another sign")

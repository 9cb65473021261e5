"""What an action is: a value, so that the command itself is a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from freeze_alerts import conf

EXIT_FINE, EXIT_FAILED = 0, 1

Options = dict[str, Any]


@dataclass(frozen=True)
class Action:
    """``destination`` is the option that asks for it, empty for what is done unasked.

    ``run`` prints to the command's streams and returns the exit code. ``own``: options that mean nothing without it.
    """

    destination: str
    examples: str
    add_arguments: Callable[[CommandParser], None]
    run: Callable[[BaseCommand, Options], int]
    own: tuple[str, ...] = ()

    def is_meant(self, options: Options) -> bool:
        return not self.destination or options.get(self.destination) not in (None, False)


def deliver() -> None:
    """Send what waits: from cron, without Celery, the command is also who delivers."""
    from freeze_alerts.delivery import sweep  # late: what it takes of memory is free again when a dump is done

    sweep()


def databases(options: Options) -> tuple[str, ...]:
    """Those that were named, else those of the settings."""
    named = options.get("databases")
    return tuple(named) if named else conf.current().backups.databases

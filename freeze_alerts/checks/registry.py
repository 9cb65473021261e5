"""What makes a system check of a function that finds something wrong."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from django.core import checks
from django.db import router

from freeze_alerts.discord.webhook import redact
from freeze_alerts.outbox.models import WebhookState

TAG = "freeze_alerts"

Find = Callable[[], Iterable[str]]


@dataclass(frozen=True)
class Check:
    """One way to be misconfigured: ``find`` gives a sentence for each place where it is so."""

    id: str
    hint: str
    deploy_only: bool
    asks_database: bool
    find: Find

    def run(self) -> list[checks.CheckMessage]:
        """The warnings of this check, a webhook's token in none of them.

        Never raises: that would stop every management command.
        """
        try:
            found = list(self.find())
        except Exception as error:  # noqa: BLE001 - the door to settings, which may hold anything at all
            found = [f"This could not be checked: {type(error).__name__}."]
        return [checks.Warning(redact(sentence), hint=self.hint, id=self.id) for sentence in found]


CHECKS: list[Check] = []


def warns(number: int, *, hint: str, deploy_only: bool = False, asks_database: bool = False) -> Callable[[Find], Find]:
    """Register a function as the check ``freeze_alerts.W<number>``.

    ``deploy_only`` is for what is wrong in production alone: ``manage.py check --deploy`` shows it. ``asks_database``
    is for what only our database can say: ``manage.py check --database default`` and ``migrate`` show it.
    """

    def register(find: Find) -> Find:
        check = Check(f"{TAG}.W{number:03}", hint, deploy_only, asks_database, find)
        CHECKS.append(check)
        tags = [TAG, checks.Tags.database] if asks_database else [TAG]
        checks.register(_runner(check), *tags, deploy=deploy_only)
        return find

    return register


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """How a sentence about an unknown word ends: ``: did you mean "errors"?``, or a full stop where none is close."""
    meant = difflib.get_close_matches(word, list(known), n=1)
    return f': did you mean "{meant[0]}"?' if meant else "."


def _runner(check: Check) -> Callable[..., list[checks.CheckMessage]]:
    def run(databases: Collection[str] | None = None, **_: object) -> list[checks.CheckMessage]:
        if check.asks_database and router.db_for_write(WebhookState) not in (databases or ()):
            return []
        return check.run()

    run.__name__ = check.find.__name__
    return run

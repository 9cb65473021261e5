"""Which errors are about a payment: what is tagged so, and what settings say.

Asked in the thread that met the error, so it costs microseconds, asks no database, and never raises.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.urls import ResolverMatch, get_script_prefix, resolve

from freeze_alerts import conf
from freeze_alerts.sources.errors.settled import once_per_settings

if TYPE_CHECKING:
    from freeze_alerts.sources.errors.record import Record

DOMAIN_TAG, PAYMENT_DOMAIN = "domain", "payment"


@dataclass(frozen=True)
class Rules:
    """``FREEZE_ALERTS["PAYMENTS"]``, made ready to be asked of each error."""

    id_tag: str
    wanted_tags: frozenset[str]
    url_prefixes: tuple[str, ...]
    views: frozenset[str]
    tasks: frozenset[str]
    modules: tuple[str, ...]
    exceptions: frozenset[str]


@once_per_settings
def rules() -> Rules:
    """The rules of the settings as they are now."""
    payments = conf.current().payments
    return Rules(
        id_tag=payments.id_tag,
        wanted_tags=frozenset({DOMAIN_TAG, payments.id_tag}),
        url_prefixes=tuple(each for each in payments.url_prefixes if each),
        views=frozenset(payments.views),
        tasks=frozenset(payments.tasks),
        modules=tuple(f"{each.rstrip('.')}." for each in payments.modules if each),
        exceptions=frozenset(payments.exceptions),
    )


def wanted_tags() -> frozenset[str]:
    """The tags that a record takes along."""
    return rules().wanted_tags


def is_payment(record: Record) -> bool:
    """Whether this error is about a payment."""
    if record.tags.get(DOMAIN_TAG) == PAYMENT_DOMAIN:
        return True
    try:
        return matches(record, rules())
    except Exception:  # noqa: BLE001 - a door: this stands in somebody's request
        return False


def payment_id(record: Record) -> str:
    """What tells this payment from others; empty where nothing does."""
    return record.tags.get(rules().id_tag, "")


def matches(record: Record, said: Rules) -> bool:
    """Whether settings make it a payment error, whatever its tags say."""
    return (
        (bool(record.path) and record.path.startswith(said.url_prefixes))
        or (bool(said.modules) and any(_is_below(module, said.modules) for module in _modules(record)))
        or (bool(said.exceptions) and any(_is_exception(name, said.exceptions) for name in record.types))
        or (bool(said.tasks) and _is_task(record, said.tasks))
        or (bool(said.views) and _is_view(record, said.views))
    )


def _modules(record: Record) -> set[str]:
    """Every module on the way to the error; a logger is by custom called after its own."""
    raised_in = [name.rpartition(".")[0] for name in record.types]
    return {*[frame.module for frame in record.frames], *raised_in, record.logger}


def _is_below(module: str, prefixes: tuple[str, ...]) -> bool:
    return f"{module}.".startswith(prefixes) if module else False


def _is_exception(name: str, exceptions: frozenset[str]) -> bool:
    """Whether the class is one of them, by its whole or its short name, or is made from one."""
    if name in exceptions or name.rpartition(".")[2] in exceptions:
        return True
    raised = _class(name)
    return raised is not None and any(f"{base.__module__}.{base.__name__}" in exceptions for base in raised.__mro__)


def _class(name: str) -> type[Any] | None:
    """The class of this name, where its module knows it; nothing is imported."""
    module, _, short = name.rpartition(".")
    found = getattr(sys.modules.get(module or "builtins"), short, None)
    return found if isinstance(found, type) else None


def _is_task(record: Record, tasks: frozenset[str]) -> bool:
    """Whether it happened in one of these tasks, or ended one from outside: then only the message names it."""
    if record.source == "task" and record.transaction in tasks:
        return True
    return record.logger.startswith("celery.") and any(f"{name}[" in record.message for name in tasks)


def _is_view(record: Record, views: frozenset[str]) -> bool:
    """Whether the request was for one of these views, by the name of its URL or its dotted path."""
    if record.transaction in views:
        return True
    prefix = get_script_prefix()
    if not record.path.startswith(prefix):
        return False
    return not views.isdisjoint(_names(resolve("/" + record.path[len(prefix) :])))


def _names(match: ResolverMatch) -> list[str]:
    view = getattr(match.func, "view_class", match.func)
    return [match.view_name, f"{view.__module__}.{getattr(view, '__qualname__', '')}"]

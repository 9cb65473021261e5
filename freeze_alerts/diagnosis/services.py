"""Which services answer: what ``docker compose ps`` would tell, asked from inside."""

from __future__ import annotations

from collections.abc import Callable

from django.core.cache import caches
from django.db import connections

from freeze_alerts.diagnosis.budget import Step, run_steps
from freeze_alerts.discord.message import Outcome
from freeze_alerts.outbox import doorbell

EACH_SECONDS = 3.0
_LIMIT_SECONDS = 4.0


def step() -> Step:
    """All of them at once, a line each."""
    return Step("Services", _services, _LIMIT_SECONDS)


def _services() -> str:
    asked = [Step(name, ask, EACH_SECONDS) for name, ask in _questions()]
    lines = []
    for found in run_steps(asked, EACH_SECONDS):
        said = found.text if found.outcome is Outcome.OK else f"does not answer: {found.text}"
        lines.append(f"{found.step}: {said}")
    return "\n".join(lines)


def _questions() -> list[tuple[str, Callable[[], str]]]:
    databases = [(f"database {alias}", lambda alias=alias: _database(alias)) for alias in connections]
    more: list[tuple[str, Callable[[], str]]] = [("cache", _cache)]
    if doorbell.celery_app() is not None:
        more.append(("broker", _broker))
    return [*databases, *more]


def _database(alias: str) -> str:
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT 1")
    return "up"


def _cache() -> str:
    caches["default"].get("freeze_alerts:is-it-there")
    return "up"


def _broker() -> str:
    """Celery's broker, in a step that is left behind where it accepts and is silent."""
    app = doorbell.celery_app()
    with app.connection_for_write(connect_timeout=1) as connection:
        connection.ensure_connection(max_retries=0, timeout=EACH_SECONDS)
    return "up"

"""Does the past cost anything? The same work on PostgreSQL, with 1,000 and with 1,000,000 ended alerts in the table.

Two databases in one process, batch against batch in turns; each ratio is the median over the pairs of batches.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import stage
from stage import Figure

RATIO_AT_MOST = 1.3
OLD_KEY = "an:old:acquaintance"
_OLD_KEYS_SHARE = 1000

_MOMENTS = """
SELECT n, now() - interval '3 hours' - (%(rows)s + 1 - n) * interval '1 year' / %(rows)s AS at
FROM generate_series(2, %(rows)s + 1) AS n
"""
_OLD_ALERT = {
    "id": "n",
    "type": "(ARRAY['errors.new_issue', 'disk.space', 'payments.error', 'backups.failed'])[1 + n %% 4]",
    "key": f"CASE WHEN n %% {_OLD_KEYS_SHARE} = 1 THEN '{OLD_KEY}' ELSE 'old:' || n END",
    "acknowledged_at": "CASE WHEN n %% 2 = 1 THEN at END",
}
_OLD_MESSAGE = {
    "id": "n",
    "alert_id": "n",
    "intent": "'alert:' || n || ':opened:1'",
    "discord_message_id": "(100000000000000000 + n)::text",
}


_BEGAN = {"Alert": "opened_at", "Message": "created_at"}


@dataclass
class Measured:
    """Seconds a call of one kind of work: the medians of its batches, and of what of it was spent in queries."""

    whole: list[float] = field(default_factory=list)
    in_queries: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """``do`` is timed, ``before`` is not; both are told which turn it is and which call of the batch."""

    name: str
    do: Callable[[int, int], object]
    before: Callable[[int, int], None] = lambda _turn, _call: None


class Clock:
    """An execute wrapper that adds up the time spent in queries, and keeps the slowest."""

    spent = slowest_took = 0.0
    slowest: tuple[str, Any] = ("", ())

    def __call__(self, execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            took = time.perf_counter() - began
            self.spent += took
            if took > self.slowest_took:
                self.slowest_took, self.slowest = took, (sql, parameters)


def works() -> list[Work]:
    from freeze_alerts.alerts import open_alert
    from freeze_alerts.catalog import AlertType
    from freeze_alerts.delivery import deliver_once

    def new(turn: int, call: int) -> object:
        return open_alert(AlertType.NEW_ISSUE, key=f"new:{turn}:{call}", title="Boom", text="It broke")

    def of_old_key(turn: int, call: int) -> object:
        return open_alert(AlertType.DISK_SPACE, key=OLD_KEY, title="Full again", value=83)

    def a_pass(turn: int, call: int) -> object:
        return deliver_once()

    def tidy(turn: int, call: int) -> None:
        forget_since_start()

    def pending(turn: int, call: int) -> None:
        tidy(turn, call)
        new(turn, call)

    return [
        Work("open_alert, new", new),
        Work("open_alert, a repeat", new),
        Work("open_alert, new, of an often seen key", of_old_key, tidy),
        Work("a pass with nothing to do", a_pass, tidy),
        Work("a pass that sends a message", a_pass, pending),
    ]


def fill(alias: str, rows: int) -> None:
    """One alert that was told and has ended; copies of both rows, spread over the last year, take their place."""
    from django.db import connections

    from benchmarks.pair import Router
    from freeze_alerts.alerts import open_alert, resolve_alert
    from freeze_alerts.alerts.models import Alert
    from freeze_alerts.catalog import AlertType
    from freeze_alerts.delivery import deliver_once
    from freeze_alerts.outbox.models import Message

    Router.alias = alias
    stage.migrate(alias)
    open_alert(AlertType.DISK_SPACE, key=OLD_KEY, title="Old trouble", text="It broke. " * 12, fields=[("Users", 3)])
    deliver_once()
    resolve_alert(AlertType.DISK_SPACE, key=OLD_KEY, by="anna")
    deliver_once()
    with connections[alias].cursor() as cursor:
        for model, changes in ((Alert, _OLD_ALERT), (Message, _OLD_MESSAGE)):
            cursor.execute(copies(model, changes), {"rows": rows})
            cursor.execute(f"SELECT setval('{model._meta.db_table}_id_seq', {rows} + 1)")
        Message.objects.filter(pk=1).delete()
        Alert.objects.filter(pk=1).delete()
        for model in (Alert, Message):
            cursor.execute(f"VACUUM (ANALYZE) {model._meta.db_table}")


def copies(model: Any, changes: dict[str, str]) -> str:
    """The INSERT of copies of row 1: every moment in it is moved, and the columns in ``changes`` are their own."""
    columns = [(each.column, each.get_internal_type() == "DateTimeField") for each in model._meta.concrete_fields]
    values = [
        changes.get(name, f"at + (first.{name} - first.{_BEGAN[model.__name__]})" if moment else f"first.{name}")
        for name, moment in columns
    ]
    names, table = ", ".join(name for name, _ in columns), model._meta.db_table
    selected = f"SELECT {', '.join(values)} FROM ({_MOMENTS}) AS past, {table} AS first WHERE first.id = 1"  # noqa: S608
    return f"INSERT INTO {table} ({names}) {selected}"


def forget_since_start() -> None:
    """Take away what the measuring has added, so that the small table stays small."""
    from django.db import connections

    from benchmarks.pair import Router

    with connections[Router.alias].cursor() as cursor:
        for table in ("freeze_alerts_message", "freeze_alerts_alert"):
            cursor.execute(f"DELETE FROM {table} WHERE id > %s", [_last_old[Router.alias]])  # noqa: S608


_last_old: dict[str, int] = {}


def run_batch(work: Work, turn: int, calls: int, measured: Measured) -> Clock:
    """One batch on the database that the router points to."""
    from django.db import connections

    from benchmarks.pair import Router

    whole, queries, clock = [], [], Clock()
    for call in range(calls):
        work.before(turn, call)
        clock.spent = 0.0
        with connections[Router.alias].execute_wrapper(clock):
            began = time.perf_counter()
            work.do(turn, call)
            whole.append(time.perf_counter() - began)
        queries.append(clock.spent)
    measured.whole.append(median(whole))
    measured.in_queries.append(median(queries))
    return clock


def measure(rounds: int, calls: int) -> dict[str, dict[str, Measured]]:
    from benchmarks.pair import LARGE, SMALL, Router

    todo = works()
    found = {work.name: {SMALL: Measured(), LARGE: Measured()} for work in todo}
    for turn in range(-1, rounds):
        for alias in (SMALL, LARGE) if turn % 2 else (LARGE, SMALL):
            Router.alias = alias
            for work in todo:
                warming_up = Measured()
                run_batch(work, turn, calls, found[work.name][alias] if turn >= 0 else warming_up)
            forget_since_start()
    return found


def ratio(small: list[float], large: list[float]) -> float:
    return median(b / a for a, b in zip(small, large, strict=True))


def figures(found: dict[str, dict[str, Measured]]) -> list[Figure]:
    lines = []
    for name, sides in found.items():
        small, large = sides.values()
        whole, queries = ratio(small.whole, large.whole), ratio(small.in_queries, large.in_queries)
        shown = f"{median(small.whole) * 1000:6.2f} → {median(large.whole) * 1000:6.2f} ms"
        holds = max(whole, queries) <= RATIO_AT_MOST
        lines.append(
            Figure(name, f"{shown}   ×{whole:.2f}  (its queries ×{queries:.2f})", f"≤ ×{RATIO_AT_MOST}", holds)
        )
    return lines


def explain(lines: list[Figure]) -> None:
    """For what grew: the plan of its slowest query in the large table."""
    from django.db import connections

    from benchmarks.pair import LARGE, Router

    Router.alias = LARGE
    for work in works():
        if next(line for line in lines if line.name == work.name).holds:
            continue
        told = run_batch(work, -2, 1, Measured()).slowest
        with connections[LARGE].cursor() as cursor:
            cursor.execute(f"EXPLAIN {told[0]}", told[1])
            print(f"\n{work.name}: its slowest query is\n  {told[0]}\n  {told[1]}")
            print("\n".join(f"    {row[0]}" for row in cursor.fetchall()))
        forget_since_start()


def run(options: argparse.Namespace) -> bool:
    from benchmarks.pair import LARGE, SMALL

    stage.set_up()
    for alias, rows in ((SMALL, options.few), (LARGE, options.many)):
        fill(alias, rows)
        _last_old[alias] = rows + 1
    lines = figures(measure(options.rounds, options.calls))
    title = f"Old alerts on PostgreSQL: {options.few:,} → {options.many:,} ended ones, as many messages"
    held = stage.show(title, lines)
    explain(lines)
    return held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100,000 alerts, fewer rounds")
    parser.add_argument("--few", type=int, default=1_000)
    parser.add_argument("--many", type=int)
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--calls", type=int, default=10, help="a batch (default: %(default)s)")
    options = parser.parse_args()
    options.many = options.many or (100_000 if options.quick else 1_000_000)
    options.rounds = options.rounds or (15 if options.quick else 60)
    if not stage.usable(["postgresql"]):
        return 0
    name = f"freeze_alerts_bench_{os.getpid()}"
    with stage.stand_in() as (api_url, webhook), stage.databases("postgresql", name, f"{name}_large"):
        stage.configure("postgresql", name, pair=True)
        stage.tell_settings(
            WEBHOOKS={"errors": webhook},
            DISCORD_API_URL=api_url,
            DELIVERY={"DOORBELL": "none", "MESSAGES_PER_MINUTE": 0},
        )
        return 0 if run(options) else 1


if __name__ == "__main__":
    sys.exit(main())

"""What does an error cost: the thread that met it, a request without one, a storm, and a database with a past?

Four parts, each in processes of its own: ``cost`` (a capture with us and without, one after the other), ``request`` (a
page with our doors open and shut), ``storm`` (10,000 errors from 4 processes beside a site that answers), and ``past``
(one error booked with 1,000 issues in the tables, and with 1,000,000 and a month of minutes).
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import stage
from stage import Figure

ADDED_MOST, CAPTURE_RATIO, REQUEST_RATIO, PAST_RATIO = 100, 1.05, 1.01, 1.3
PROCESSES, DEEP = 4, 15
MEMORY_MOST = 64
MONTH_MINUTES = 31 * 24 * 60


def _fail(depth: int) -> None:
    if depth:
        _fail(depth - 1)
    raise ValueError("no such order")


def _met() -> ValueError:
    try:
        _fail(DEEP)
    except ValueError as error:
        return error
    raise AssertionError


def cost(pairs: int) -> bool:
    """Pairs of captures by one client of the host's: with us and without, in the time of the thread that captures."""
    stage.set_up()
    import sentry_sdk
    from sentry_sdk.scope import global_event_processors
    from sentry_sdk.transport import Transport

    from freeze_alerts.sources.errors import capture

    class Nowhere(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            pass

    stage.migrate()
    sentry_sdk.init(dsn=None, transport=Nowhere())
    client, alone = sentry_sdk.get_client(), Nowhere()
    ours = Nowhere()
    capture._listen(ours)

    def capture_one(with_us: bool) -> float:
        client.transport = ours if with_us else alone
        if with_us:
            global_event_processors.append(capture._attach)
        error = _met()
        began = time.thread_time()
        sentry_sdk.capture_exception(error)
        took = time.thread_time() - began
        if with_us:
            global_event_processors.remove(capture._attach)
        return took

    while capture._attach in global_event_processors:
        global_event_processors.remove(capture._attach)
    with_us, without = _pairs(capture_one, pairs)
    added = median(a - b for a, b in zip(with_us, without, strict=True)) * 1e6
    ratio = median(with_us) / median(without)
    return stage.show(
        f"A captured error, {DEEP} calls deep, {pairs} pairs",
        [
            Figure("sentry-sdk alone", f"{median(without) * 1000:.2f} ms"),
            Figure("what we add, median", f"{added:.0f} µs", f"≤ {ADDED_MOST} µs", added <= ADDED_MOST),
            Figure("with us / without", f"×{ratio:.3f}", f"≤ ×{CAPTURE_RATIO}", ratio <= CAPTURE_RATIO),
        ],
    )


def request(pairs: int) -> bool:
    """Pairs of pages without an error: the doors of the capture open, and shut."""
    stage.set_up()
    import logging
    import threading

    from django.core.signals import got_request_exception
    from django.test import Client

    from freeze_alerts.sources.errors import attach

    stage.migrate()
    client = Client()
    factory, hooks = logging.getLogRecordFactory(), (sys.excepthook, threading.excepthook)

    def visit(with_us: bool) -> float:
        if with_us:
            got_request_exception.connect(attach.on_request_exception, dispatch_uid="bench")
            logging.setLogRecordFactory(factory)
            sys.excepthook, threading.excepthook = hooks
        else:
            got_request_exception.disconnect(dispatch_uid="bench")
            got_request_exception.disconnect(dispatch_uid="freeze_alerts.on_request_exception")
            logging.setLogRecordFactory(logging.LogRecord)
            sys.excepthook, threading.excepthook = sys.__excepthook__, threading.__excepthook__
        began = time.thread_time()
        client.get("/")
        return time.thread_time() - began

    for _ in range(20):
        visit(True)
    with_us, without = _pairs(visit, pairs)
    ratio = median(with_us) / median(without)
    return stage.show(
        f"A request without an error, {pairs} pairs",
        [
            Figure("a page", f"{median(without) * 1000:.2f} ms"),
            Figure("doors open / shut", f"×{ratio:.3f}", f"≤ ×{REQUEST_RATIO}", ratio <= REQUEST_RATIO),
        ],
    )


def _pairs(act: Callable[[bool], float], pairs: int) -> tuple[list[float], list[float]]:
    """The times with us and without; the order within a pair is tossed for, since the collector favours one place."""
    toss, found = random.Random(7), {True: [], False: []}  # type: ignore[var-annotated]
    for _ in range(pairs):
        first = toss.random() < 0.5
        for with_us in (first, not first):
            found[with_us].append(act(with_us))
    return found[True], found[False]


def meet(errors: int) -> None:
    """One process of the shop: meets its errors when told to go, and tells what it cost."""
    stage.set_up()
    import sentry_sdk
    from django.db import connection, transaction

    from freeze_alerts.sources.errors import client, intake

    enter, begun = transaction.Atomic.__enter__, [0]

    def counting(atomic: transaction.Atomic) -> None:
        begun[0] += not transaction.get_connection(atomic.using).in_atomic_block
        enter(atomic)

    transaction.Atomic.__enter__ = counting  # type: ignore[method-assign]
    client.ensure()
    sentry_sdk.capture_exception(_met())
    assert intake.flush(120)
    memory, begun[0] = _memory_megabytes(), 0
    print("ready", flush=True)
    sys.stdin.readline()
    began = time.monotonic()
    for number in range(errors - 1):
        sentry_sdk.capture_exception(_met() if number % 10 else KeyError(f"kind {number % 200}"))
    met = time.monotonic() - began
    booked = intake.flush(120)
    seconds = time.monotonic() - began
    told = {"met": met, "seconds": seconds, "transactions": begun[0], "booked": booked}
    print(json.dumps(told | {"memory": _memory_megabytes() - memory}), flush=True)
    connection.close()


def _memory_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def visit(_: int) -> None:
    """The site beside the storm: pages that read and write, until it is let go."""
    import threading

    stage.set_up()
    from django.test import Client

    gone = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), gone.set()), daemon=True).start()
    client, took, failed = Client(raise_request_exception=False), [], 0
    print("ready", flush=True)
    while not gone.wait(0.02):
        began = time.perf_counter()
        failed += client.get("/").status_code != 200
        took.append(time.perf_counter() - began)
    took.sort()
    print(json.dumps({"pages": len(took), "failed": failed, "p99": took[int(len(took) * 0.99)]}), flush=True)


def storm(engine: str, errors: int) -> bool:
    name = f"freeze_alerts_bench_{os.getpid()}_{engine}"
    stage.configure(engine, name)
    stage.tell_settings(DELIVERY={"DOORBELL": "none"})
    with stage.databases(engine, name):
        stage.migrate_apart()
        site, shops = _started("visit", 0), [_started("meet", errors // PROCESSES) for _ in range(PROCESSES)]
        for shop in shops:
            _go(shop)
        told = [json.loads(_line(shop)) for shop in shops]
        _go(site)
        pages = json.loads(_line(site))
        for each in (*shops, site):
            each.wait()
        counted = _counted(errors // PROCESSES * PROCESSES)
    return stage.show(
        f"{errors:,} errors from {PROCESSES} processes, {engine}", [*_figures(told), *_site(pages), counted]
    )


def _figures(told: list[dict[str, Any]]) -> Iterator[Figure]:
    seconds = max(each["seconds"] for each in told)
    rate = max(each["transactions"] / max(each["seconds"], 1) for each in told)
    memory = max(each["memory"] for each in told)
    yield Figure("met within, booked within", f"{max(each['met'] for each in told):.1f} s, {seconds:.1f} s")
    yield Figure("write transactions a process and second", f"{rate:.2f}", "≤ 1 (and the last)", rate <= 1.2)
    yield Figure("memory a process grew by", f"{memory:.1f} MB", f"≤ {MEMORY_MOST} MB", memory <= MEMORY_MOST)


def _site(pages: dict[str, Any]) -> Iterator[Figure]:
    yield Figure("pages meanwhile, p99", f"{pages['pages']:,}, {pages['p99'] * 1000:.0f} ms")
    yield Figure("pages that failed", str(pages["failed"]), "none", pages["failed"] == 0)


def _counted(errors: int) -> Figure:
    code = (
        "import django; django.setup()\n"
        "from django.db.models import Sum\n"
        "from freeze_alerts.models import ErrorMinute, Issue, IssueMinute\n"
        "print([m.objects.aggregate(n=Sum(f))['n'] for m, f in "
        "((Issue, 'occurrences'), (IssueMinute, 'count'), (ErrorMinute, 'count'))])"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=stage.ROOT, capture_output=True, text=True, check=True)
    counts = json.loads(run.stdout.splitlines()[-1])
    return Figure("counted, by issue and by minute", f"{counts}", f"{errors:,} each", counts == [errors] * 3)


def past(rounds: int) -> bool:
    """Batches in turns on a small database and on a large one; a ratio is the median over the pairs of batches."""
    stage.set_up()
    from benchmarks.pair import LARGE, SMALL, Router
    from freeze_alerts.sources.errors import rates

    few, many = 1_000, 100_000 if rounds < 20 else 1_000_000
    for alias, issues, minutes in ((SMALL, few, 60), (LARGE, many, MONTH_MINUTES)):
        Router.alias = alias
        stage.migrate(alias)
        _fill(alias, issues, minutes)
    took: dict[str, dict[str, list[float]]] = {}
    for turn in range(-2, rounds):
        for alias in (SMALL, LARGE) if turn % 2 else (LARGE, SMALL):
            Router.alias = alias
            for name, seconds in _batch(turn).items():
                if turn >= 0:
                    took.setdefault(name, {SMALL: [], LARGE: []})[alias].append(seconds)
            rates._told.clear()
    lines = []
    for name, sides in took.items():
        ratio = median(b / a for a, b in zip(sides[SMALL], sides[LARGE], strict=True))
        shown = f"{median(sides[SMALL]) * 1000:.2f} → {median(sides[LARGE]) * 1000:.2f} ms   ×{ratio:.2f}"
        lines.append(Figure(name, shown, f"≤ ×{PAST_RATIO}", ratio <= PAST_RATIO))
    title = f"One error booked and judged, PostgreSQL: {few:,} → {many:,} issues, a month of minutes"
    return stage.show(title, lines)


def _batch(turn: int, calls: int = 5) -> dict[str, float]:
    """What a booking of one error costs: of an issue that is known, and of one that is new; the median of a batch."""
    from freeze_alerts.sources.errors import booking
    from freeze_alerts.sources.errors.record import Record
    from freeze_alerts.sources.errors.tally import Tally

    found: dict[str, list[float]] = {"of a known issue": [], "of a new issue": []}
    for call in range(calls):
        for name, fingerprint in (("of a known issue", "known"), ("of a new issue", f"new {turn} {call}")):
            tally = Tally()
            tally.add(Record(
                at=time.time(), level="error", type="ValueError", module="", types=("ValueError",), message="lost",
                logger="", template="", frames=(), transaction="/", source="route", method="GET", path="/",
                release="1.2", environment="production", server="web1", user="7", tags={}, fingerprint=(fingerprint,),
            ))  # fmt: skip
            began = time.perf_counter()
            booking.book(tally)
            found[name].append(time.perf_counter() - began)
    return {name: median(times) for name, times in found.items()}


def _fill(alias: str, issues: int, minutes: int) -> None:
    """Issues spread over a year, as many releases, users and counts of theirs, and the minutes of all."""
    from django.db import connections

    now = int(time.time()) // 60
    with connections[alias].cursor() as cursor:
        for statement in _FILL:
            cursor.execute(statement, {"issues": issues, "minutes": minutes, "now": now})
        for table in ("issue", "issueminute", "issueuser", "issuerelease", "errorminute"):
            cursor.execute(f"VACUUM (ANALYZE) freeze_alerts_{table}")


_FILL = (
    """INSERT INTO freeze_alerts_issue (fingerprint_version, fingerprint, title, culprit, level, payment, sample,
    environment, first_release, last_release, found_at, first_seen_at, last_seen_at, occurrences, users, status,
    resolved_by, resolve_mode, times_regressed) SELECT 1, md5(n::text) || md5(n::text), 'ValueError: ' || n,
    'shop.checkout.pay', 'error', false, '{}', 'production', '1', '1', at, at, at, 3, 1, 'open', '', '', 0
    FROM (SELECT n, now() - interval '2 hours' - n * interval '1 year' / %(issues)s AS at
    FROM generate_series(1, %(issues)s) AS n) AS past""",
    """INSERT INTO freeze_alerts_issueminute (issue_id, minute, count)
    SELECT id, %(now)s - 120 - id %% %(minutes)s, 3 FROM freeze_alerts_issue""",
    """INSERT INTO freeze_alerts_issueuser (issue_id, "user") SELECT id, md5(id::text) FROM freeze_alerts_issue""",
    """INSERT INTO freeze_alerts_issuerelease (issue_id, release, seen_at)
    SELECT id, '1.' || id %% 50, found_at FROM freeze_alerts_issue""",
    """INSERT INTO freeze_alerts_errorminute (series, minute, count)
    SELECT series, %(now)s - n, 2 FROM generate_series(120, 120 + %(minutes)s) AS n,
    unnest(ARRAY['errors', 'payments', 'unnamed']) AS series""",
)


def _started(part: str, number: int) -> subprocess.Popen[str]:
    process = stage.again(__file__, part, str(number))
    assert _line(process) == "ready"
    return process


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def run_here(part: str, number: int) -> int:
    """A part in this very process, on a database of its own."""
    if part in ("meet", "visit"):
        {"meet": meet, "visit": visit}[part](number)
        return 0
    if part == "storm":
        return 0 if storm("sqlite", number) else 1
    name = f"freeze_alerts_bench_{os.getpid()}"
    stage.tell_settings(DELIVERY={"DOORBELL": "none"})
    if part == "past":
        stage.configure("postgresql", name, pair=True)
        with stage.databases("postgresql", name, f"{name}_large"):
            return 0 if past(number) else 1
    stage.configure("sqlite", name)
    with stage.databases("sqlite", name):
        return 0 if {"cost": cost, "request": request}[part](number) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="?", help="only one part, in this process", metavar="PART")
    parser.add_argument("number", nargs="?", type=int, default=0, metavar="N")
    parser.add_argument("--quick", action="store_true", help="fewer pairs and errors")
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--errors", type=int)
    parser.add_argument("--rounds", type=int, help="of the past")
    parser.add_argument("--engine", action="append", choices=["sqlite", "postgresql"])
    options = parser.parse_args()
    if options.part:
        return run_here(options.part, options.number)
    pairs = options.pairs or (200 if options.quick else 1_000)
    errors = options.errors or (2_000 if options.quick else 10_000)
    codes = [stage.run_alone(__file__, part, str(pairs)) for part in ("cost", "request")]
    if stage.usable(["postgresql"]):
        codes.append(stage.run_alone(__file__, "past", str(options.rounds or (10 if options.quick else 40))))
    codes += [0 if storm(engine, errors) else 1 for engine in stage.usable(options.engine or ["sqlite", "postgresql"])]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())

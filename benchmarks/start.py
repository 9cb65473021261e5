"""What we add to Django's start, and to an ordinary request: as little as can be.

Whole processes in pairs, with us in INSTALLED_APPS and without, in turns. Celery and sentry-sdk are imported in both:
a host that uses us has them. Then the same requests through the test client, with and without us.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from statistics import median

import stage
from stage import Figure

ADDED_MS_AT_MOST = 60.0
_START = "import celery, sentry_sdk, django; django.setup()"
_COUNT = _START + "; import sys; print(len(sys.modules))"
REQUESTS = 5


def environment(*, with_us: bool) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(stage.ROOT), "FREEZE_ALERTS_BENCH_WITHOUT": "" if with_us else "yes"}


def start_ms(*, with_us: bool) -> tuple[float, float]:
    """Milliseconds by the clock, and of the processor's time, which a busy machine stretches less."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", _START], env=environment(with_us=with_us), check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return (time.perf_counter() - began) * 1000, busy * 1000


def modules(*, with_us: bool) -> int:
    command = [sys.executable, "-c", _COUNT]
    return int(subprocess.run(command, env=environment(with_us=with_us), check=True, capture_output=True).stdout)


Starts = list[tuple[float, float]]


def pairs(count: int) -> tuple[Starts, Starts]:
    """The starts with us and without; each goes first every second time."""
    taken: dict[bool, Starts] = {True: [], False: []}
    for number in range(count):
        for with_us in (number % 2 == 0, number % 2 == 1):
            taken[with_us].append(start_ms(with_us=with_us))
    return taken[True], taken[False]


def request_queries() -> list[str]:
    """The queries of ordinary requests, a login first, in this process."""
    stage.set_up()
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    stage.migrate()
    client = Client()
    client.force_login(User.objects.create_user("anna"))
    with CaptureQueriesContext(connection) as captured:
        for _ in range(REQUESTS):
            assert client.get("/").status_code == 200
    return [each["sql"].partition(" WHERE ")[0].partition(" SET ")[0] for each in captured]


def queries(*, with_us: bool) -> list[str]:
    name = f"freeze_alerts_bench_{os.getpid()}_{with_us}"
    own = environment(with_us=with_us) | {"FREEZE_ALERTS_TEST_NAME": name}
    with stage.databases("sqlite", name):
        command = [sys.executable, __file__, "--requests"]
        told = subprocess.run(command, env=own, check=True, capture_output=True, text=True)
    return [str(each) for each in json.loads(told.stdout)]


def start_figures(with_us: Starts, without: Starts) -> list[Figure]:
    ours, plain = median(clock for clock, _ in with_us), median(clock for clock, _ in without)
    added, busy = (
        median(one[column] - other[column] for one, other in zip(with_us, without, strict=True)) for column in (0, 1)
    )
    more = modules(with_us=True) - modules(with_us=False)
    return [
        Figure("start with us / without", f"{ours:.0f} / {plain:.0f} ms   ×{ours / plain:.2f}"),
        Figure("we add", f"{added:.0f} ms", f"< {ADDED_MS_AT_MOST:.0f} ms", added < ADDED_MS_AT_MOST),
        Figure("  of the processor's time", f"{busy:.0f} ms"),
        Figure("  in modules", str(more)),
    ]


def request_figures() -> list[Figure]:
    ours, plain = queries(with_us=True), queries(with_us=False)
    return [Figure(f"queries of {REQUESTS} requests with us / without", f"{len(ours)} / {len(plain)}", "the same",
                   ours == plain)]  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="8 pairs")
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--requests", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.requests:
        print(json.dumps(request_queries()))
        return 0
    stage.configure("sqlite", f"freeze_alerts_bench_{os.getpid()}")
    with_us, without = pairs(options.pairs or (8 if options.quick else 40))
    figures = [*start_figures(with_us, without), *request_figures()]
    return 0 if stage.show("Django's start, and an ordinary request", figures) else 1


if __name__ == "__main__":
    sys.exit(main())

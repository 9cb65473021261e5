"""When parts are ill: how long a request that raises an alert waits, how soon the message comes, how quick health/ is.

PostgreSQL and Redis are the benchmark's own, to be stopped and frozen; the worker and the shop are processes.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import psutil
import stage
from stage import Figure

NAME = "freeze_alerts_bench_broken"
WELL_MS, FROZEN_MS, HEALTH_MS, P50_MS, P99_MS = 20.0, 1200.0, 50.0, 150.0, 1000.0
urlpatterns: list[Any] = []


def shop() -> None:
    """The shop's part: told on a line how many requests of which kind, it says of each when it began and how long."""
    stage.set_up()
    from django.conf import settings
    from django.http import HttpRequest, HttpResponse
    from django.test import Client
    from django.urls import include, path

    import tests.celery_app  # noqa: F401 - the project's Celery app
    from freeze_alerts.alerts import open_alert

    def trouble(_request: HttpRequest, key: str) -> HttpResponse:
        began = time.perf_counter()
        open_alert("payments.error", key=key, title=f"Trouble {key}", text="It broke")
        return HttpResponse(f"{time.perf_counter() - began}")

    urlpatterns.extend([path("trouble/<key>", trouble), path("alerts/", include("freeze_alerts.urls"))])
    settings.ROOT_URLCONF, client = __name__, Client()
    for line in sys.stdin:
        kind, count, pause_seconds = line.split()
        for number in range(int(count)):
            at, began = datetime.now(UTC).isoformat(), time.perf_counter()
            answer = client.get("/alerts/health/" if kind == "health" else f"/trouble/{kind}-{number}")
            seconds = time.perf_counter() - began if kind == "health" else float(answer.content)
            print(at, seconds, flush=True)
            time.sleep(float(pause_seconds) * random.uniform(1, 1.3))  # an alert comes alone, at no round moment


class Shop:
    def __init__(self) -> None:
        self.process = stage.again(__file__, "--shop")

    def ask(self, kind: str, count: int, pause_seconds: float) -> tuple[list[datetime], list[float]]:
        """When each of so many requests began, and for how many milliseconds it waited for us."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{kind} {count} {pause_seconds}\n")
        self.process.stdin.flush()
        told = [self.process.stdout.readline().split() for _ in range(count)]
        return [datetime.fromisoformat(at) for at, _ in told], [float(seconds) * 1000 for _, seconds in told]


@contextmanager
def worker() -> Iterator[None]:
    command = [sys.executable, "-m", "celery", "-A", "tests.celery_app", "worker", "-c", "1", "-l", "INFO"]
    quiet = [*command, "--without-gossip", "--without-mingle"]
    process = subprocess.Popen(quiet, cwd=stage.ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert process.stderr is not None
        assert any("ready." in line for line in process.stderr), "the worker did not start"
        yield
    finally:
        for child in (*psutil.Process(process.pid).children(), process):
            child.kill()
        process.wait()


def frozen_too(server: Any) -> Iterator[psutil.Process]:
    """PostgreSQL's servers are sessions of their own: each must be frozen by itself."""
    yield from psutil.Process(server.process.pid).children(recursive=True)


def figures(discord: Any, database: Any, broker: Any, count: int) -> list[Figure]:
    site = Shop()
    found = []
    with worker():
        site.ask("warm", 2, 2.0)
        began, waited = site.ask("well", count, 1.1)
        discord.wait_for(lambda server: len(server.messages()) == count + 2, 60)
        received = [message.posted_at for message in discord.messages()[2:]]
        late = [(there - here).total_seconds() * 1000 for here, there in zip(began, received, strict=True)]
        p50, p99 = median(late), quantiles(late, n=100)[98]
        typical = median(waited)
        found += [
            Figure("a request waits, all is well: p50", f"{typical:.1f} ms", f"< {WELL_MS:.0f} ms", typical < WELL_MS),
            Figure("… the longest", f"{max(waited):.1f} ms"),
            Figure("alert → message by Celery and Redis: p50", f"{p50:.0f} ms", f"< {P50_MS:.0f} ms", p50 < P50_MS),
            Figure("… p99", f"{p99:.0f} ms", f"< {P99_MS:.0f} ms", p99 < P99_MS),
        ]
        broker.freeze()
        found += waits("Redis is frozen", site, "frozen", count)
        broker.thaw()
        broker.kill()
        found += waits("Redis is gone", site, "gone", count)
    discord.wait_for(lambda server: cards(server) == 3 * count + 2, 120)
    found += health("all else is well", site, count)
    for each in frozen_too(database):
        each.suspend()
    found += health("PostgreSQL is frozen too", site, count)
    for each in frozen_too(database):
        each.resume()
    database.stop()
    found += health("PostgreSQL is gone too", site, count)
    site.process.kill()
    return found


def cards(discord: Any) -> int:
    """Alerts that come close together share a message."""
    return sum(len(message.payload["embeds"]) for message in discord.messages())


def waits(when: str, site: Shop, kind: str, count: int) -> list[Figure]:
    return [_longest(f"a request waits, {when}", site.ask(kind, count, 0.3)[1], FROZEN_MS)]


def health(when: str, site: Shop, count: int) -> list[Figure]:
    return [_longest(f"health/, {when}", site.ask("health", count, 0.1)[1], HEALTH_MS)]


def _longest(what: str, took: list[float], limit: float) -> Figure:
    told = f"{median(took):.1f}, {max(took):.1f} ms"
    return Figure(f"{what}: p50, the longest", told, f"< {limit:.0f} ms", max(took) < limit)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10 requests of each kind")
    parser.add_argument("--requests", type=int)
    parser.add_argument("--shop", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.shop:
        shop()
        return 0
    from freeze_alerts.testing.discord import DiscordServer
    from tests.faults.servers import Postgresql, Redis, postgresql_programs

    programs = postgresql_programs()
    if programs is None or shutil.which("redis-server") is None:
        print("LEFT OUT: the programs of PostgreSQL and Redis are needed, to be stopped and frozen")
        return 0
    count = options.requests or (10 if options.quick else 60)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        database, broker = Postgresql(folder, programs), Redis()
        stack.callback(database.kill)
        stack.callback(broker.kill)
        database.prepare()
        database.start()
        broker.start()
        discord = stack.enter_context(DiscordServer())
        stage.configure("postgresql", NAME)
        database.query(f"CREATE DATABASE {NAME}")
        os.environ |= {**database.environment(NAME), "TEST_BROKER_URL": broker.url, "TEST_QUEUE": NAME}
        stage.tell_settings(
            WEBHOOKS={"payments": discord.webhook("payments")}, DISCORD_API_URL=discord.api_url,
            DELIVERY={"MESSAGES_PER_MINUTE": 0, "SPOOL": str(folder / "spool.jsonl")},
        )  # fmt: skip
        stage.migrate_apart()
        return (
            0
            if stage.show(f"Broken parts, {count} requests of each kind", figures(discord, database, broker, count))
            else 1
        )


if __name__ == "__main__":
    sys.exit(main())

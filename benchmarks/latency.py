"""From alert to Discord: from before ``open_alert`` to a message saved at the stand-in, on loopback, one at a time.

The doorbell's thread delivers, without a rate limit. The stand-in is a process of its own, as Discord is.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any

import stage
from stage import Figure

P50_MS_AT_MOST = 50.0
BETWEEN_ALERTS_SECONDS = 0.05
ENGINES = ("sqlite", "postgresql")


def tell(count: int) -> None:
    """The shop's part: one alert after another, each once the one before has been delivered. Prints when it began."""
    stage.set_up()
    from freeze_alerts import signals
    from freeze_alerts.alerts import open_alert
    from freeze_alerts.catalog import AlertType

    delivered = threading.Event()
    signals.message_delivered.connect(lambda **_: delivered.set(), weak=False)
    for number in range(count):
        delivered.clear()
        print(datetime.now(UTC).isoformat(), end=" ", flush=True)
        began = time.perf_counter()
        open_alert(AlertType.NEW_ISSUE, key=str(number), title=f"Trouble {number}", text="It broke")
        print(time.perf_counter() - began, flush=True)
        assert delivered.wait(30), "not delivered within 30 s"
        time.sleep(BETWEEN_ALERTS_SECONDS)  # alerts come alone: the pass before this one is over


def measure(count: int) -> tuple[list[float], list[float]]:
    """Milliseconds from each alert to its message, and those that ``open_alert`` alone took."""
    from freeze_alerts.testing.discord import DiscordServer

    with DiscordServer() as discord:
        stage.tell_settings(
            WEBHOOKS={"errors": discord.webhook("errors")},
            DISCORD_API_URL=discord.api_url,
            DELIVERY={"DOORBELL": "thread", "MESSAGES_PER_MINUTE": 0},
        )
        teller = stage.again(__file__, "--tell", str(count))
        told, _ = teller.communicate()
        assert teller.returncode == 0, "the shop's process failed"
        received = [each.posted_at for each in discord.messages("errors")]
    began, opened = zip(*(line.split() for line in told.splitlines()), strict=True)
    moments = [datetime.fromisoformat(each) for each in began]
    whole = [(there - here).total_seconds() * 1000 for here, there in zip(moments, received, strict=True)]
    return whole, [float(each) * 1000 for each in opened]


def figures(engine: str, whole: list[float], opened: list[float]) -> list[Figure]:
    warm = whole[1:]
    p50, p99 = median(warm), quantiles(warm, n=100)[98]
    return [
        Figure(f"{engine}: p50", f"{p50:.1f} ms", f"< {P50_MS_AT_MOST:.0f} ms", p50 < P50_MS_AT_MOST),
        Figure(f"{engine}: p99", f"{p99:.1f} ms"),
        Figure(f"{engine}: of which open_alert, p50", f"{median(opened[1:]):.1f} ms"),
        Figure(f"{engine}: the very first, all imports and connections in it", f"{whole[0]:.1f} ms"),
    ]


def watched_pass() -> float | None:
    """One pass of the doorbell's, with every query and the POST on a list."""
    from django.db import connection

    from freeze_alerts.delivery import deliver_now

    began = time.perf_counter()
    steps.append((began, 0.0, "a pass begins"))

    def watch(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
        here = time.perf_counter()
        try:
            return execute(sql, parameters, many, context)
        finally:
            steps.append((here, time.perf_counter() - here, sql))

    with connection.execute_wrapper(watch):
        again = deliver_now()
    steps.append((time.perf_counter(), 0.0, "the pass is over"))
    return again


steps: list[tuple[float, float, str]] = []
"""When, for how many seconds, what."""


def profile(count: int) -> None:
    """The shop's part with a list of all that the last alert's delivery did."""
    stage.set_up()
    from freeze_alerts.alerts import open_alert
    from freeze_alerts.catalog import AlertType
    from freeze_alerts.discord import client
    from freeze_alerts.outbox import doorbell
    from freeze_alerts.outbox.models import Message

    def post(*arguments: Any) -> Any:
        here = time.perf_counter()
        answer = plain_post(*arguments)
        steps.append((here, time.perf_counter() - here, "POST"))
        return answer

    plain_post, client.post, doorbell.DELIVERER = client.post, post, f"{__name__}.watched_pass"  # type: ignore[assignment]
    for number in range(count):
        steps.clear()
        began = time.perf_counter()
        open_alert(AlertType.NEW_ISSUE, key=f"watched {number}", title=f"Trouble {number}", text="It broke")
        steps.append((time.perf_counter(), 0.0, "open_alert returns"))
        time.sleep(0.5)
    assert not Message.objects.exclude(state=Message.State.SENT).exists()
    for line in timeline(began):
        print(line)


def timeline(began: float) -> Iterator[str]:
    yield "     at     for   what"
    for at, took, what in sorted(steps):
        yield f"{(at - began) * 1000:7.1f} {took * 1000:7.2f}   {what[:150]}"


def run(engine: str, options: argparse.Namespace) -> bool:
    name = f"freeze_alerts_bench_{os.getpid()}_{engine}"
    stage.configure(engine, name)
    with stage.databases(engine, name):
        stage.migrate_apart()
        if options.profile:
            with stage.stand_in() as (api_url, webhook):
                stage.tell_settings(
                    WEBHOOKS={"errors": webhook}, DISCORD_API_URL=api_url,
                    DELIVERY={"DOORBELL": "thread", "MESSAGES_PER_MINUTE": 0},
                )  # fmt: skip
                print(f"\n{engine}\n{stage.again(__file__, '--tell-all', '5').communicate()[0]}")
        return stage.show(f"Alert → message, {options.alerts} alerts", figures(engine, *measure(options.alerts)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="50 alerts")
    parser.add_argument("--alerts", type=int)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--profile", action="store_true", help="also list what one delivery does, and when")
    parser.add_argument("--tell", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--tell-all", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tell or options.tell_all:
        tell(options.tell) if options.tell else profile(options.tell_all)
        return 0
    options.alerts = options.alerts or (50 if options.quick else 300)
    held = [run(engine, options) for engine in stage.usable(options.engine or ENGINES)]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())

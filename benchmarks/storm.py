"""Ten thousand alerts of one type within a minute: how many requests, is nothing lost, does the count come out exact?

Several processes of two threads each tell alerts evenly, each with the doorbell's own thread and the default pace; the
stand-in limits requests as Discord does. At the end every alert must stand in Discord exactly once: on a card of its
own or counted in a digest.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import stage
from stage import Figure

if TYPE_CHECKING:
    from freeze_alerts.testing.discord import DiscordServer

REQUESTS_AT_MOST = 25
PROCESSES, THREADS = 4, 2
ENGINES = ("sqlite", "postgresql")
PATIENCE_SECONDS = 180


def tell(first: int, count: int, seconds: float) -> None:
    """One process of the shop: tells its alerts when it is told to go, and stays, as a server does, until let go."""
    stage.set_up()
    tellers = [
        threading.Thread(target=_tell_evenly, args=(range(first + number, first + count, THREADS), seconds))
        for number in range(THREADS)
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    for each in tellers:
        each.start()
    for each in tellers:
        each.join()
    print("told", flush=True)
    sys.stdin.readline()


def _tell_evenly(numbers: range, seconds: float) -> None:
    from django.db import connection

    from freeze_alerts.alerts import open_alert
    from freeze_alerts.catalog import AlertType

    began = time.monotonic()
    for place, number in enumerate(numbers):
        time.sleep(max(0.0, began + seconds * place / len(numbers) - time.monotonic()))
        open_alert(AlertType.NEW_ISSUE, key=str(number), title=f"Trouble {number}", text="It broke")
    connection.close()


def storm(options: argparse.Namespace) -> tuple[float, float]:
    """Let it rage; returns how many seconds the telling took, and how many more until all was said."""
    share = -(-options.alerts // PROCESSES)
    shares = [(first, min(share, options.alerts - first)) for first in range(0, options.alerts, share)]
    shop = [stage.again(__file__, "--tell", str(first), str(count), str(options.seconds)) for first, count in shares]
    try:
        _hear(shop, "ready")
        began = time.monotonic()
        _say(shop, "go")
        _hear(shop, "told")
        told = time.monotonic()
        said_all = _wait_until_said()
        _say(shop, "enough")
        for each in shop:
            each.wait()
        return told - began, said_all - told
    finally:
        for each in shop:
            each.kill()


def _hear(shop: list[subprocess.Popen[str]], words: str) -> None:
    for each in shop:
        assert each.stdout is not None
        assert each.stdout.readline().strip() == words, "a process of the shop failed"


def _say(shop: list[subprocess.Popen[str]], words: str) -> None:
    for each in shop:
        assert each.stdin is not None
        each.stdin.write(f"{words}\n")
        each.stdin.flush()


def _wait_until_said() -> float:
    """When every message was sent and every card true; or when we were tired of waiting."""
    give_up_at = time.monotonic() + PATIENCE_SECONDS
    while _unsaid() and time.monotonic() < give_up_at:
        time.sleep(0.2)
    return time.monotonic()


def _unsaid() -> bool:
    from freeze_alerts.outbox.models import Message

    unsent = Message.objects.exclude(state=Message.State.SENT)
    return unsent.exists() or Message.objects.exclude(redraw_at=None).exists()


def shown(discord: DiscordServer) -> Iterator[tuple[str, int]]:
    """Each card that stands in Discord: what its footer calls it, and how many alerts it tells of."""
    for message in discord.messages():
        for embed in message.payload.get("embeds", []):
            name = embed["footer"]["text"].split(" · ")[0]
            counts = [each["value"] for each in embed.get("fields", []) if each["name"] == "Alerts"]
            yield name, int(counts[0].replace(",", "")) if "digest" in name else 1


def figures(discord: DiscordServer, options: argparse.Namespace, took: tuple[float, float]) -> list[Figure]:
    from freeze_alerts.alerts.models import Alert
    from freeze_alerts.outbox.models import Message

    requests, cards = discord.requests, list(shown(discord))
    posts, refused = sum(each.method == "POST" for each in requests), sum(each.status == 429 for each in requests)
    digests = [count for name, count in cards if "digest" in name]
    counted, twice = sum(count for _, count in cards), len(cards) - len(dict(cards))
    unsent = Message.objects.exclude(state=Message.State.SENT).count()
    opened, wanted = Alert.objects.count(), options.alerts
    return [
        Figure("alerts opened", f"{opened:,} in {took[0]:.0f} s", f"{wanted:,}", opened == wanted),
        Figure("HTTP requests", f"{len(requests)} ({posts} posts, {len(requests) - posts} edits, {refused} refused)",
               f"≤ {REQUESTS_AT_MOST}", len(requests) <= REQUESTS_AT_MOST),
        Figure("alerts shown in Discord", f"{counted:,} ({len(cards) - len(digests)} cards, digests of {digests})",
               f"{wanted:,}", counted == wanted),
        Figure("cards shown twice", str(twice), "0", twice == 0),
        Figure("messages not sent", str(unsent), "0", unsent == 0),
        Figure("all said after the last alert", f"{took[1]:.1f} s"),
        Figure("alerts a request", f"{opened / max(1, len(requests)):.0f}"),
    ]  # fmt: skip


def run(engine: str, options: argparse.Namespace) -> bool:
    """One engine, in a process of its own: settings are read once."""
    from freeze_alerts.testing.discord import DiscordServer

    name = f"freeze_alerts_bench_{os.getpid()}_{engine}"
    stage.configure(engine, name)
    with DiscordServer() as discord, stage.databases(engine, name):
        discord.rate_limits()
        stage.tell_settings(
            WEBHOOKS={"errors": discord.webhook("errors")},
            DISCORD_API_URL=discord.api_url,
            DELIVERY={"DOORBELL": "thread"},
        )
        stage.migrate_apart()
        stage.set_up()
        took = storm(options)
        return stage.show(f"A storm on {engine}", figures(discord, options, took))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="1,000 alerts in 6 s")
    parser.add_argument("--alerts", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--engine", choices=ENGINES, action="append")
    parser.add_argument("--tell", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.tell:
        first, count, seconds = options.tell
        tell(int(first), int(count), float(seconds))
        return 0
    options.alerts = options.alerts or (1_000 if options.quick else 10_000)
    options.seconds = options.seconds or (6.0 if options.quick else 60.0)
    if options.engine and len(options.engine) == 1:
        return 0 if run(options.engine[0], options) else 1
    told = ["--alerts", str(options.alerts), "--seconds", str(options.seconds)]
    engines = stage.usable(options.engine or ENGINES)
    return max((stage.run_alone(__file__, *told, "--engine", engine) for engine in engines), default=0)


if __name__ == "__main__":
    sys.exit(main())

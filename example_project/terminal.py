"""What the demo says while it plays."""

from __future__ import annotations

import itertools
import textwrap
from datetime import UTC, datetime

import cards
from stage import NAME, PASSWORD, Stage

_WRITTEN = "SELECT discord_message_id, created_at FROM freeze_alerts_message"
_steps = itertools.count(1)


def introduce(stage: Stage) -> None:
    print("freeze-alerts: from a filling disk to a card in Discord, with nothing lost on the way\n")
    _print_addresses(stage)


def _print_addresses(stage: Stage) -> None:
    print(f"  Discord (a stand-in)   {stage.discord.url}")
    print(f"  The shop and its admin {stage.site_url}   log in as {NAME}, password {PASSWORD}")


def tell(what: str) -> None:
    print(f"\n {next(_steps)}  {textwrap.fill(what, 100, subsequent_indent='    ')}")


def sum_up(stage: Stage) -> None:
    """What arrived, in the order of arrival; the time is from the row in the outbox to Discord."""
    written = {row[0]: row[1] for row in stage.sql(_WRITTEN)}
    table = [("Delivered after", "Channel", "Told as", "Shows now", "Alert")]
    for each in stage.discord.messages():
        created_at = datetime.fromisoformat(written[each.id]).replace(tzinfo=UTC)
        took = f"{(each.posted_at - created_at).total_seconds():.1f} s"
        (told, title), (now, _) = cards.gist(each.first_payload), cards.gist(each.payload)
        table.append((took, f"#{each.channel}", told, now, title))
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print("\nAll of it arrived, each message once:\n")
    for row in table:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()
    _print_addresses(stage)

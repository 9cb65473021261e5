"""What the demo says while it plays."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from stage import NAME, PASSWORD, Stage

if TYPE_CHECKING:
    from acts import Arrival

_steps = itertools.count(1)


def introduce(stage: Stage) -> None:
    print("freeze-alerts: nine alerts, each by its real cause, from a shop to Discord\n")
    _print_addresses(stage)


def tell(what: str) -> None:
    print(f"\n{next(_steps):3}  {textwrap.fill(what, 100, subsequent_indent='     ')}")


def note(what: str) -> None:
    print(f"      {what}")


def sum_up(stage: Stage, arrivals: Sequence[Arrival]) -> None:
    """The nine, as they arrived: from the cause to Discord."""
    table = [("#", "Alert", "Channel", "Severity", "Answer within", "In Discord after")]
    for number, each in enumerate(arrivals, start=1):
        answer = _in_words(each.act.entry.answer_within)
        table.append((str(number), each.act.entry.title, f"#{each.act.entry.channel}", each.act.severity.value, answer,
                      f"{each.seconds:.1f} s"))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    print("\nAll nine arrived, and ended well:\n")
    for row in table:
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    print()
    _print_addresses(stage)


def _in_words(within: timedelta | None) -> str:
    if within is None:
        return "next business day"
    minutes = within.total_seconds() / 60
    return f"{minutes:g} min" if minutes < 60 else f"{minutes / 60:g} h"


def _print_addresses(stage: Stage) -> None:
    print(f"  Discord (a stand-in)   {stage.discord.url}")
    print(f"  The shop and its admin {stage.site_url}   log in as {NAME}, password {PASSWORD}")

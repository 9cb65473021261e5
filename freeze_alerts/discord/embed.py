"""One card drawn as an embed of at most so many units: what matters most keeps its room longest.

Limits: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any

from freeze_alerts.catalog import Severity
from freeze_alerts.discord import fields
from freeze_alerts.discord.card import Card, Link, Standing
from freeze_alerts.discord.fields import shown_line
from freeze_alerts.discord.text import (
    code,
    cut,
    duration,
    escape,
    head,
    is_blank,
    one_line,
    safe_url,
    timestamp,
    units,
)

Embed = dict[str, Any]

SMALLEST = 600
"""The least budget a card can be drawn in: a tenth of what a message holds."""
TITLE_LONGEST, DESCRIPTION_LONGEST, FOOTER_LONGEST = 256, 4096, 200

_LOOK = {
    Severity.INFO: ("🔵", 0x607D8B),
    Severity.MEDIUM: ("🟡", 0xF0A500),
    Severity.WARNING: ("🟡", 0xF0A500),
    Severity.HIGH: ("🟠", 0xF2691B),
    Severity.CRITICAL: ("🔴", 0xD9342B),
    Severity.EMERGENCY: ("🚨", 0x8B0000),
}
_GREEN, _GREY = 0x2E7D32, 0x95A5A6
_NOTE_LONGEST = 200
_TIMES = "\u00d7"


def badge(card: Card) -> str:
    """Emoji and word, as colour alone says nothing to some: ``🟠 HIGH``, ``✅ ENDED``, ``⚪ NO LONGER WATCHED``."""
    over = {Standing.ENDED: "✅ ENDED", Standing.UNWATCHED: "⚪ NO LONGER WATCHED"}
    return over.get(card.standing) or f"{_LOOK[card.severity][0]} {card.severity.name}"


def count(card: Card) -> str:
    """How often it happened, "" for once: ``×37``."""
    return f"{_TIMES}{card.occurrences:,}" if card.occurrences > 1 else ""


def clock(card: Card) -> str:
    """By when to answer, or when and after how long it ended; and how often it happened."""
    parts = []
    if card.standing is Standing.OPEN and card.answer_by:
        within = card.answer_by - card.opened_at
        before = timestamp(card.answer_by, "t" if within < timedelta(days=1) else "f")
        parts.append(f"**Answer within {duration(within)}** (before {before}, {timestamp(card.answer_by, 'R')})")
    elif card.ended_at and card.standing in {Standing.ENDED, Standing.UNWATCHED}:
        word = "Ended" if card.standing is Standing.ENDED else "No longer watched since"
        after = duration(card.ended_at - card.opened_at)
        parts.append(f"**{word}** {timestamp(card.ended_at, 'f')}, after {after}")
    if often := count(card):
        parts.append(f"**{often}** since {timestamp(card.opened_at, 't')}")
    return " · ".join(parts)


def size(embed: Embed) -> int:
    """What the embed takes of the 6000 units that all embeds of a message share."""
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [embed.get("author", {}).get("name", ""), embed.get("footer", {}).get("text", "")]
    return sum(map(units, texts)) + fields.size(embed.get("fields", []))


def draw(card: Card, budget: int, *, buttons: Sequence[Link] = ()) -> Embed:
    """The card as an embed of at most ``budget`` units, which is not below SMALLEST.

    Links that are not ``buttons`` stand in its text.
    """
    embed = _frame(card, budget)
    status = _status(card, buttons, budget // 4)
    left = budget - size(embed) - units(status) - 1
    next_step = fields.next_step(card.command, left * 2 // 3)
    left -= fields.size(next_step)
    facts = [fields.fact(each) for each in card.fields[: fields.FIELDS_MOST]]
    steps = [fields.step(each) for each in card.findings[: fields.STEPS_MOST]]
    for_steps = fields.steps_size(steps)
    text = _text(
        card.text, min(DESCRIPTION_LONGEST - units(status) - 1, _granted(left, fields.size(facts) + for_steps))
    )
    left -= units(text)
    room = fields.FIELDS_MOST - len(next_step) - min(fields.STEP_FIELDS_MOST, len(steps))
    shown = fields.fitting_facts(facts, len(card.fields) - len(facts), room, _granted(left, for_steps))
    shown += fields.fitting_steps(steps, len(card.findings) - len(steps), left - fields.size(shown))
    if description := "\n".join(part for part in (text, status) if part):
        embed["description"] = description
    if shown or next_step:
        embed["fields"] = [*shown, *next_step]
    return embed


def _frame(card: Card, budget: int) -> Embed:
    colours = {Standing.ENDED: _GREEN, Standing.UNWATCHED: _GREY}
    embed: Embed = {
        "author": {"name": _standing_line(card)},
        "title": shown_line(card.title, min(TITLE_LONGEST, budget // 4)) or "Alert",
        "color": colours.get(card.standing, _LOOK[card.severity][1]),
        "timestamp": card.opened_at.astimezone(UTC).isoformat(),
    }
    if not is_blank(footer := cut(one_line(head(card.footer, FOOTER_LONGEST)), min(FOOTER_LONGEST, budget // 6))):
        embed["footer"] = {"text": footer}
    if url := safe_url(card.url):
        embed["url"] = url
    return embed


def _standing_line(card: Card) -> str:
    if card.standing is Standing.OPEN:
        return badge(card)
    tail = "acknowledged" if card.standing is Standing.ACKNOWLEDGED else f"was {card.severity.name}"
    return f"{badge(card)} · {tail}"


def _text(text: str, longest: int) -> str:
    return "" if is_blank(text) else cut(escape(head(text.strip(), longest), keep_links=True), longest)


def _granted(left: int, wanted_by_others: int) -> int:
    """What one part may take: all that the others don't want, and half in any case."""
    return max(0, left - wanted_by_others, left // 2)


def _status(card: Card, buttons: Sequence[Link], budget: int) -> str:
    """The lines under the text: the clock always, then links and notes while they fit."""
    notes = [f"-# {line}" for note in card.notes if (line := shown_line(note, _NOTE_LONGEST))]
    lines: list[str] = []
    for line in [*_links(card, buttons), *notes]:
        if units("\n".join([*lines, line])) <= budget:
            lines.append(line)
    return "\n".join(filter(None, [clock(card), *lines]))


def _links(card: Card, buttons: Sequence[Link]) -> list[str]:
    """The links that are no buttons, on one line; then addresses that Discord can't follow, as text to copy."""
    links = [each for each in card.links if each not in buttons and not is_blank(each.url)]
    if not is_blank(card.url) and not safe_url(card.url) and card.url not in [each.url for each in links]:
        links.append(Link("Address", card.url))
    followed, printed = [], []
    for link in links:
        label = shown_line(link.label, 80) or "Link"
        if url := safe_url(link.url):
            followed.append(f"[{label}]({url.replace('(', '%28').replace(')', '%29')})")
        else:
            printed.append(f"{label}: {code(_without_password(head(link.url, DESCRIPTION_LONGEST)))}")
    return [line for line in (" · ".join(followed), *printed) if line]


def _without_password(url: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//***@", url)

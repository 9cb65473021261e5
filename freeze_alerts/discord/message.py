"""Cards, and the payload they become: within Discord's limits by construction.

Limits: https://docs.discord.com/developers/resources/message#embed-object-embed-limits
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from freeze_alerts.discord.card import Card, Field, Finding, Link, Outcome, Standing
from freeze_alerts.discord.embed import Embed, badge, clock, count, draw, size
from freeze_alerts.discord.fields import share, shown_line
from freeze_alerts.discord.text import cut, duration, escape, fence, head, is_blank, one_line, safe_url, units

__all__ = [
    "CARDS_MOST",
    "Card",
    "Field",
    "Finding",
    "Link",
    "Outcome",
    "Standing",
    "degraded_payload",
    "edit_payload",
    "is_mention",
    "post_payload",
]

CARDS_MOST = 10
CONTENT_LONGEST = 2000
EMBEDS_UNITS_MOST = 6000  # over all embeds of the message
BUTTONS_MOST, BUTTON_LABEL_LONGEST, BUTTON_URL_LONGEST, URL_LONGEST = 5, 80, 512, 2048
SUPPRESS_NOTIFICATIONS = 4096

_ACTION_ROW, _BUTTON, _LINK_STYLE = 1, 2, 5
_PREVIEW_LONGEST = 400
_MENTION = re.compile(r"(?:(role|user):([1-9][0-9]{0,19})|everyone|here)")
_ADDRESS = re.compile(r"\w{1,20}://\S+")
_NOBODY: dict[str, Any] = {"parse": []}  # absent it would mean: any user named in the text


def is_mention(mention: str) -> bool:
    """Whether Discord can be asked to mention this: ``role:ID``, ``user:ID``, ``everyone`` or ``here``."""
    return bool(_MENTION.fullmatch(mention))


def post_payload(cards: Sequence[Card], *, mention: str = "", silent: bool = False) -> dict[str, Any]:
    """The body of a POST that shows one to ten cards.

    ``mention`` comes from settings alone: ``role:ID``, ``user:ID``, ``everyone`` or ``here``; any other is passed
    over, since the alert matters more. ``silent`` shows it without a notification.
    Raises ValueError for no cards or more than ten.
    """
    payload = _drawn(cards)
    if not payload["components"]:
        del payload["components"]
    return payload | _addressed(payload["content"], mention, silent=silent)


def edit_payload(cards: Sequence[Card]) -> dict[str, Any]:
    """The body of a PATCH that draws the same cards anew. It never mentions anybody.

    Raises ValueError for no cards or more than ten.
    """
    return _drawn(cards) | {"allowed_mentions": _NOBODY}


def degraded_payload(cards: Sequence[Card], *, mention: str = "", silent: bool = False) -> dict[str, Any]:
    """The same news in plain text without a link, for the one resend after Discord refused the body of the first."""
    each_longest = (CONTENT_LONGEST - 100) // len(_counted(cards)) - 1
    content = "\n".join(cut(_plain(card, each_longest), each_longest) for card in cards)
    return {"embeds": []} | _addressed(content, mention, silent=silent)


def _counted(cards: Sequence[Card]) -> Sequence[Card]:
    if not 1 <= len(cards) <= CARDS_MOST:
        raise ValueError(f"A message shows 1 to {CARDS_MOST} cards, not {len(cards)}.")
    return cards


def _drawn(cards: Sequence[Card]) -> dict[str, Any]:
    buttons = [each for each in _counted(cards)[0].links if safe_url(each.url, BUTTON_URL_LONGEST)]
    buttons = buttons[:BUTTONS_MOST] if len(cards) == 1 else []
    embeds = [draw(card, EMBEDS_UNITS_MOST, buttons=buttons) for card in cards]
    needs = [size(each) for each in embeds]
    for place, (need, granted) in enumerate(zip(needs, share(needs, EMBEDS_UNITS_MOST), strict=True)):
        if granted < need:
            embeds[place] = draw(cards[place], granted, buttons=buttons)
    return {
        "content": _preview(cards),
        "embeds": _with_distinct_urls(embeds),
        "components": _rows(buttons),
    }


def _preview(cards: Sequence[Card]) -> str:
    """What a phone shows before the message is opened."""
    if len(cards) == 1:
        card, title = cards[0], shown_line(cards[0].title, _PREVIEW_LONGEST) or "Alert"
        return f"{badge(card)} · **{title}**{_turn(card)}"
    standing = [each for each in cards if each.standing in {Standing.OPEN, Standing.ACKNOWLEDGED}]
    worst = max(standing or cards, key=lambda card: card.severity.rank)
    titles = " · ".join(shown_line(card.title, _PREVIEW_LONGEST) or "Alert" for card in cards)
    return cut(f"{badge(worst)} · **{len(cards)} alerts**: {titles}", _PREVIEW_LONGEST)


def _turn(card: Card) -> str:
    parts = [count(card)]
    if card.standing is Standing.ACKNOWLEDGED:
        parts.append("acknowledged")
    elif card.ended_at and card.standing is not Standing.OPEN:
        parts.append(f"after {duration(card.ended_at - card.opened_at)}")
    return "".join(f" · {part}" for part in parts if part)


def _plain(card: Card, longest: int) -> str:
    facts = " · ".join(f"{each.name}: {each.value}" for each in card.fields)
    texts = (card.title, card.text, facts, card.footer)
    bare = [_ADDRESS.sub("(address left out)", one_line(head(each, CONTENT_LONGEST))) for each in texts]
    title, text, facts, footer = ("" if is_blank(each) else escape(each) for each in bare)
    line = f"{badge(card)} · **{cut(title, longest // 3) or 'Alert'}**{_turn(card)}"
    block = "" if "://" in card.command else fence(head(card.command, CONTENT_LONGEST), "sh")
    tail = [clock(card), block if units(block) <= longest // 3 else "", cut(footer, longest // 6)]
    left = longest - units("\n".join([line, "", *tail]))
    return "\n".join(part for part in (line, cut("\n".join(filter(None, [text, facts])), left), *tail) if part)


def _addressed(content: str, mention: str, *, silent: bool) -> dict[str, Any]:
    token, allowed = _mention(mention)
    addressed = {"content": cut(f"{token} {content}".lstrip(), CONTENT_LONGEST), "allowed_mentions": allowed}
    return addressed | ({"flags": SUPPRESS_NOTIFICATIONS} if silent else {})


def _mention(mention: str) -> tuple[str, dict[str, Any]]:
    """What stands in the content, which alone pings, and the permission to ping that one alone."""
    if (found := _MENTION.fullmatch(mention)) is None:
        return "", _NOBODY
    kind, snowflake = found.groups()
    if kind is None:
        return f"@{mention}", {"parse": ["everyone"]}
    return f"<@{'&' if kind == 'role' else ''}{snowflake}>", {"parse": [], f"{kind}s": [snowflake]}


def _with_distinct_urls(embeds: list[Embed]) -> list[Embed]:
    """Of embeds with one URL Discord shows the first alone, so each repeated URL gets a fragment of its own."""
    seen: set[str] = set()
    for number, embed in enumerate(embeds, start=1):
        if (url := embed.get("url")) in seen:
            own = f"{url}{'-' if '#' in url else '#'}card-{number}"
            embed["url"] = own
            if len(own) > URL_LONGEST or own in seen:
                del embed["url"]
        seen.add(embed.get("url", ""))
    return embeds


def _rows(buttons: Sequence[Link]) -> list[dict[str, Any]]:
    drawn = [
        {
            "type": _BUTTON,
            "style": _LINK_STYLE,
            "label": cut(one_line(head(each.label, BUTTON_LABEL_LONGEST)), BUTTON_LABEL_LONGEST)
            if not is_blank(each.label)
            else "Link",
            "url": safe_url(each.url, BUTTON_URL_LONGEST),
        }
        for each in buttons
    ]
    return [{"type": _ACTION_ROW, "components": drawn}] if drawn else []


def _label(link: Link) -> str:
    label = cut(one_line(head(link.label, BUTTON_LABEL_LONGEST)), BUTTON_LABEL_LONGEST)
    return "Link" if is_blank(label) else label

"""What a reader sees in Discord now."""

from __future__ import annotations

import json
import re

from stage import NAME

from freeze_alerts.testing.discord import DiscordServer, Message

_GIST = re.compile(r"^\S+ (?P<badge>.+?) · \*\*(?P<title>.+?)\*\*")


def shown(discord: DiscordServer, badge: str) -> list[Message]:
    return [each for each in discord.messages("errors") if gist(each.payload)[0] == badge]


def about(discord: DiscordServer, path: str) -> list[Message]:
    return [each for each in discord.messages("errors") if path in plain(each.payload["content"])]


def all_ended(messages: list[Message]) -> list[Message]:
    return messages if len(messages) == 3 and all(gist(each.payload)[0] == "ENDED" for each in messages) else []


def is_taken(message: Message) -> bool:
    return f"acknowledged by {NAME}" in json.dumps(message.payload["embeds"])


def gist(payload: dict[str, str]) -> tuple[str, str]:
    """Badge and title, from the line a phone shows."""
    found = _GIST.match(payload["content"])
    return (found["badge"], plain(found["title"])) if found else ("", payload["content"])


def plain(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown)

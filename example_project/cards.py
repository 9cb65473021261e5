"""What a reader sees in Discord now."""

from __future__ import annotations

import json
import re

from stage import NAME

from freeze_alerts.testing.discord import DiscordServer, Message

_GIST = re.compile(r"^\S+ (?P<badge>.+?) · \*\*(?P<title>.+?)\*\*")


def shown(discord: DiscordServer, channel: str, title: str, badge: str) -> list[Message]:
    """The messages of a channel about one kind of alert that carry this badge now."""
    found = [(each, *gist(each.payload)) for each in discord.messages(channel)]
    return [each for each, now, named in found if now == badge and re.match(rf"{re.escape(title)}(:|$)", named)]


def told(discord: DiscordServer, channel: str, title: str, badge: str) -> list[Message]:
    """The same by the badge with which they were posted, whatever they show now."""
    found = [(each, *gist(each.first_payload)) for each in discord.messages(channel)]
    return [each for each, then, named in found if then == badge and re.match(rf"{re.escape(title)}(:|$)", named)]


def about(discord: DiscordServer, channel: str, words: str) -> list[Message]:
    return [each for each in discord.messages(channel) if words in plain(json.dumps(each.payload))]


def is_taken(message: Message) -> bool:
    return f"acknowledged by {NAME}" in json.dumps(message.payload["embeds"])


def gist(payload: dict[str, str]) -> tuple[str, str]:
    """Badge and title, from the line a phone shows."""
    found = _GIST.match(payload["content"])
    return (found["badge"], plain(found["title"])) if found else ("", payload["content"])


def plain(markdown: str) -> str:
    return re.sub(r"\\(.)", r"\1", markdown)

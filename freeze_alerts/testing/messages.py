"""What the stand-in keeps: webhooks, messages, and the calls that came in."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from freeze_alerts.testing import forms

NAME = "Freeze Alerts"
GUILD_ID = "100000000000000001"

_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_MENTION = re.compile(r"<@&(?P<role>\d+)>|<@!?(?P<user>\d+)>|@(?P<all>everyone|here)")


@dataclass(frozen=True)
class Webhook:
    """A webhook somebody made in Discord. Its token is as secret as Discord's: it is not in ``repr``."""

    channel: str
    id: str
    token: str = field(repr=False)

    @classmethod
    def made(cls, channel: str, number: int) -> Webhook:
        """The channel's webhook number so: the same each time, so that a restarted server keeps its addresses."""
        digest = hashlib.sha512(f"{channel}/{number}".encode())
        webhook_id = 10**17 + int(digest.hexdigest(), 16) % (9 * 10**17)
        return cls(channel, str(webhook_id), f"Not-A-Secret_{digest.hexdigest()[:55]}")

    @property
    def channel_id(self) -> str:
        return str(int(self.id) - 1)

    def as_json(self) -> dict[str, Any]:
        return {
            "application_id": None,
            "avatar": None,
            "channel_id": self.channel_id,
            "guild_id": GUILD_ID,
            "id": self.id,
            "name": NAME,
            "type": 1,
            "token": self.token,
        }


@dataclass(frozen=True)
class Request:
    """One call as it came in. ``status`` is 0 while it has no answer, and stays 0 when it never gets one."""

    method: str
    path: str
    """With the query, and without the token."""
    status: int
    at: datetime
    body: Any
    channel: str | None
    user_agent: str


@dataclass(frozen=True)
class Message:
    """One message as it stands when asked for; an edit makes a new value of it."""

    id: str
    channel: str
    payload: dict[str, Any]
    """The state after all edits: trimmed as Discord trims, ignored parts left out."""
    first_payload: dict[str, Any]
    """The POST's body as it came."""
    posted_at: datetime
    webhook: Webhook
    edits: list[dict[str, Any]] = field(default_factory=list)
    """The bodies of the PATCHes as they came."""
    edited_at: datetime | None = None
    thread_id: str = ""

    @property
    def mentions(self) -> tuple[str, ...]:
        """Whom the text highlights now: ``role:ID``, ``user:ID``, ``everyone``, ``here``. A POST notifies them."""
        allowed = self.payload.get("allowed_mentions")
        allowed = {"parse": ["users"]} if allowed is None else allowed
        found = (each for text in self._speaking_texts() for each in _mentioned(text, allowed))
        return tuple(dict.fromkeys(found))

    @property
    def is_silent(self) -> bool:
        return bool(self.payload.get("flags", 0) & forms.SILENT)

    @property
    def shown_embeds(self) -> list[dict[str, Any]]:
        """What a reader sees: of several embeds with one url only the first, and none when they are suppressed."""
        if self.payload.get("flags", 0) & forms.SUPPRESS_EMBEDS:
            return []
        seen: set[str] = set()
        return [each for each in self.payload.get("embeds", []) if _is_first(each.get("url"), seen)]

    def _speaking_texts(self) -> Iterator[str]:
        """Where a mention counts: the content and text components, never an embed."""
        yield self.payload.get("content", "")
        for each in forms.walk_components(self.payload.get("components")):
            yield each.get("content") or ""

    def as_json(self) -> dict[str, Any]:
        mentions = [each.partition(":") for each in self.mentions]
        return {
            "id": self.id,
            "type": 0,
            "content": self.payload.get("content", ""),
            "channel_id": self.thread_id or self.webhook.channel_id,
            "author": {
                "bot": True,
                "id": self.webhook.id,
                "username": self.payload.get("username") or NAME,
                "avatar": None,
                "discriminator": "0000",
            },
            "attachments": [],
            "embeds": [{"type": "rich", **each} for each in self.payload.get("embeds", [])],
            "mentions": [{"id": value} for kind, _, value in mentions if kind == "user"],
            "mention_roles": [value for kind, _, value in mentions if kind == "role"],
            "mention_everyone": any(kind in ("everyone", "here") for kind, _, _ in mentions),
            "pinned": False,
            "tts": bool(self.payload.get("tts")),
            "timestamp": self.posted_at.isoformat(),
            "edited_timestamp": self.edited_at.isoformat() if self.edited_at else None,
            "flags": self.payload.get("flags", 0),
            "components": self.payload.get("components", []),
            "webhook_id": self.webhook.id,
        }


def fresh_payload(body: Mapping[str, Any], *, takes_components: bool) -> dict[str, Any]:
    """What a trimmed POST leaves behind: nulls are gone, and so are components nobody asked for."""
    ignored = () if takes_components else ("components",)
    return {key: value for key, value in body.items() if value is not None and key not in ignored}


def edited_payload(payload: Mapping[str, Any], body: Mapping[str, Any], *, takes_components: bool) -> dict[str, Any]:
    """A payload after a trimmed PATCH: omitted keys stay, given ones are replaced whole, mentions start afresh."""
    ignored = {"allowed_mentions", "flags"} | (set() if takes_components else {"components"})
    given = {key: body[key] for key in forms.EDIT_KEYS & body.keys() if key not in ignored}
    kept = {key: value for key, value in payload.items() if key != "allowed_mentions" and key not in given}
    result = kept | {key: value for key, value in given.items() if value is not None}
    if body.get("allowed_mentions") is not None:
        result["allowed_mentions"] = body["allowed_mentions"]
    if body.get("flags") is not None:
        result["flags"] = (payload.get("flags", 0) & ~forms.SUPPRESS_EMBEDS) | body["flags"]
    return result


def _mentioned(text: str, allowed: Mapping[str, Any]) -> Iterator[str]:
    """Mentions that stand in the text and are allowed: one without the other does nothing."""
    parse = allowed.get("parse") or []
    for match in _MENTION.finditer(_CODE.sub("", text)):
        kind = match.lastgroup or ""
        value = match.group(kind)
        if kind == "all" and "everyone" in parse:
            yield value
        elif kind != "all" and (f"{kind}s" in parse or value in (allowed.get(f"{kind}s") or [])):
            yield f"{kind}:{value}"


def _is_first(url: str | None, seen: set[str]) -> bool:
    if not url:
        return True
    is_first = url not in seen
    seen.add(url)
    return is_first

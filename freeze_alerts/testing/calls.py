"""A call to the API, taken apart; and what a careful client would have done better."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.message import Message
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from freeze_alerts.testing import forms

UNVERSIONED = 6
_PATH = re.compile(
    r"^/api(?:/v(?P<version>\d+))?/webhooks/(?P<webhook_id>[^/]+)/(?P<token>[^/]+)"
    r"(?:/messages/(?P<message_id>[^/]+))?/?$"
)
_TOKEN = re.compile(r"(/webhooks/[^/]+/)[^/?]+")
_DEFAULT_AGENT = re.compile(r"^($|python-|curl/|okhttp|Go-http|axios|node|Java/|Wget)", re.IGNORECASE)


@dataclass(frozen=True)
class Call:
    method: str
    shown_path: str
    """With the query, and without the token."""
    version: int
    webhook_id: str
    token: str
    message_id: str
    query: Mapping[str, str]
    user_agent: str
    content_type: str

    @property
    def is_known_address(self) -> bool:
        return bool(self.webhook_id)

    @property
    def is_post(self) -> bool:
        return self.method == "POST" and not self.message_id

    @property
    def waits(self) -> bool:
        return self.is_true("wait")

    @property
    def takes_components(self) -> bool:
        return self.is_true("with_components")

    def is_true(self, name: str) -> bool:
        return self.query.get(name) in ("True", "true", "1")


def parse(method: str, target: str, headers: Message) -> Call:
    """A call from its request line and headers. An address that is none has no ``webhook_id``."""
    parts = urlsplit(target)
    match = _PATH.match(parts.path)
    found = match.groupdict() if match else {}
    return Call(
        method=method,
        shown_path=_TOKEN.sub(r"\1<token>", target),
        version=int(found.get("version") or UNVERSIONED),
        webhook_id=found.get("webhook_id") or "",
        token=found.get("token") or "",
        message_id=found.get("message_id") or "",
        query=dict(parse_qsl(parts.query)),
        user_agent=headers.get("User-Agent", ""),
        content_type=headers.get("Content-Type", "").partition(";")[0].strip().lower(),
    )


def complaints(call: Call, body: Any) -> Iterator[str]:
    """What Discord lets pass in silence, and a client will be sorry for."""
    where = f"{call.method} {call.shown_path.partition('?')[0]}"
    if not re.match(r"^/api/v\d+/", call.shown_path):
        yield f"{where}: no API version in the address: Discord takes it for version 6"
    if _DEFAULT_AGENT.match(call.user_agent):
        yield f"User-Agent {call.user_agent!r} is a library's own: Cloudflare blocks some of them"
    if call.is_post and not call.waits:
        yield "POST without wait=true: a message that is not saved reports no error"
    if call.method in ("POST", "PATCH") and isinstance(body, dict):
        yield from _complaints_of_body(call, body)


def _complaints_of_body(call: Call, body: Mapping[str, Any]) -> Iterator[str]:
    if body.get("allowed_mentions") is None:
        yield f"{call.method} without allowed_mentions: Discord then pings every user named in the text"
    if body.get("components") and not call.takes_components:
        yield f"{call.method} with components, and without with_components=true: Discord ignores them"
    known = forms.EDIT_KEYS if call.message_id else forms.POST_KEYS
    yield from _unknown("", body, known)
    yield from _unknown("allowed_mentions.", body.get("allowed_mentions"), forms.MENTIONS)
    embeds = body.get("embeds")
    for number, embed in enumerate(embeds if isinstance(embeds, list) else []):
        yield from _complaints_of_embed(f"embeds.{number}.", embed)
    yield from _repeated_urls(embeds)


def _complaints_of_embed(where: str, embed: Any) -> Iterator[str]:
    yield from _unknown(where, embed, forms.EMBED)
    if not isinstance(embed, dict):
        return
    yield from _unknown(f"{where}footer.", embed.get("footer"), forms.FOOTER)
    yield from _unknown(f"{where}author.", embed.get("author"), forms.AUTHOR)
    fields = embed.get("fields")
    for number, each in enumerate(fields if isinstance(fields, list) else []):
        yield from _unknown(f"{where}fields.{number}.", each, forms.FIELD)


def _unknown(where: str, value: Any, known: Iterable[str]) -> Iterator[str]:
    known = sorted(known)
    for key in value if isinstance(value, dict) else ():
        if key not in known:
            meant = difflib.get_close_matches(key, known, n=1)
            yield f"{where}{key}: Discord ignores this key" + (f"; did you mean {meant[0]}?" if meant else "")


def _repeated_urls(embeds: Any) -> Iterator[str]:
    seen: set[str] = set()
    for number, embed in enumerate(embeds if isinstance(embeds, list) else []):
        url = embed.get("url") if isinstance(embed, dict) else None
        if isinstance(url, str) and url in seen:
            yield f"embeds.{number}.url stands in an earlier embed too: only the first of them is shown"
        seen.add(str(url))

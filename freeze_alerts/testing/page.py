"""The page to look at, and the state it draws. All of it comes from this folder; nothing from elsewhere."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any
from urllib.parse import parse_qs

from freeze_alerts.testing import answers
from freeze_alerts.testing.answers import Answer
from freeze_alerts.testing.messages import NAME, Message
from freeze_alerts.testing.state import State

MOST_MESSAGES = 500
_PARTS = ("page.css", "markdown.js", "page.js")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'; "
        "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
}


def answer(state: State, path: str, query: str) -> Answer:
    if path == "/":
        return Answer(200, document(), "text/html; charset=utf-8", _HEADERS)
    if path == "/state.json":
        known_version = parse_qs(query).get("version", [""])[0]
        return answers.of_json(200, shown(state, known_version), _HEADERS)
    return Answer(204) if path == "/favicon.ico" else answers.not_found()


@functools.cache
def document() -> bytes:
    """The whole page in one file, its style and script in place."""
    folder = resources.files("freeze_alerts.testing")
    page = folder.joinpath("page.html").read_text(encoding="utf-8")
    for each in _PARTS:
        page = page.replace(f"/* {each} */", folder.joinpath(each).read_text(encoding="utf-8"))
    return page.encode()


def shown(state: State, known_version: str = "") -> dict[str, Any]:
    """All that the page draws; only the version when the page has seen it already."""
    with state.changed:
        if known_version == str(state.version):
            return {"version": state.version}
        return {
            "version": state.version,
            "channels": state.channels(),
            "messages": [_shown_message(each) for each in list(state.messages.values())[-MOST_MESSAGES:]],
            "requests": len(state.requests),
            "refused": sum(each.status >= 400 for each in state.requests),
            "complaints": list(state.complaints),
        }


def _shown_message(message: Message) -> dict[str, Any]:
    payload = message.payload
    return {
        "id": message.id,
        "channel": message.channel,
        "name": payload.get("username") or NAME,
        "content": payload.get("content", ""),
        "embeds": message.shown_embeds,
        "components": payload.get("components", []),
        "postedAt": int(message.posted_at.timestamp() * 1000),
        "editedAt": int(message.edited_at.timestamp() * 1000) if message.edited_at else None,
        "isSilent": message.is_silent,
        "mentions": message.mentions,
    }

"""A careful client, with every part of its call open to being spoilt."""

from __future__ import annotations

import json
from typing import Any

import requests

from freeze_alerts.testing.discord import DiscordServer

AGENT = "DiscordBot (https://shop.example, 1.0)"
NOBODY = {"parse": []}


def call(
    server: DiscordServer,
    method: str,
    body: object = None,
    *,
    suffix: str = "",
    query: str = "?wait=true&with_components=true",
    channel: str = "errors",
    agent: str = AGENT,
    timeout: float = 10,
    url: str = "",
) -> requests.Response:
    return requests.request(
        method,
        (url or server.webhook(channel)) + suffix + query,
        data=None if body is None else json.dumps(body),
        headers={"User-Agent": agent, "Content-Type": "application/json"},
        timeout=timeout,
        allow_redirects=False,
    )


def post(server: DiscordServer, body: dict[str, Any] | None = None, **how: Any) -> requests.Response:
    return call(server, "POST", {"allowed_mentions": NOBODY, "content": "Hello"} | (body or {}), **how)


def patch(server: DiscordServer, message_id: str, body: dict[str, Any], **how: Any) -> requests.Response:
    return call(
        server, "PATCH", body, suffix=f"/messages/{message_id}", query=how.pop("query", "?with_components=true"), **how
    )


def embeds(*each: dict[str, Any]) -> dict[str, Any]:
    return {"embeds": list(each)}


def button(**changes: Any) -> dict[str, Any]:
    link = {"type": 2, "style": 5, "label": "Open", "url": "https://shop.example/1"} | changes
    return {"components": [{"type": 1, "components": [link]}]}

"""What Discord, or the edge in front of it, answers: the exact shapes a client has to understand.

Shapes: https://discord.com/developers/docs/reference#error-messages and /topics/rate-limits.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Tree = dict[str, Any]
"""Discord's error tree: keys as in the body, each leaf ``{"_errors": [{"code", "message"}]}``."""

BUCKET = "f1cf5f6a1c1fb6e4ed4f7bd3a1f3a1d0"
LAST_OLD_VERSION = 7
"""Up to here (unversioned calls are v6) errors have the old form and ``retry_after`` counts milliseconds."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    is_cloudflares: bool = False
    """Made by Cloudflare: it carries no ``Via`` and no rate-limit headers."""


def of_json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, json.dumps(value).encode(), headers=headers or {})


def refusal(status: int, code: int, message: str) -> Answer:
    return of_json(status, {"message": message, "code": code})


def not_found() -> Answer:
    return refusal(404, 0, "404: Not Found")


def invalid_form(errors: Tree, version: int) -> Answer:
    if version <= LAST_OLD_VERSION:
        return of_json(400, _old_form(errors))
    return of_json(400, {"message": "Invalid Form Body", "code": 50035, "errors": errors})


def _old_form(errors: Tree) -> dict[str, list[str]]:
    """One level deep: the messages of a wrong value, or only the keys under which something is wrong."""
    return {
        key: [each["message"] for each in below["_errors"]] if "_errors" in below else list(below)
        for key, below in errors.items()
        if key != "_errors"
    }


def rate_limit_headers(limit: int, remaining: int, reset_after_seconds: float, now: float) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{now + reset_after_seconds:.3f}",
        "X-RateLimit-Reset-After": f"{reset_after_seconds:.3f}",
        "X-RateLimit-Bucket": BUCKET,
    }


def rate_limited(
    seconds: float, scope: str = "user", *, version: int = 10, headers: Mapping[str, str] | None = None
) -> Answer:
    """A 429 of Discord's own. ``scope``: user, shared (somebody else used it up: Remaining > 0) or global."""
    is_old, is_global = version <= LAST_OLD_VERSION, scope == "global"
    remaining = 0 if scope == "user" else 4
    shown = {
        **rate_limit_headers(5, remaining, seconds if scope == "user" else 2.0, time.time()),
        **(headers or {}),
        "X-RateLimit-Scope": scope,
        "Retry-After": str(round(seconds * 1000) if is_old else math.ceil(seconds)),
    }
    if is_global:
        shown["X-RateLimit-Global"] = "true"
    wait: float = round(seconds * 1000) if is_old else round(seconds, 3)
    return of_json(429, {"message": _LIMITED, "retry_after": wait, "global": is_global}, shown)


_LIMITED = "You are being rate limited."


def edge_page(status: int, title: str) -> Answer:
    """What a gateway says when the service behind it does not: HTML and no JSON."""
    page = f"<html>\n<head><title>{status} {title}</title></head>\n<body><h1>{status} {title}</h1></body>\n</html>\n"
    return Answer(status, page.encode(), "text/html; charset=UTF-8")


def cloudflare_ban() -> Answer:
    """10,000 invalid requests in ten minutes: a static page at Cloudflare, with nothing that says how long."""
    text = "You are being blocked from accessing our API temporarily due to exceeding our rate limits frequently."
    return Answer(429, json.dumps({"code": 0, "message": text}).encode(), is_cloudflares=True)


def cloudflare_blocked() -> Answer:
    """The browser check that refuses some User-Agents."""
    return Answer(403, b"error code: 1010", "text/plain; charset=UTF-8", is_cloudflares=True)

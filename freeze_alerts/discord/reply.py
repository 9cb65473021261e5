"""What Discord's reply means for the message: one of four answers.

Codes: https://docs.discord.com/developers/topics/opcodes-and-status-codes
Rate limits: https://docs.discord.com/developers/topics/rate-limits
"""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import islice
from typing import Any

from freeze_alerts.discord.answer import Answer, Delivered, Pace, Refusal, Refused, RetryAfter, Scope, Unknown
from freeze_alerts.discord.text import cut, one_line, plain
from freeze_alerts.discord.webhook import Webhook, redact

REASON_LONGEST = 500
SHORTEST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.5, 3600.0
BAN_SECONDS, BLOCK_SECONDS, REDIRECT_SECONDS = 3600.0, 1800.0, 300.0


@dataclass(frozen=True)
class Reply:
    """An HTTP reply: ``headers`` with lower-case names, ``body`` as parsed JSON where it is an object, else empty."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""

    @property
    def code(self) -> int:
        """Discord's own error code; 0 where it gave none."""
        code = self.body.get("code")
        return code if isinstance(code, int) else 0

    @property
    def is_success(self) -> bool:
        return 200 <= self.status <= 299  # noqa: PLR2004

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status <= 399  # noqa: PLR2004

    @property
    def is_refusal(self) -> bool:
        return 400 <= self.status <= 499  # noqa: PLR2004


_REFUSED_BY_CODE = {
    10003: Refusal.THREAD_GONE,  # unknown channel
    10008: Refusal.MESSAGE_GONE,
    10015: Refusal.WEBHOOK_GONE,
    50027: Refusal.WEBHOOK_GONE,  # invalid webhook token
    160005: Refusal.THREAD_GONE,  # locked
    50001: Refusal.ACCESS,
    50013: Refusal.ACCESS,
    220001: Refusal.ACCESS,  # a forum needs a thread
    220002: Refusal.ACCESS,  # a forum takes thread_name or thread_id, not both
    220003: Refusal.ACCESS,  # thread_name outside a forum
    40005: Refusal.PAYLOAD,  # too large
    50045: Refusal.PAYLOAD,  # too large
    200000: Refusal.PAYLOAD,  # AutoMod
    240000: Refusal.PAYLOAD,  # harmful link
}
_INCOMING = 1
_ERRORS_MOST, _ERRORS_DEEPEST = 10, 20
_ARCHIVED, _OLD_EDITS, _BLOCKED, _OVERLOADED = 50083, 30046, 40333, 130000
_REFUSED_BY_STATUS = {400: Refusal.PAYLOAD, 401: Refusal.ACCESS, 403: Refusal.ACCESS, 413: Refusal.PAYLOAD}


def read(status: int, headers: Mapping[str, str], content: bytes) -> Reply:
    """The reply, whatever its body is; a body that is no JSON object counts as none."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        body = None
    text = content[: 4 * REASON_LONGEST].decode(errors="replace")
    lower = {name.lower(): value for name, value in headers.items()}
    return Reply(status, lower, body if isinstance(body, dict) else {}, text)


def judge(reply: Reply, webhook: Webhook, *, edited: bool = False) -> Answer:
    """The answer to a POST, or to a PATCH (``edited``)."""
    if reply.is_success:
        return _accepted(reply, webhook)
    reason = explain(reply, webhook)
    if (later := _asked_to_wait(reply, reason)) is not None:
        return later
    if reply.is_refusal:
        return Refused(_refusal(reply, edited=edited), reason, reply.status)
    return Unknown(reason, reply.status)


def judge_inspection(reply: Reply, webhook: Webhook) -> Answer:
    """The answer to a GET of the webhook itself: Delivered when it is there, and one that takes messages."""
    if not reply.is_success:
        return judge(reply, webhook)
    if reply.body.get("id") != webhook.id:
        reason = told(f"What answers at {webhook.api_url} is not Discord's webhook API.", webhook)
        return Refused(Refusal.OTHER, reason, reply.status)
    if reply.body.get("type") != _INCOMING:
        return Refused(Refusal.OTHER, "It is a webhook of another kind: make an incoming one.", reply.status)
    return Delivered("", pace(reply))


def pace(reply: Reply) -> Pace:
    """From the headers; the remaining time and never the moment of reset, since clocks differ."""
    remaining = _number(reply.headers.get("x-ratelimit-remaining"))
    reset_after = _number(reply.headers.get("x-ratelimit-reset-after"))
    return Pace(None if remaining is None else int(remaining), reset_after)


def explain(reply: Reply, webhook: Webhook) -> str:
    """The reply in a line: status, code, Discord's words and its error tree; without the token."""
    code = f", code {reply.code}" if reply.code else ""
    message = reply.body.get("message")
    said = [message] if isinstance(message, str) else []
    said += islice(_flattened(reply.body.get("errors", reply.body if not said else {})), _ERRORS_MOST)
    if reply.is_redirect:
        said = ["unexpected redirect: is this Discord, and is the URL in its https form?"]
    return told(f"HTTP {reply.status}{code}: {' '.join(said) or reply.text or 'no body'}", webhook)


def told(reason: str, webhook: Webhook) -> str:
    """A reason fit to be stored and shown: one line, at most 500 units, no emoji, the token nowhere in it."""
    bare = reason.replace(webhook.token, "***") if webhook.token else reason
    return cut(redact(plain(one_line(bare))), REASON_LONGEST)


def _accepted(reply: Reply, webhook: Webhook) -> Answer:
    message_id = reply.body.get("id")
    if message_id == webhook.id:
        # A POST that a redirect on the way turned into a GET: the webhook described itself, and posted nothing.
        reason = f"HTTP {reply.status}: the webhook described itself and posted nothing; something redirects the POST."
        return RetryAfter(REDIRECT_SECONDS, Scope.WEBHOOK, reason, reply.status)
    known = isinstance(message_id, str) and message_id.isascii() and message_id.isdigit()
    return Delivered(str(message_id) if known else "", pace(reply))


def _asked_to_wait(reply: Reply, reason: str) -> RetryAfter | None:
    if reply.is_redirect:
        return RetryAfter(REDIRECT_SECONDS, Scope.WEBHOOK, reason, reply.status)
    if reply.code == _OLD_EDITS:
        return RetryAfter(_asked_seconds(reply), Scope.MESSAGE, reason, reply.status)
    if reply.status == HTTPStatus.TOO_MANY_REQUESTS:
        return _limited(reply, reason)
    if reply.code == _BLOCKED or (reply.status == HTTPStatus.FORBIDDEN and "code" not in reply.body):
        return RetryAfter(BLOCK_SECONDS, Scope.HOST, reason, reply.status)
    if reply.code == _OVERLOADED or reply.status in {HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE}:
        return RetryAfter(_asked_seconds(reply), Scope.WEBHOOK, reason, reply.status)
    return None


def _limited(reply: Reply, reason: str) -> RetryAfter:
    from_discord = "via" in reply.headers or _number(reply.body.get("retry_after")) is not None
    seconds = _asked_seconds(reply)
    if not from_discord:
        return RetryAfter(seconds or BAN_SECONDS, Scope.HOST, reason, reply.status)
    everywhere = reply.body.get("global") is True or "x-ratelimit-global" in reply.headers
    everywhere = everywhere or reply.headers.get("x-ratelimit-scope") == "global"
    return RetryAfter(seconds, Scope.GLOBAL if everywhere else Scope.WEBHOOK, reason, reply.status)


def _asked_seconds(reply: Reply) -> float | None:
    """The longer of what header and body ask, within reason, and a little more, so that not all wake at once."""
    asked = [_number(reply.headers.get("retry-after")), _number(reply.body.get("retry_after"))]
    known = [each for each in asked if each is not None]
    if not known:
        return None
    within_reason = min(max(*known, SHORTEST_WAIT_SECONDS), LONGEST_WAIT_SECONDS)
    return within_reason + random.uniform(0.1, 0.5)  # noqa: S311 - jitter is no secret


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, (str, int, float)) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _refusal(reply: Reply, *, edited: bool) -> Refusal:
    if reply.code == _ARCHIVED:
        return Refusal.MESSAGE_GONE if edited else Refusal.THREAD_GONE
    return _REFUSED_BY_CODE.get(reply.code) or _REFUSED_BY_STATUS.get(reply.status, Refusal.OTHER)


def _flattened(errors: object, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The error tree as ``embeds.0.url: Not a well formed URL.``, however the API's version draws it."""
    if isinstance(errors, dict) and len(path) < _ERRORS_DEEPEST:
        for key, branch in errors.items():
            yield from _flattened(branch, path if key == "_errors" else (*path, key))
    elif isinstance(errors, list):
        for leaf in errors:
            message = leaf.get("message") if isinstance(leaf, dict) else leaf
            if isinstance(message, str):
                yield f"{'.'.join(path)}: {message}"

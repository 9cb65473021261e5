"""The three calls we make of a webhook, each with one answer and never an exception.

It never tries again of its own: when to is the caller's decision, and the outbox's memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from freeze_alerts import __version__
from freeze_alerts.discord.answer import Answer, Delivered, Pace, Refusal, Refused, RetryAfter, Scope, Unknown
from freeze_alerts.discord.reply import Reply, judge, judge_inspection, read, told
from freeze_alerts.discord.webhook import Webhook

__all__ = [
    "Answer",
    "Delivered",
    "Pace",
    "Refusal",
    "Refused",
    "RetryAfter",
    "Scope",
    "Unknown",
    "edit",
    "inspect",
    "post",
]

CONNECT_SECONDS, READ_SECONDS, WHOLE_CALL_SECONDS = 5.0, 30.0, 35.0
BODY_LONGEST_BYTES = 1_000_000
HEADERS = {
    # The form Discord asks for; it refuses some libraries' own. https://docs.discord.com/developers/reference#user-agent
    "User-Agent": f"DiscordBot (https://github.com/freeze-design/freeze-alerts, {__version__})",
    "Accept": "application/json",
    "Accept-Encoding": "identity",
}


def post(webhook: Webhook, payload: Mapping[str, Any]) -> Answer:
    """Posts a message. ``wait=true`` makes Discord answer after it is saved, and with its id."""
    reply = _call("POST", webhook, webhook.url(), {"wait": "true"}, payload)
    return judge(reply, webhook) if isinstance(reply, Reply) else reply


def edit(webhook: Webhook, message_id: str, payload: Mapping[str, Any]) -> Answer:
    """Draws a message of this webhook anew. An edit may be repeated without harm."""
    if not (message_id.isascii() and message_id.isdigit()):
        return Refused(Refusal.MESSAGE_GONE, "The message's id is not known, so it can't be edited.", None)
    reply = _call("PATCH", webhook, webhook.url(message_id), {}, payload)
    return judge(reply, webhook, edited=True) if isinstance(reply, Reply) else reply


def inspect(webhook: Webhook) -> Answer:
    """Asks whether the webhook is there and takes messages: Delivered if so. Posts nothing."""
    reply = _call("GET", webhook, webhook.url(), {}, None)
    answer = judge_inspection(reply, webhook) if isinstance(reply, Reply) else reply
    return RetryAfter(None, Scope.WEBHOOK, answer.reason, answer.status) if isinstance(answer, Unknown) else answer


def _call(
    method: str, webhook: Webhook, url: str, query: dict[str, str], payload: Mapping[str, Any] | None
) -> Reply | RetryAfter | Unknown:
    if payload is not None and webhook.thread_id:
        query |= {"thread_id": webhook.thread_id}
    if payload is not None and "components" in payload:
        query |= {"with_components": "true"}  # else Discord passes over them without a word
    from freeze_alerts.discord import connection  # heavy, and most processes never have anything to send

    with connection.watched(WHOLE_CALL_SECONDS) as call:
        try:
            with connection.session().request(
                method,
                url,
                params=query,
                json=payload,
                headers=HEADERS,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,  # a followed redirect turns the POST into a GET, which answers 200
                stream=True,
            ) as response:
                return read(response.status_code, response.headers, connection.body(response, BODY_LONGEST_BYTES))
        except connection.FAILURES as error:
            return _failed(error, webhook, began_to_leave=call.began_to_leave)


def _failed(error: BaseException, webhook: Webhook, *, began_to_leave: bool) -> RetryAfter | Unknown:
    """No text of requests' own goes out: it holds the URL, and so the token."""
    cause, host = _cause(error), webhook.api_url.partition("://")[2].partition("/")[0]
    said = cause.strerror if isinstance(cause, OSError) else ""
    named = type(error).__name__ if cause is error else f"{type(error).__name__}, {type(cause).__name__}"
    fate = "the request had left, so it may have arrived" if began_to_leave else "nothing was sent"
    reason = told(f"{named} from {host}{f' ({said})' if said else ''}: {fate}.", webhook)
    return Unknown(reason, None) if began_to_leave else RetryAfter(None, Scope.WEBHOOK, reason, None)


def _cause(error: BaseException) -> BaseException:
    while (deeper := error.__cause__ or error.__context__) is not None:
        error = deeper
    return error

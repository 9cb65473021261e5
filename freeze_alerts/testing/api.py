"""Discord's webhook endpoints: from a call and its body to the answer, and to what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from freeze_alerts.testing import answers, forms, rules
from freeze_alerts.testing.answers import Answer
from freeze_alerts.testing.calls import Call
from freeze_alerts.testing.limits import RateLimits
from freeze_alerts.testing.messages import Message, Webhook, edited_payload, fresh_payload
from freeze_alerts.testing.state import State

KNOWN_VERSIONS = range(6, 11)
_BOOLEANS = ("True", "true", "1", "False", "false", "0")


def parsed(body: bytes) -> Any:
    """The body as JSON, {} when there is none. Raises ValueError for what Discord's parser refuses."""
    if not body:
        return {}
    try:
        value = json.loads(body, parse_constant=_no_such_number)
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return value


def _no_such_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


class Api:
    """Answers calls. One at a time: what it decides depends on what it has kept."""

    def __init__(self, state: State, limits: RateLimits) -> None:
        self._state = state
        self._limits = limits

    def answer(self, call: Call, body: bytes, instead: Answer | None = None) -> Answer:
        """The answer to a call; ``instead`` takes the place of serving it, and counts towards the limits too."""
        with self._state.changed:
            webhook = self._state.webhooks.get(call.webhook_id)
            verdict = self._limits.use(call.webhook_id, webhook.channel if webhook else "")
            if instead is not None:
                answer = instead
            elif verdict.is_over:
                answer = answers.rate_limited(
                    verdict.wait_seconds, verdict.scope, version=call.version, headers=verdict.headers
                )
            else:
                answer = self._refused_at_the_gate(call, webhook) or self._served(call, webhook, body)
            return replace(answer, headers={**verdict.headers, **answer.headers})

    def _refused_at_the_gate(self, call: Call, webhook: Webhook | None) -> Answer | None:
        if call.user_agent.lower().startswith("python-urllib"):
            return answers.cloudflare_blocked()
        if not call.is_known_address:
            return answers.not_found()
        if call.version not in KNOWN_VERSIONS:
            return answers.refusal(400, 50041, "Invalid API version specified")
        wrong = {
            name: rules.snowflake(value)
            for name, value in (("webhook_id", call.webhook_id), ("message_id", call.message_id or "0"))
        }
        if any(wrong.values()):
            return answers.invalid_form({name: tree for name, tree in wrong.items() if tree}, call.version)
        return self._refused_webhook(call, webhook)

    def _refused_webhook(self, call: Call, webhook: Webhook | None) -> Answer | None:
        if webhook is None or webhook.id in self._state.dead:
            if call.webhook_id in self._state.told_dead:
                self._state.complain(["a webhook is called again after its 404: Discord restricts who does that"])
            self._state.told_dead.add(call.webhook_id)
            return answers.refusal(404, 10015, "Unknown Webhook")
        if call.token != webhook.token:
            return answers.refusal(401, 50027, "Invalid Webhook Token")
        return None

    def _served(self, call: Call, webhook: Webhook | None, body: bytes) -> Answer:
        assert webhook is not None
        wrong = _wrong_query(call.query)
        if wrong:
            return answers.invalid_form(wrong, call.version)
        match (call.method, bool(call.message_id)):
            case ("GET", False):
                return answers.of_json(200, webhook.as_json())
            case ("POST", False):
                return self._checked(call, body) or self._post(call, webhook, parsed(body))
            case ("GET" | "PATCH" | "DELETE", True):
                return self._about_a_message(call, webhook, body)
        return answers.refusal(405, 0, "405: Method Not Allowed")

    def _checked(self, call: Call, body: bytes) -> Answer | None:
        """What is wrong with the body, if anything."""
        if body and call.content_type != "application/json":
            message = "Expected \"Content-Type\" header to be one of {'application/json'}."
            return answers.invalid_form(rules.wrong("CONTENT_TYPE_INVALID", message), call.version)
        try:
            value = parsed(body)
        except ValueError:
            return answers.refusal(400, 50109, "The request body contains invalid JSON.")
        is_edit, takes_components = bool(call.message_id), call.takes_components
        wrong = forms.errors(forms.trimmed(value), is_edit=is_edit, takes_components=takes_components)
        return answers.invalid_form(wrong, call.version) if wrong else None

    def _post(self, call: Call, webhook: Webhook, body: dict[str, Any]) -> Answer:
        payload = fresh_payload(forms.trimmed(body), takes_components=call.takes_components)
        if forms.is_empty(payload):
            return _empty()
        if "thread_name" in payload:
            return answers.refusal(400, 220003, "Webhooks can only create threads in forum channels")
        message = Message(
            id=self._state.new_id(),
            channel=webhook.channel,
            payload=payload,
            first_payload=body,
            posted_at=datetime.now(UTC),
            webhook=webhook,
            thread_id=call.query.get("thread_id", ""),
        )
        self._state.save(message)
        return answers.of_json(200, message.as_json()) if call.waits else Answer(204)

    def _about_a_message(self, call: Call, webhook: Webhook, body: bytes) -> Answer:
        message = self._state.messages.get(call.message_id)
        is_here = message is not None and message.thread_id == call.query.get("thread_id", "")
        if message is None or message.webhook.id != webhook.id or not is_here:
            return answers.refusal(404, 10008, "Unknown Message")
        if call.method == "PATCH":
            return self._checked(call, body) or self._edit(call, message, parsed(body))
        if call.method == "DELETE":
            self._state.forget(message.id)
            return Answer(204)
        return answers.of_json(200, message.as_json())

    def _edit(self, call: Call, message: Message, body: dict[str, Any]) -> Answer:
        payload = edited_payload(message.payload, forms.trimmed(body), takes_components=call.takes_components)
        if forms.is_empty(payload):
            return _empty()
        edits = [*message.edits, body]
        edited = replace(message, payload=payload, edits=edits, edited_at=datetime.now(UTC))
        self._state.save(edited)
        return answers.of_json(200, edited.as_json())


def _empty() -> Answer:
    return answers.refusal(400, 50006, "Cannot send an empty message")


def _wrong_query(query: Mapping[str, str]) -> answers.Tree:
    found = {
        name: rules.boolean(query[name])
        for name in ("wait", "with_components")
        if name in query and query[name] not in _BOOLEANS
    }
    thread = rules.snowflake(query["thread_id"]) if "thread_id" in query else {}
    return found | ({"thread_id": thread} if thread else {})

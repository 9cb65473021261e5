"""The one place the stand-in remembers things; every method may be called from any thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from freeze_alerts.testing.calls import Call
from freeze_alerts.testing.failures import Failure
from freeze_alerts.testing.messages import Message, Request, Webhook

_DISCORD_EPOCH_MILLISECONDS = 1_420_070_400_000


@dataclass
class _Planned:
    failure: Failure
    times_left: int | None
    channel: str | None


@dataclass
class State:
    """``changed`` guards everything and is notified at each change; ``version`` counts the changes."""

    changed: threading.Condition = field(default_factory=threading.Condition)
    version: int = 0
    webhooks: dict[str, Webhook] = field(default_factory=dict)
    dead: set[str] = field(default_factory=set)
    told_dead: set[str] = field(default_factory=set)
    messages: dict[str, Message] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    complaints: dict[str, None] = field(default_factory=dict)
    _planned: list[_Planned] = field(default_factory=list)
    _epoch: int = 0
    _last_id: int = 0

    def touch(self) -> None:
        self.version += 1
        self.changed.notify_all()

    def webhook(self, channel: str) -> Webhook:
        """The channel's living webhook, made when there is none."""
        with self.changed:
            made = [each for each in self.webhooks.values() if each.channel == channel]
            if made and made[-1].id not in self.dead:
                return made[-1]
            webhook = Webhook.made(channel, len(made))
            self.webhooks[webhook.id] = webhook
            self.touch()
            return webhook

    def kill(self, channel: str) -> None:
        with self.changed:
            self.dead |= {each.id for each in self.webhooks.values() if each.channel == channel}
            self.touch()

    def channels(self) -> list[str]:
        return list(dict.fromkeys(each.channel for each in self.webhooks.values()))

    def channel_of(self, call: Call) -> str | None:
        webhook = self.webhooks.get(call.webhook_id)
        return webhook.channel if webhook else None

    def begin(self, call: Call) -> tuple[Callable[[int, Any], None], Failure | None]:
        """Notes a call as it arrives. Returns how to note its answer's status and body, and what shall go wrong."""
        with self.changed:
            channel = self.channel_of(call)
            request = Request(call.method, call.shown_path, 0, datetime.now(UTC), None, channel, call.user_agent)
            self.requests.append(request)
            place, epoch = len(self.requests) - 1, self._epoch
            failure = self._next_failure(call.method, channel)
            self.touch()

        def finish(status: int, body: Any) -> None:
            with self.changed:
                if epoch == self._epoch:
                    self.requests[place] = replace(request, status=status, body=body)
                self.touch()

        return finish, failure

    def complain(self, complaints: Iterable[str]) -> None:
        with self.changed:
            self.complaints.update(dict.fromkeys(complaints))

    def plan(self, failure: Failure, times: int | None, channel: str | None) -> None:
        with self.changed:
            self._planned.append(_Planned(failure, times, channel))

    def heal(self) -> None:
        with self.changed:
            self._planned.clear()

    def _next_failure(self, method: str, channel: str | None) -> Failure | None:
        for planned in self._planned:
            if planned.channel in (None, channel) and planned.failure.concerns(method):
                if planned.times_left is not None:
                    planned.times_left -= 1
                    self._planned = [each for each in self._planned if each.times_left != 0]
                return planned.failure
        return None

    def clear(self) -> None:
        with self.changed:
            self.messages.clear()
            self.requests.clear()
            self.complaints.clear()
            self._epoch += 1
            self.touch()

    def save(self, message: Message) -> None:
        with self.changed:
            self.messages[message.id] = message
            self.touch()

    def forget(self, message_id: str) -> None:
        with self.changed:
            self.messages.pop(message_id, None)
            self.touch()

    def new_id(self) -> str:
        """A snowflake of now, and larger than all before."""
        milliseconds = int(datetime.now(UTC).timestamp() * 1000) - _DISCORD_EPOCH_MILLISECONDS
        self._last_id = max(self._last_id + 1, milliseconds << 22)
        return str(self._last_id)

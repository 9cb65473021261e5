"""Discord's rate limits: one a webhook, shown in headers, and a hidden one for the whole channel.

Numbers: 5 requests in 2 s a webhook; 30 in 60 s a channel, shared by its webhooks
(https://github.com/discord/discord-api-docs/issues/367). Refused requests count too.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from freeze_alerts.testing import answers

Quota = tuple[int, float]
"""How many requests, in how many seconds."""

PER_WEBHOOK: Quota = (5, 2.0)
PER_CHANNEL: Quota = (30, 60.0)


@dataclass(frozen=True)
class Verdict:
    """What a call may. ``headers`` tell the webhook's own limit, whatever the channel's says."""

    headers: dict[str, str]
    wait_seconds: float = 0.0
    scope: str = ""

    @property
    def is_over(self) -> bool:
        return self.wait_seconds > 0


@dataclass
class _Window:
    """Opens with its first request, and is forgotten when its time is over."""

    opened_at: float
    used: int = 0


class RateLimits:
    """Counts requests. Off until switched on; then ``clock`` (seconds since the epoch) tells the time."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._per_webhook: Quota = PER_WEBHOOK
        self._per_channel: Quota = PER_CHANNEL
        self._is_on = False
        self._windows: dict[str, _Window] = {}

    def switch_on(self, per_webhook: Quota, per_channel: Quota) -> None:
        self._per_webhook, self._per_channel, self._is_on = per_webhook, per_channel, True
        self._windows.clear()

    def use(self, webhook_id: str, channel: str) -> Verdict:
        """Counts one request, unless it is over a limit: then nothing is counted and the verdict says how long."""
        limit, seconds = self._per_webhook
        if not self._is_on:
            return Verdict(answers.rate_limit_headers(limit, limit - 1, seconds, self._clock()))
        own = self._window(f"webhook {webhook_id}", self._per_webhook)
        whole = self._window(f"channel {channel}", self._per_channel)
        if own.used >= limit:
            return Verdict(self._headers(own), self._left(own, self._per_webhook), "user")
        if whole.used >= self._per_channel[0]:
            return Verdict(self._headers(own), self._left(whole, self._per_channel), "shared")
        own.used += 1
        whole.used += 1
        return Verdict(self._headers(own))

    def _window(self, name: str, quota: Quota) -> _Window:
        window = self._windows.get(name)
        if window is None or self._left(window, quota) <= 0:
            window = self._windows[name] = _Window(self._clock())
        return window

    def _left(self, window: _Window, quota: Quota) -> float:
        return window.opened_at + quota[1] - self._clock()

    def _headers(self, window: _Window) -> dict[str, str]:
        limit = self._per_webhook[0]
        left = max(self._left(window, self._per_webhook), 0.001)
        return answers.rate_limit_headers(limit, limit - window.used, left, self._clock())

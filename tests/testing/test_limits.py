from __future__ import annotations

import pytest

from freeze_alerts.testing.discord import DiscordServer
from freeze_alerts.testing.limits import PER_CHANNEL, PER_WEBHOOK, RateLimits
from tests.testing.calling import call, post


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(clock: Clock) -> RateLimits:
    limits = RateLimits(clock)
    limits.switch_on(PER_WEBHOOK, PER_CHANNEL)
    return limits


def test_without_limits_something_always_remains(clock: Clock) -> None:
    limits = RateLimits(clock)
    verdicts = [limits.use("1", "errors") for _ in range(100)]
    assert {each.headers["X-RateLimit-Remaining"] for each in verdicts} == {"4"}


def test_the_sixth_call_within_two_seconds_has_to_wait(limits: RateLimits, clock: Clock) -> None:
    remaining = [limits.use("1", "errors").headers["X-RateLimit-Remaining"] for _ in range(5)]
    clock.now += 0.5
    verdict = limits.use("1", "errors")
    assert remaining == ["4", "3", "2", "1", "0"]
    assert (verdict.scope, verdict.wait_seconds) == ("user", 1.5)
    clock.now += 1.5
    assert not limits.use("1", "errors").is_over


def test_two_webhooks_share_their_channels_hidden_limit(limits: RateLimits, clock: Clock) -> None:
    for number in range(30):
        clock.now += 0.5
        assert not limits.use(str(number % 2), "errors").is_over
    verdict = limits.use("0", "errors")
    assert verdict.scope == "shared"
    assert verdict.wait_seconds == pytest.approx(45.5)
    assert int(verdict.headers["X-RateLimit-Remaining"]) > 0
    assert not limits.use("2", "payments").is_over


def test_a_429_tells_how_long_in_header_and_body(clock: Clock) -> None:
    with DiscordServer(clock=clock) as server:
        server.rate_limits(per_webhook=(1, 2.5))
        post(server)
        answer = post(server)
    assert (answer.status_code, answer.json()["retry_after"], answer.json()["global"]) == (429, 2.5, False)
    assert answer.headers["Retry-After"] == "3"
    assert answer.headers["X-RateLimit-Scope"] == "user"
    assert answer.headers["X-RateLimit-Reset-After"] == "2.500"
    assert len(server.messages()) == 1


def test_an_unversioned_429_counts_milliseconds(clock: Clock) -> None:
    with DiscordServer(clock=clock) as server:
        server.rate_limits(per_webhook=(1, 2.5))
        url = server.webhook("errors").replace("/v10", "")
        post(server, url=url)
        answer = post(server, url=url)
    assert answer.json()["retry_after"] == 2500
    assert answer.headers["Retry-After"] == "2500"


def test_a_refused_call_counts_too(clock: Clock) -> None:
    with DiscordServer(clock=clock) as server:
        server.rate_limits(per_webhook=(2, 2.0))
        statuses = [call(server, "POST", {}).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]

from __future__ import annotations

import threading
from typing import Any

import pytest
import requests

from freeze_alerts.testing.discord import DiscordServer, Failure
from tests.testing.calling import call, patch, post


def test_a_drop_saves_nothing(server: DiscordServer) -> None:
    server.fail(Failure.drop())
    with pytest.raises(requests.ConnectionError):
        post(server)
    assert server.messages() == []
    assert [each.status for each in server.requests] == [0]
    assert post(server).status_code == 200


def test_save_then_drop_saves_without_a_word(server: DiscordServer) -> None:
    server.fail(Failure.save_then_drop())
    with pytest.raises(requests.ConnectionError):
        post(server)
    assert len(server.messages()) == 1


def test_who_leaves_a_hanging_call_has_sent_nothing(server: DiscordServer) -> None:
    server.fail(Failure.hang(0.3))
    with pytest.raises(requests.ReadTimeout):
        post(server, timeout=0.1)
    post(server, {"content": "after"})
    server.fail(Failure.hang(0.3))
    post(server, {"content": "patient"})
    assert [each.payload["content"] for each in server.messages()] == ["after", "patient"]


def test_hanging_after_saving_has_saved(server: DiscordServer) -> None:
    server.fail(Failure.hang_after_saving(60))
    with pytest.raises(requests.ReadTimeout):
        post(server, timeout=0.2)
    assert len(server.messages()) == 1


def test_stop_ends_a_call_that_hangs(server: DiscordServer) -> None:
    server.fail(Failure.hang(60))
    outcome: list[BaseException] = []

    def try_it() -> None:
        try:
            post(server)
        except requests.RequestException as error:
            outcome.append(error)

    caller = threading.Thread(target=try_it)
    caller.start()
    server.wait_for(lambda each: each.requests)
    server.stop()
    caller.join(timeout=10)
    assert isinstance(outcome[0], requests.ConnectionError)


@pytest.mark.parametrize(("code", "words"), [(500, "Internal Server Error"), (502, "Bad Gateway"), (520, "unknown")])
def test_a_gateway_speaks_html(server: DiscordServer, code: int, words: str) -> None:
    server.fail(Failure.status(code))
    answer = post(server)
    assert answer.status_code == code
    assert answer.headers["Content-Type"].startswith("text/html")
    assert words in answer.text
    assert server.messages() == []


def test_a_redirect_leads_to_the_webhook_itself(server: DiscordServer) -> None:
    server.fail(Failure.status(301))
    location = post(server).headers["Location"]
    followed = requests.get(server.url.rstrip("/") + location, headers={"User-Agent": "me"}, timeout=5)
    assert followed.json()["type"] == 1
    assert server.messages() == []


@pytest.mark.parametrize(
    ("failure", "status", "body", "headers", "absent"),
    [
        (
            Failure.rate_limited(1.25),
            429,
            {"message": "You are being rate limited.", "retry_after": 1.25, "global": False},
            {"X-RateLimit-Scope": "user", "X-RateLimit-Remaining": "0", "Retry-After": "2", "Via": "1.1 google"},
            "X-RateLimit-Global",
        ),
        (
            Failure.rate_limited(42, "shared"),
            429,
            {"message": "You are being rate limited.", "retry_after": 42, "global": False},
            {"X-RateLimit-Scope": "shared", "X-RateLimit-Remaining": "4", "Retry-After": "42"},
            "X-RateLimit-Global",
        ),
        (
            Failure.rate_limited(3, "global"),
            429,
            {"message": "You are being rate limited.", "retry_after": 3, "global": True},
            {"X-RateLimit-Scope": "global", "X-RateLimit-Global": "true"},
            "Location",
        ),
        (
            Failure.unversioned_rate_limit(376),
            429,
            {"message": "You are being rate limited.", "retry_after": 376, "global": False},
            {"Retry-After": "376"},
            "Location",
        ),
        (
            Failure.error(403, 50013, "Missing Permissions"),
            403,
            {"code": 50013, "message": "Missing Permissions"},
            {"Via": "1.1 google", "X-RateLimit-Limit": "5"},
            "Retry-After",
        ),
    ],
)
def test_a_failure_answers_as_discord_does(
    server: DiscordServer, *, failure: Failure, status: int, body: Any, headers: dict[str, str], absent: str
) -> None:
    server.fail(failure)
    answer = post(server)
    assert (answer.status_code, answer.json()) == (status, body)
    assert headers.items() <= answer.headers.items()
    assert absent not in answer.headers


@pytest.mark.parametrize(
    ("failure", "status", "text"),
    [
        (Failure.cloudflare_ban(), 429, "You are being blocked"),
        (Failure.cloudflare_blocked(), 403, "error code: 1010"),
    ],
)
def test_cloudflare_gives_no_hint(server: DiscordServer, failure: Failure, status: int, text: str) -> None:
    server.fail(failure)
    answer = post(server)
    assert (answer.status_code, text in answer.text) == (status, True)
    assert not {"Via", "Retry-After", "X-RateLimit-Limit", "X-RateLimit-Bucket"} & answer.headers.keys()


def test_an_old_edit_fails_on_patch_alone(server: DiscordServer) -> None:
    server.fail(Failure.old_edit())
    message_id = post(server).json()["id"]
    answer = patch(server, message_id, {"content": "again"})
    assert (answer.status_code, answer.json()["code"]) == (429, 30046)
    assert patch(server, message_id, {"content": "again"}).status_code == 200


def test_a_message_that_cannot_be_saved_is_told_to_those_who_wait(server: DiscordServer) -> None:
    server.fail(Failure.error(400, 200000, "Message was blocked by automatic moderation"), times=2)
    answers = [post(server, query=query) for query in ("", "?wait=true")]
    assert [each.status_code for each in answers] == [204, 400]
    assert server.messages() == []


def test_a_failure_keeps_to_its_channel_and_its_times(server: DiscordServer) -> None:
    server.fail(Failure.status(503), times=2, channel="errors")
    assert post(server, channel="payments").status_code == 200
    assert [post(server).status_code for _ in range(3)] == [503, 503, 200]


def test_a_failure_without_times_lasts_until_healed(server: DiscordServer) -> None:
    server.fail(Failure.status(503), times=None)
    assert [call(server, "GET").status_code for _ in range(3)] == [503] * 3
    server.heal()
    assert call(server, "GET").status_code == 200

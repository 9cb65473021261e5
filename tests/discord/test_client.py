from __future__ import annotations

import json
import logging
import pickle
import re
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from freeze_alerts.discord import client, connection, webhook
from freeze_alerts.discord.client import (
    Answer,
    Delivered,
    Pace,
    Refusal,
    Refused,
    RetryAfter,
    Scope,
    Unknown,
    edit,
    inspect,
    post,
)
from freeze_alerts.discord.webhook import Webhook

TOKEN = "S3cret-token_of-the-webhook-" + "x" * 40
VIA = {"Via": "1.1 google"}
MESSAGE = {"id": "55", "channel_id": "7", "author": {"id": "1"}, "timestamp": "2026-11-20T02:42:00+00:00"}


@dataclass
class Said:
    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: Any
    connection: int


Script = Callable[["Handler"], None]


@dataclass
class Discord:
    """A server that says what a test tells it to."""

    url: str = ""
    says: Script = lambda handler: handler.say(200, MESSAGE)
    heard: list[Said] = field(default_factory=list)

    @property
    def webhook(self) -> Webhook:
        return Webhook("1", TOKEN, self.url)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    discord: Discord

    def handle_any(self) -> None:
        parts = urlsplit(self.path)
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(content) if content else None
        headers = dict(self.headers.items())
        said = Said(self.command, parts.path, parse_qs(parts.query), headers, body, self.client_address[1])
        self.discord.heard.append(said)
        self.discord.says(self)

    do_GET = do_POST = do_PATCH = handle_any  # noqa: N815 - http.server's names

    def say(self, status: int, body: object = None, headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is part of the play."""


@pytest.fixture
def discord() -> Iterator[Discord]:
    played = Discord()
    server = Server(("127.0.0.1", 0), type("Playing", (Handler,), {"discord": played}))
    played.url = f"http://127.0.0.1:{server.server_address[1]}/api/v10"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield played
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(autouse=True)
def fresh_session() -> Iterator[None]:
    yield
    if connection._state.session is not None:
        connection._state.session.close()
    connection._state.session = None


def answer_to(discord: Discord, status: int, body: object = None, headers: dict[str, str] | None = None) -> Answer:
    discord.says = lambda handler: handler.say(status, body, headers)
    return post(discord.webhook, {"content": "x"})


def test_a_post_asks_discord_to_answer_when_it_is_saved(discord: Discord) -> None:
    assert post(discord.webhook, {"content": "é"}) == Delivered("55", Pace())
    said = discord.heard[0]
    assert (said.method, said.path, said.body) == ("POST", f"/api/v10/webhooks/1/{TOKEN}", {"content": "é"})
    assert said.query == {"wait": ["true"]}
    assert re.fullmatch(r"DiscordBot \(https://\S+, \d+\.\d+\.\d+\)", said.headers["User-Agent"])


def test_an_edit_goes_to_the_message_and_its_thread_with_its_components(discord: Discord) -> None:
    in_a_thread = Webhook("1", TOKEN, discord.url, thread_id="9")
    assert edit(in_a_thread, "55", {"content": "x", "components": []}) == Delivered("55", Pace())
    said = discord.heard[0]
    assert (said.method, said.path) == ("PATCH", f"/api/v10/webhooks/1/{TOKEN}/messages/55")
    assert said.query == {"thread_id": ["9"], "with_components": ["true"]}


@pytest.mark.parametrize("message_id", ["", "../../2/other", "٣"])
def test_an_edit_of_a_message_without_an_id_calls_nobody(discord: Discord, message_id: str) -> None:
    answer = edit(discord.webhook, message_id, {})
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.MESSAGE_GONE
    assert discord.heard == []


def test_the_pace_is_read_from_what_remains_and_never_from_the_moment_of_reset(discord: Discord) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1.5", "X-RateLimit-Reset": "1e12"}
    assert answer_to(discord, 200, MESSAGE, headers) == Delivered("55", Pace(0, 1.5))
    odd = {"X-RateLimit-Remaining": "many", "X-RateLimit-Reset-After": "nan"}
    assert answer_to(discord, 200, MESSAGE, odd) == Delivered("55", Pace(None, None))


@pytest.mark.parametrize("body", [None, b"<html>", b"[" * 5000, [], {"id": 5}, {"id": "\u0663"}, b"\xff\xfe"])
def test_a_2xx_is_delivered_whatever_its_body_says(discord: Discord, body: object) -> None:
    assert answer_to(discord, 200, body) == Delivered("", Pace())


def test_a_204_is_delivered(discord: Discord) -> None:
    assert answer_to(discord, 204) == Delivered("", Pace())


def test_a_webhook_that_describes_itself_has_posted_nothing(discord: Discord) -> None:
    answer = answer_to(discord, 200, {"id": "1", "type": 1, "channel_id": "7", "token": TOKEN})
    assert isinstance(answer, RetryAfter)
    assert "posted nothing" in answer.reason


def test_a_redirect_is_not_followed_and_tried_again_slowly(discord: Discord) -> None:
    answer = answer_to(discord, 301, None, {"Location": f"{discord.url}/webhooks/1/{TOKEN}"})
    assert isinstance(answer, RetryAfter)
    assert (answer.seconds, answer.status, len(discord.heard)) == (300, 301, 1)


@pytest.mark.parametrize(
    ("status", "body", "refusal"),
    [
        (400, {"code": 50035, "message": "Invalid Form Body"}, Refusal.PAYLOAD),
        (400, {"code": 50006, "message": "Cannot send an empty message"}, Refusal.PAYLOAD),
        (400, {"embeds": ["0"]}, Refusal.PAYLOAD),  # as unversioned URLs say it
        (400, b"<html>", Refusal.PAYLOAD),
        (400, {"code": 220001, "message": "forum"}, Refusal.ACCESS),
        (400, {"code": 200000, "message": "AutoMod"}, Refusal.PAYLOAD),
        (403, {"code": 240000, "message": "harmful link"}, Refusal.PAYLOAD),
        (413, {"code": 40005, "message": "too large"}, Refusal.PAYLOAD),
        (413, b"", Refusal.PAYLOAD),
        (401, {"code": 50027, "message": "Invalid Webhook Token"}, Refusal.WEBHOOK_GONE),
        (401, {"code": 0, "message": "401: Unauthorized"}, Refusal.ACCESS),
        (403, {"code": 50001, "message": "Missing Access"}, Refusal.ACCESS),
        (403, {"code": 50013, "message": "Missing Permissions"}, Refusal.ACCESS),
        (404, {"code": 10015, "message": "Unknown Webhook"}, Refusal.WEBHOOK_GONE),
        (404, {"code": 10003, "message": "Unknown Channel"}, Refusal.THREAD_GONE),
        (400, {"code": 160005, "message": "locked"}, Refusal.THREAD_GONE),
        (400, {"code": 50083, "message": "archived"}, Refusal.THREAD_GONE),
        (404, {"code": 0, "message": "404: Not Found"}, Refusal.OTHER),
        (405, b"", Refusal.OTHER),
    ],
)
def test_what_will_be_refused_again_is_refused(discord: Discord, status: int, body: object, refusal: Refusal) -> None:
    answer = answer_to(discord, status, body, VIA)
    assert isinstance(answer, Refused)
    assert (answer.refusal, answer.status) == (refusal, status)


@pytest.mark.parametrize(("status", "code"), [(404, 10008), (400, 50083)])
def test_an_edit_of_what_is_gone_says_so(discord: Discord, status: int, code: int) -> None:
    discord.says = lambda handler: handler.say(status, {"code": code, "message": "gone"})
    answer = edit(discord.webhook, "55", {"content": "x"})
    assert isinstance(answer, Refused)
    assert answer.refusal is Refusal.MESSAGE_GONE


def limit(seconds: float, **more: object) -> dict[str, object]:
    return {"message": "You are being rate limited.", "retry_after": seconds, "global": False, **more}


BANNED = {"code": 0, "message": "You are being blocked from accessing our API temporarily"}


@pytest.mark.parametrize(
    ("status", "body", "headers", "scope", "seconds"),
    [
        (429, limit(1.25), {**VIA, "Retry-After": "2"}, Scope.WEBHOOK, 2),  # the longer of both
        (429, limit(44.4), {**VIA, "Retry-After": "3", "X-RateLimit-Scope": "shared"}, Scope.WEBHOOK, 44.4),
        (429, limit(1.25), {}, Scope.WEBHOOK, 1.25),  # through a proxy that drops headers
        (429, limit(0.004), VIA, Scope.WEBHOOK, 0.5),
        (429, limit(43323000), VIA, Scope.WEBHOOK, 3600),  # milliseconds, or a very long limit
        (429, limit(2, **{"global": True}), VIA, Scope.GLOBAL, 2),
        (429, limit(2), {**VIA, "X-RateLimit-Global": "true"}, Scope.GLOBAL, 2),
        (429, limit(2), {**VIA, "X-RateLimit-Scope": "global"}, Scope.GLOBAL, 2),
        (429, limit(2, code=20028), VIA, Scope.WEBHOOK, 2),
        (429, {"message": "?"}, VIA, Scope.WEBHOOK, None),
        (429, {"retry_after": "soon"}, {**VIA, "Retry-After": "Fri, 20 Nov 2026 02:42:00 GMT"}, Scope.WEBHOOK, None),
        (429, b"", {**VIA, "Retry-After": "7"}, Scope.WEBHOOK, 7),
        (429, limit(60, code=30046), VIA, Scope.MESSAGE, 60),
        (429, {"code": 30046, "message": "old"}, VIA, Scope.MESSAGE, None),
        (429, BANNED, {}, Scope.HOST, 3600),
        (429, b"error code: 1015", {}, Scope.HOST, 3600),
        (429, b"error code: 1015", {"Retry-After": "90"}, Scope.HOST, 90),
        (403, b"error code: 1010", {}, Scope.HOST, 1800),
        (403, {"code": 40333, "message": "internal network error"}, VIA, Scope.HOST, 1800),
        (502, b"<html>", {}, Scope.WEBHOOK, None),
        (503, b"", {"Retry-After": "20"}, Scope.WEBHOOK, 20),
        (503, {"code": 130000, "message": "overloaded"}, VIA, Scope.WEBHOOK, None),
    ],
)
def test_who_waits_and_how_long(  # noqa: PLR0917 - the table's columns
    discord: Discord, status: int, body: object, headers: dict[str, str], scope: Scope, seconds: float | None
) -> None:
    answer = answer_to(discord, status, body, headers)
    assert isinstance(answer, RetryAfter)
    assert (answer.scope, answer.status) == (scope, status)
    if seconds is None:
        assert answer.seconds is None
    else:
        assert answer.seconds is not None
        assert seconds <= answer.seconds <= seconds + 0.5


@pytest.mark.parametrize("status", [500, 504, 520, 521, 522, 523, 524])
def test_it_is_not_known_whether_a_failing_server_took_the_message(discord: Discord, status: int) -> None:
    answer = answer_to(discord, status, b"<html>")
    assert isinstance(answer, Unknown)
    assert answer.status == status


def test_the_error_tree_is_told_in_a_line(discord: Discord) -> None:
    errors = {"embeds": {"0": {"url": {"_errors": [{"code": "URL_TYPE", "message": "Not a well formed URL."}]}}}}
    answer = answer_to(discord, 400, {"code": 50035, "message": "Invalid Form Body", "errors": errors})
    assert answer == Refused(
        Refusal.PAYLOAD, "HTTP 400, code 50035: Invalid Form Body embeds.0.url: Not a well formed URL.", 400
    )
    old = answer_to(discord, 400, {"embeds": ["0"]})
    assert old == Refused(Refusal.PAYLOAD, "HTTP 400: embeds: 0", 400)


@pytest.mark.parametrize(
    "errors", [{str(key): {"_errors": [{"message": "no " * 99}]} for key in range(999)}, [[[]]], "no", {"a": [None]}]
)
def test_an_error_tree_of_any_form_stays_short(discord: Discord, errors: object) -> None:
    answer = answer_to(discord, 400, {"message": {"odd": 1}, "errors": errors})
    assert isinstance(answer, Refused)
    assert len(answer.reason) <= 500


def test_where_nobody_listens_nothing_was_sent() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Webhook("1", TOKEN, f"http://127.0.0.1:{taken.getsockname()[1]}")
        answer = post(nobody, {"content": "x"})
    assert isinstance(answer, RetryAfter)
    assert (answer.seconds, answer.scope, answer.status) == (None, Scope.WEBHOOK, None)
    assert "ConnectionRefusedError" in answer.reason
    assert "nothing was sent" in answer.reason


def test_a_name_that_does_not_resolve_was_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    answer = post(Webhook("1", TOKEN), {"content": "x"})
    assert isinstance(answer, RetryAfter)
    assert "Name or service not known" in answer.reason


def test_a_failed_tls_handshake_was_sent_nothing(discord: Discord) -> None:
    answer = post(Webhook("1", TOKEN, discord.url.replace("http:", "https:")), {"content": "x"})
    assert isinstance(answer, RetryAfter)
    assert answer.seconds is None
    assert discord.heard == []


def test_a_message_may_have_arrived_when_the_connection_drops_after_it(discord: Discord) -> None:
    discord.says = Handler.hang_up
    answer = post(discord.webhook, {"content": "x"})
    assert isinstance(answer, Unknown)
    assert (answer.status, len(discord.heard)) == (None, 1)


def test_a_kept_connection_that_drops_leaves_it_unknown_and_is_not_tried_again(discord: Discord) -> None:
    assert isinstance(post(discord.webhook, {"content": "x"}), Delivered)
    discord.says = Handler.hang_up
    assert isinstance(post(discord.webhook, {"content": "x"}), Unknown)
    assert len(discord.heard) == 2


def test_a_message_may_have_arrived_when_no_answer_comes(discord: Discord, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    release = threading.Event()
    discord.says = lambda handler: wait_for(release)
    answer = post(discord.webhook, {"content": "x"})
    release.set()
    assert isinstance(answer, Unknown)
    assert "ReadTimeout" in answer.reason


def wait_for(event: threading.Event) -> None:
    event.wait(20)


def drip(handler: Handler, release: threading.Event, head: bytes) -> None:
    handler.wfile.write(head)
    while not release.wait(0.05):
        handler.wfile.write(b"x")


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", Delivered),
        (b"HTTP/1.1 200 OK\r\nX-Endless: ", Delivered),
        (b"HTTP/1.1 2", Unknown),
        (b"HTTP/1.1 500 Oh\r\nContent-Length: 900000\r\n\r\n", Unknown),
    ],
)
def test_a_dripping_answer_does_not_hold_us_up(
    discord: Discord, monkeypatch: pytest.MonkeyPatch, head: bytes, kind: type
) -> None:
    monkeypatch.setattr(client, "WHOLE_CALL_SECONDS", 0.3)
    release = threading.Event()
    discord.says = lambda handler: drip(handler, release, head)
    answer = post(discord.webhook, {"content": "x"})
    release.set()
    assert isinstance(answer, kind)


def test_a_huge_body_is_not_read_to_its_end(discord: Discord) -> None:
    assert answer_to(discord, 200, b"x" * 3_000_000) == Delivered("", Pace())


def test_the_connection_is_kept_from_call_to_call_and_given_up_after_a_pause(
    discord: Discord, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(discord.webhook, {"content": "x"})
    post(discord.webhook, {"content": "x"})
    assert discord.heard[0].connection == discord.heard[1].connection
    monkeypatch.setattr(connection, "IDLE_LONGEST_SECONDS", -1.0)
    post(discord.webhook, {"content": "x"})
    assert discord.heard[2].connection != discord.heard[1].connection


def test_threads_do_not_share_a_session() -> None:
    sessions = [connection.session()]
    thread = threading.Thread(target=lambda: sessions.append(connection.session()))
    thread.start()
    thread.join()
    assert sessions[0] is not sessions[1]
    assert connection.session() is sessions[0]


def test_a_process_made_by_a_fork_does_not_share_its_parents_session(monkeypatch: pytest.MonkeyPatch) -> None:
    parents = connection.session()
    monkeypatch.setattr(connection._state, "process_id", 0)
    assert connection.session() is not parents


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"id": "1", "type": 1, "token": TOKEN}, Delivered("", Pace())),
        (200, {"id": "1", "type": 2}, Refusal.OTHER),  # follows another channel
        (200, b"<html>Welcome to the hotel's network", Refusal.OTHER),
        (404, {"code": 10015, "message": "Unknown Webhook"}, Refusal.WEBHOOK_GONE),
    ],
)
def test_an_inspection_posts_nothing(discord: Discord, status: int, body: object, expected: object) -> None:
    discord.says = lambda handler: handler.say(status, body)
    answer = inspect(discord.webhook)
    assert (answer.refusal if isinstance(answer, Refused) else answer) == expected
    assert [(each.method, each.query) for each in discord.heard] == [("GET", {})]


def test_an_inspection_that_fails_may_simply_be_repeated(discord: Discord) -> None:
    discord.says = Handler.hang_up
    assert isinstance(inspect(discord.webhook), RetryAfter)


@pytest.mark.parametrize(
    "says",
    [
        lambda handler: handler.say(400, {"message": f"Bad /webhooks/1/{TOKEN}", "errors": {TOKEN: [TOKEN]}}),
        lambda handler: handler.say(302, None, {"Location": f"/webhooks/1/{TOKEN}"}),
        lambda handler: handler.say(500, TOKEN.encode()),
        lambda handler: handler.say(429, {"message": TOKEN, "retry_after": 1}),
        Handler.hang_up,
    ],
)
def test_the_token_is_in_no_answer_and_in_no_log(
    discord: Discord, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str], says: Script
) -> None:
    webhook.install()
    discord.says = says
    with caplog.at_level(logging.DEBUG):
        answers = [post(discord.webhook, {"content": "x"}), edit(discord.webhook, "5", {}), inspect(discord.webhook)]
        answers.append(post(Webhook("1", TOKEN, "http://127.0.0.1:1"), {"content": "x"}))
        answers.append(post(Webhook("1", TOKEN, "http://[bad"), {"content": "x"}))
    seen = repr(answers) + str(answers) + caplog.text + repr(pickle.dumps(answers)) + "".join(capfd.readouterr())
    assert says is Handler.hang_up or "/webhooks/1/***" in caplog.text
    assert TOKEN not in seen

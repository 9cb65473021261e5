from __future__ import annotations

from typing import Any

import pytest
import requests

from freeze_alerts.testing.discord import DiscordServer
from tests.testing.calling import AGENT, NOBODY, button, call, embeds, patch, post


def test_a_post_answers_with_the_message(server: DiscordServer) -> None:
    answer = post(server, {"content": "  The disk is full\n"} | embeds({"title": "Disk"}))
    body, (message,) = answer.json(), server.messages("errors")
    assert answer.status_code == 200
    assert (body["id"], body["content"], body["webhook_id"]) == (message.id, "The disk is full", message.webhook.id)
    assert body["embeds"] == [{"type": "rich", "title": "Disk"}]
    assert body["author"]["bot"] is True
    assert message.first_payload["content"] == "  The disk is full\n"
    assert {"X-RateLimit-Limit", "X-RateLimit-Reset-After", "X-RateLimit-Bucket", "Via"} <= answer.headers.keys()


def test_without_wait_there_is_no_answer(server: DiscordServer) -> None:
    answer = post(server, query="")
    assert (answer.status_code, answer.content) == (204, b"")
    assert len(server.messages()) == 1


def test_a_wrong_body_gets_the_error_tree(server: DiscordServer) -> None:
    answer = post(server, embeds({"title": "x"}, {"title": "y", "url": "http://bugsink:8000/"}))
    leaf = {"code": "URL_TYPE_INVALID_URL", "message": "Not a well formed URL."}
    assert answer.status_code == 400
    assert answer.json() == {
        "message": "Invalid Form Body",
        "code": 50035,
        "errors": {"embeds": {"1": {"url": {"_errors": [leaf]}}}},
    }


@pytest.mark.parametrize(
    ("body", "old_form"),
    [
        (embeds({"title": "x", "url": "http://inner/"}), {"embeds": ["0"]}),
        ({"username": "discord"}, {"username": ['Username cannot contain "discord"']}),
        (embeds(*[{"description": "x" * 4000}] * 2), {"embeds": ["Embed size exceeds maximum size of 6000"]}),
    ],
)
def test_an_unversioned_address_answers_in_the_old_form(
    server: DiscordServer, body: dict[str, Any], old_form: Any
) -> None:
    answer = post(server, body, url=server.webhook("errors").replace("/v10", ""))
    assert (answer.status_code, answer.json()) == (400, old_form)


@pytest.mark.parametrize(
    ("body", "query", "status", "code"),
    [
        ({"content": " \n "}, "", 400, 50006),
        ({"content": ""} | button(), "?wait=true", 400, 50006),  # ignored components are no message
        ({"embeds": []}, "", 400, 50006),
        ({"content": "x", "thread_name": "x"}, "", 400, 220003),
        ({"content": "x"}, "?wait=yes", 400, 50035),
        ({"content": "x"}, "?thread_id=x", 400, 50035),
    ],
)
def test_what_cannot_be_a_message_is_refused(
    server: DiscordServer, body: dict[str, Any], query: str, status: int, code: int
) -> None:
    answer = call(server, "POST", body, query=query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert server.messages() == []


@pytest.mark.parametrize("raw", [b"{", b'{"content": NaN}', b'{"content": "\\ud800"}', b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_refused(server: DiscordServer, raw: bytes) -> None:
    headers = {"User-Agent": AGENT, "Content-Type": "application/json"}
    answer = requests.post(server.webhook("errors"), data=raw, headers=headers, timeout=5)
    assert (answer.status_code, answer.json()["code"]) == (400, 50109)


def test_another_content_type_is_refused(server: DiscordServer) -> None:
    answer = requests.post(server.webhook("errors"), data={"content": "x"}, headers={"User-Agent": AGENT}, timeout=5)
    assert answer.json()["errors"]["_errors"][0]["code"] == "CONTENT_TYPE_INVALID"


def test_a_body_too_large_is_not_read(server: DiscordServer) -> None:
    answer = requests.post(
        server.webhook("errors"), headers={"User-Agent": AGENT, "Content-Length": str(2**40)}, timeout=5
    )
    assert (answer.status_code, answer.json()["code"]) == (413, 40005)


def test_a_deleted_webhook_stays_unknown(server: DiscordServer) -> None:
    url = server.webhook("errors")
    server.delete_webhook("errors")
    answers = [post(server, url=url) for _ in range(2)]
    assert [(each.status_code, each.json()["code"]) for each in answers] == [(404, 10015)] * 2
    assert server.webhook("errors") != url
    assert post(server).status_code == 200
    assert any("after its 404" in each for each in server.complaints)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        (lambda url: url[:-1], 401, 50027),
        (lambda url: url.replace("/webhooks/", "/webhooks/9"), 404, 10015),
        (lambda url: url.replace("/webhooks/", "/webhooks/x"), 400, 50035),
        (lambda url: url + "/slack", 404, 0),
        (lambda url: url + "/github", 404, 0),
        (lambda url: url.replace("/v10/", "/v99/"), 400, 50041),
        (lambda url: url + "/messages/1", 405, 0),
        (lambda url: url + "/messages/x", 400, 50035),
    ],
)
def test_a_wrong_address_is_told_so(server: DiscordServer, change: Any, status: int, code: int) -> None:
    method = "PUT" if status == 405 else "POST"
    answer = call(server, method, {"content": "x"}, url=change(server.webhook("errors")).removesuffix("/messages/1"))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_library_cloudflare_knows_is_blocked(server: DiscordServer) -> None:
    answer = post(server, agent="Python-urllib/3.11")
    assert (answer.status_code, answer.text) == (403, "error code: 1010")


def test_get_tells_the_webhook_without_posting(server: DiscordServer) -> None:
    body = call(server, "GET").json()
    assert body["type"] == 1
    assert f"/webhooks/{body['id']}/{body['token']}" in server.webhook("errors")
    assert server.messages() == []


def test_a_patch_keeps_what_it_omits_and_replaces_embeds_whole(server: DiscordServer) -> None:
    message_id = post(server, embeds({"title": "one"}, {"title": "two"}) | button()).json()["id"]
    answer = patch(server, message_id, embeds({"description": "three"}) | {"allowed_mentions": NOBODY})
    (message,) = server.messages()
    assert answer.json()["edited_timestamp"]
    assert message.payload["content"] == "Hello"
    assert message.payload["embeds"] == [{"description": "three"}]
    assert message.payload["components"] == button()["components"]
    assert message.edited_at
    assert [each["embeds"] for each in message.edits] == [[{"description": "three"}]]
    assert len(message.first_payload["embeds"]) == 2


def test_a_patch_forgets_whom_the_post_allowed_to_be_mentioned(server: DiscordServer) -> None:
    text = {"content": "<@7> <@&8> @here `@everyone`"}
    answer = post(server, text | {"allowed_mentions": {"parse": ["everyone"], "roles": ["8"]}})
    assert server.messages()[0].mentions == ("role:8", "here")
    assert answer.json()["mention_roles"] == ["8"]
    patch(server, answer.json()["id"], {"content": text["content"]})
    assert server.messages()[0].mentions == ("user:7",)
    patch(server, answer.json()["id"], {"allowed_mentions": NOBODY})
    assert server.messages()[0].mentions == ()


def test_a_patch_may_empty_a_part_but_not_the_whole(server: DiscordServer) -> None:
    message_id = post(server, embeds({"title": "one"}) | {"flags": 4096}).json()["id"]
    assert patch(server, message_id, {"content": None, "flags": 4}).status_code == 200
    assert "content" not in server.messages()[0].payload
    assert (server.messages()[0].is_silent, server.messages()[0].shown_embeds) == (True, [])
    assert patch(server, message_id, {"embeds": []}).json()["code"] == 50006
    assert server.messages()[0].payload["embeds"] == [{"title": "one"}]


def test_a_patch_without_with_components_leaves_the_buttons(server: DiscordServer) -> None:
    message_id = post(server, button()).json()["id"]
    patch(server, message_id, {"components": []}, query="")
    assert server.messages()[0].payload["components"]
    patch(server, message_id, {"components": []})
    assert server.messages()[0].payload["components"] == []


def test_a_message_is_read_back_and_deleted(server: DiscordServer) -> None:
    suffix = f"/messages/{post(server).json()['id']}"
    assert call(server, "GET", suffix=suffix).json()["content"] == "Hello"
    assert call(server, "DELETE", suffix=suffix).status_code == 204
    assert call(server, "GET", suffix=suffix).json()["code"] == 10008


def test_a_message_somebody_deleted_is_unknown(server: DiscordServer) -> None:
    message_id = post(server).json()["id"]
    server.delete_message(message_id)
    answer = patch(server, message_id, {"content": "x"})
    assert (answer.status_code, answer.json()["code"]) == (404, 10008)


def test_a_message_belongs_to_its_webhook_and_its_thread(server: DiscordServer) -> None:
    message_id = post(server, query="?wait=true&thread_id=5").json()["id"]
    assert patch(server, message_id, {"content": "x"}).json()["code"] == 10008
    assert patch(server, message_id, {"content": "x"}, query="?thread_id=5").json()["channel_id"] == "5"
    assert patch(server, message_id, {"content": "x"}, query="?thread_id=5", channel="admin").status_code == 404


def test_of_embeds_with_one_url_only_the_first_is_shown(server: DiscordServer) -> None:
    url = "https://shop.example/admin/"
    post(server, embeds({"title": "one", "url": url}, {"title": "two", "url": url}, {"title": "three"}))
    assert [each["title"] for each in server.messages()[0].shown_embeds] == ["one", "three"]
    assert any("only the first" in each for each in server.complaints)

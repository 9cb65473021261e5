from __future__ import annotations

from typing import Any

import pytest

from freeze_alerts.testing.discord import DiscordServer
from tests.testing.calling import NOBODY, button, call, embeds, patch, post


def test_a_careful_client_hears_no_complaint(server: DiscordServer) -> None:
    card = {"title": "x", "footer": {"text": "y"}, "fields": [{"name": "a", "value": "b", "inline": True}]}
    message_id = post(server, embeds(card) | button()).json()["id"]
    patch(server, message_id, {"allowed_mentions": NOBODY} | embeds(card) | button())
    call(server, "GET")
    assert server.complaints == []


@pytest.mark.parametrize(
    ("body", "how", "words"),
    [
        ({"allow_mentions": NOBODY}, {}, "allow_mentions: Discord ignores this key; did you mean allowed_mentions?"),
        ({"nonce": "1"}, {}, "nonce: Discord ignores this key"),
        ({"allowed_mentions": {"prase": []}}, {}, "allowed_mentions.prase: Discord ignores this key"),
        (embeds({"title": "x", "colour": 1}), {}, "embeds.0.colour: Discord ignores this key; did you mean color?"),
        (embeds({"title": "x", "footer": {"txt": ""}}), {}, "embeds.0.footer.txt: "),
        ({"allowed_mentions": None}, {}, "POST without allowed_mentions"),
        (button(), {"query": "?wait=true"}, "POST with components, and without with_components=true"),
        ({}, {"query": ""}, "POST without wait=true"),
        ({}, {"agent": "python-requests/2.34"}, "User-Agent 'python-requests/2.34'"),
    ],
)
def test_what_discord_lets_pass_is_noted(
    server: DiscordServer, body: dict[str, Any], how: dict[str, Any], words: str
) -> None:
    for _ in range(2):
        assert post(server, body, **how).ok
    (complaint,) = server.complaints
    assert complaint.startswith(words)


def test_an_unversioned_address_is_noted_without_its_token(server: DiscordServer) -> None:
    url = server.webhook("errors").replace("/v10", "")
    post(server, url=url)
    assert "no API version" in server.complaints[0]
    assert url.rpartition("/")[2] not in repr((server.complaints, server.requests, server.messages()))


def test_a_patch_without_allowed_mentions_is_noted(server: DiscordServer) -> None:
    patch(server, post(server).json()["id"], {"content": "x", "username": "y"})
    assert [each.partition(":")[0] for each in server.complaints] == [
        "PATCH without allowed_mentions",
        "username",
    ]

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts.testing import forms
from tests.testing.calling import button, embeds

URL = "https://shop.example/admin/"


def first_code(tree: dict[str, Any]) -> tuple[str, str]:
    """Where the first thing is wrong, and its code."""
    path = []
    while "_errors" not in tree:
        key, tree = next(iter(tree.items()))
        path.append(key)
    return ".".join(path), tree["_errors"][0]["code"]


def errors(body: Any, *, is_edit: bool = False, takes_components: bool = True) -> dict[str, Any]:
    return forms.errors(forms.trimmed(body), is_edit=is_edit, takes_components=takes_components)


@pytest.mark.parametrize(
    ("body", "where", "code"),
    [
        # texts too long, counted after trimming
        ({"content": "x" * 2001}, "content", "BASE_TYPE_MAX_LENGTH"),
        (embeds({"title": "x" * 257}), "embeds.0.title", "BASE_TYPE_MAX_LENGTH"),
        (embeds({"description": "x" * 4097}), "embeds.0.description", "BASE_TYPE_MAX_LENGTH"),
        (embeds({"footer": {"text": "x" * 2049}}), "embeds.0.footer.text", "BASE_TYPE_MAX_LENGTH"),
        (embeds({"author": {"name": "x" * 257}}), "embeds.0.author.name", "BASE_TYPE_MAX_LENGTH"),
        (
            embeds({"fields": [{"name": "x" * 257, "value": "x"}]}),
            "embeds.0.fields.0.name",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            embeds({"fields": [{"name": "x", "value": "x" * 1025}]}),
            "embeds.0.fields.0.value",
            "BASE_TYPE_BAD_LENGTH",
        ),
        ({"username": "x" * 81}, "username", "BASE_TYPE_BAD_LENGTH"),
        # too many, too much in all
        (embeds(*[{"title": "x"}] * 11), "embeds", "BASE_TYPE_MAX_LENGTH"),
        (embeds({"fields": [{"name": "x", "value": "x"}] * 26}), "embeds.0.fields", "BASE_TYPE_MAX_LENGTH"),
        (embeds({"description": "x" * 3000}, {"description": "x" * 3001}), "embeds", "MAX_EMBED_SIZE_EXCEEDED"),
        # missing
        (embeds({}), "embeds.0.description", "BASE_TYPE_REQUIRED"),
        (embeds({"color": 1, "title": "   "}), "embeds.0.description", "BASE_TYPE_REQUIRED"),
        (embeds({"fields": [{"name": "x"}]}), "embeds.0.fields.0.value", "BASE_TYPE_REQUIRED"),
        (embeds({"fields": [{"name": "x", "value": " \n"}]}), "embeds.0.fields.0.value", "BASE_TYPE_REQUIRED"),
        # of the wrong kind
        ([], "", "DICT_TYPE_CONVERT"),
        ({"content": 5}, "content", "STRING_TYPE_CONVERT"),
        ({"embeds": {}}, "embeds", "LIST_TYPE_CONVERT"),
        ({"tts": "yes"}, "tts", "BOOLEAN_TYPE_CONVERT"),
        (embeds({"title": "x", "color": "#ff0000"}), "embeds.0.color", "NUMBER_TYPE_COERCE"),
        (embeds({"title": "x", "color": 0x1000000}), "embeds.0.color", "NUMBER_TYPE_MAX"),
        (embeds({"title": "x", "color": -1}), "embeds.0.color", "NUMBER_TYPE_MIN"),
        (embeds({"title": "x", "timestamp": "2026-11-01T12:00:00"}), "embeds.0.timestamp", "DATE_TIME_TYPE_PARSE"),
        (embeds({"title": "x", "timestamp": "2026-13-01T12:00:00Z"}), "embeds.0.timestamp", "DATE_TIME_TYPE_PARSE"),
        (embeds({"title": "x", "timestamp": 5}), "embeds.0.timestamp", "DATE_TIME_TYPE_PARSE"),
        (embeds({"title": "x", "url": 5}), "embeds.0.url", "STRING_TYPE_CONVERT"),
        (embeds({"title": "x", "timestamp": "soon"}), "embeds.0.timestamp", "DATE_TIME_TYPE_PARSE"),
        # links: an inner host, another scheme, none at all
        (embeds({"title": "x", "url": "http://grafana:3000"}), "embeds.0.url", "URL_TYPE_INVALID_URL"),
        (embeds({"title": "x", "url": "http://localhost/"}), "embeds.0.url", "URL_TYPE_INVALID_URL"),
        (embeds({"title": "x", "url": "http://[::1]/"}), "embeds.0.url", "URL_TYPE_INVALID_URL"),
        (embeds({"title": "x", "url": "https://a.example/b c"}), "embeds.0.url", "URL_TYPE_INVALID_URL"),
        (embeds({"title": "x", "url": "https://a.example:x"}), "embeds.0.url", "URL_TYPE_INVALID_URL"),
        (embeds({"title": "x", "url": "javascript:alert(1)"}), "embeds.0.url", "URL_TYPE_INVALID_SCHEME"),
        (embeds({"author": {"name": "x", "url": "/admin/"}}), "embeds.0.author.url", "URL_TYPE_INVALID_SCHEME"),
        ({"avatar_url": "http://inner/a.png"}, "avatar_url", "URL_TYPE_INVALID_URL"),
        # names Discord keeps to itself
        ({"username": "My Discord bot"}, "username", "USERNAME_INVALID_CONTAINS"),
        ({"username": "Clyde"}, "username", "USERNAME_INVALID_CONTAINS"),
        ({"username": "a@b"}, "username", "USERNAME_INVALID_CONTAINS"),
        ({"username": "here"}, "username", "USERNAME_INVALID"),
        ({"username": " "}, "username", "BASE_TYPE_BAD_LENGTH"),
        # mentions
        ({"allowed_mentions": {"parse": ["all"]}}, "allowed_mentions.parse.0", "BASE_TYPE_CHOICES"),
        ({"allowed_mentions": {"roles": [5]}}, "allowed_mentions.roles.0", "NUMBER_TYPE_COERCE"),
        ({"allowed_mentions": {"users": ["5", "5"]}}, "allowed_mentions.users", "SET_TYPE_ALREADY_CONTAINS_VALUE"),
        (
            {"allowed_mentions": {"parse": ["roles"], "roles": ["5"]}},
            "allowed_mentions",
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
        # flags
        ({"flags": 64}, "flags", "BASE_TYPE_CHOICES"),
        ({"flags": "4"}, "flags", "NUMBER_TYPE_COERCE"),
        (
            {"flags": forms.COMPONENTS_V2, "content": "x"},
            "content",
            "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
        ),
        # components: link buttons alone
        (button(style=1), "components.0.components.0.style", "BASE_TYPE_CHOICES"),
        (button(type=3), "components.0.components.0.type", "BASE_TYPE_CHOICES"),
        (button(url=None), "components.0.components.0.url", "BASE_TYPE_REQUIRED"),
        (button(label="x" * 81), "components.0.components.0.label", "BASE_TYPE_BAD_LENGTH"),
        (button(url=URL + "x" * 512), "components.0.components.0.url", "BASE_TYPE_MAX_LENGTH"),
        (button(url="http://inner/"), "components.0.components.0.url", "URL_TYPE_INVALID_URL"),
        ({"components": button()["components"] * 6}, "components", "BASE_TYPE_MAX_LENGTH"),
        (
            {"components": [{"type": 1, "components": button()["components"][0]["components"] * 6}]},
            "components.0.components",
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            {"flags": forms.COMPONENTS_V2, "components": button()["components"] * 21},
            "components",
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
        ),
    ],
)
def test_what_discord_refuses_is_refused_in_its_words(body: Any, where: str, code: str) -> None:
    assert first_code(errors(body)) == (where, code)


@pytest.mark.parametrize(
    "body",
    [
        {"content": " " * 500 + "x" * 2000 + "\n\n"},
        {"content": "🔥" * 2000},
        embeds({"description": "x" * 3000}, {"description": "x" * 3000}),
        embeds({"title": "x", "url": "http://10.0.0.7:8000/a?b=c#d", "timestamp": "2026-11-01T12:00:00.5+01:00"}),
        embeds({"image": {"url": "attachment://a.png"}}),
        {"content": None, "embeds": None, "allowed_mentions": None, "flags": None, "components": None},
        {"allowed_mentions": {"parse": [], "roles": ["1234567890"]}},
        {"flags": forms.SILENT | forms.SUPPRESS_EMBEDS},
        {"nonce": 5, "unknown": object},
        button(emoji={"name": "🔥"}),
        {"flags": forms.COMPONENTS_V2, "components": [{"type": 17, "components": [{"type": 10, "content": "x"}]}]},
    ],
)
def test_what_discord_takes_is_taken(body: Any) -> None:
    assert errors(body) == {}


def test_an_edit_may_not_be_made_silent() -> None:
    assert first_code(errors({"flags": forms.SILENT}, is_edit=True)) == ("flags", "BASE_TYPE_CHOICES")


def test_nobody_looks_at_components_that_are_ignored() -> None:
    assert errors({"components": "nonsense"}, takes_components=False) == {}


def test_every_wrong_value_is_told_at_once() -> None:
    found = errors({"content": "x" * 2001} | embeds({"title": "x"}, {"title": "y", "url": "x", "color": -1}))
    assert list(found) == ["content", "embeds"]
    assert found["embeds"].keys() == {"1"}
    assert found["embeds"]["1"].keys() == {"url", "color"}


@given(st.lists(st.text(min_size=1, max_size=700).filter(str.strip), min_size=1, max_size=10))
def test_the_sum_over_all_embeds_decides(texts: list[str]) -> None:
    size = sum(len(text.strip()) for text in texts)
    body = embeds(*({"fields": [{"name": "n", "value": text}]} for text in texts))
    assert bool(errors(body)) == (size + len(texts) > 6000)

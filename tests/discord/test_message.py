from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker

from freeze_alerts.catalog import Severity
from freeze_alerts.discord.embed import size
from freeze_alerts.discord.fields import share
from freeze_alerts.discord.message import (
    Card,
    Field,
    Finding,
    Link,
    Outcome,
    Standing,
    degraded_payload,
    edit_payload,
    is_mention,
    post_payload,
)
from freeze_alerts.discord.text import is_blank, units

OPENED = datetime(2026, 11, 20, 2, 42, tzinfo=UTC)
SCHEMAS = Path(__file__).parents[3] / "shared" / "data"
ROOT_KEYS = {"content", "embeds", "allowed_mentions", "components", "flags"}


def card(**changes: Any) -> Card:
    plain = Card("Disk space: web1", Severity.HIGH, "alert 12#1 · production", OPENED)
    return replace(plain, **changes)


anything = st.text(st.characters(codec=None), max_size=60) | st.sampled_from(
    [
        "",
        " \u200b",
        "@everyone <@&1> `x` ```",
        "👩‍👩‍👧" * 60,
        "*_" * 700,
        "- line\n" * 400,
        "\u202e\u0645\u0631\u062d\u0628\u0627 " * 90,
        "🇳🇱" * 900,
        "\ud83d",
    ]
)
urls = anything | st.sampled_from(
    [
        "https://shop.example/admin/1/",
        "http://bugsink:8000/i",
        "javascript:alert(1)",
        "https://a.bc/" + "é(" * 90,
        "https://a.bc/" + "x" * 700,
    ]
)
moments = st.integers(min_value=0, max_value=4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
cards = st.builds(
    Card,
    title=anything,
    severity=st.sampled_from(Severity),
    footer=anything,
    opened_at=moments,
    standing=st.sampled_from(Standing),
    text=anything,
    answer_by=st.none() | moments,
    ended_at=st.none() | moments,
    occurrences=st.integers(min_value=0, max_value=10**9),
    notes=st.lists(anything, max_size=4).map(tuple),
    fields=st.lists(st.builds(Field, anything, anything, st.booleans()), max_size=40).map(tuple),
    findings=st.lists(
        st.builds(Finding, anything, st.sampled_from(Outcome), anything, st.floats(min_value=0, max_value=9)),
        max_size=15,
    ).map(tuple),
    command=anything,
    url=urls,
    links=st.lists(st.builds(Link, anything, urls), max_size=8).map(tuple),
)
batches = st.lists(cards, min_size=1, max_size=10)
mentions = st.sampled_from(["", "role:12", "user:34", "everyone", "here", "role:", "nobody", "role:\uff11\uff12"])
quick = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@cache
def validator(name: str) -> Draft202012Validator | None:
    path = SCHEMAS / name
    if not path.exists():
        return None
    schema = json.loads(path.read_text())
    schema["additionalProperties"] = False
    for key, each in schema["$defs"].items():
        if key.startswith(("RichEmbed", "MessageAllowed", "ActionRow", "ButtonComponent")):
            each["additionalProperties"] = False
    return Draft202012Validator(schema, format_checker=FormatChecker())


def assert_accepted(payload: dict[str, Any], schema: str) -> None:
    """What Discord's schema says, where it is at hand, and what it can't say."""
    if (official := validator(schema)) is not None:
        official.validate(payload)
    json.dumps(payload, ensure_ascii=False).encode()
    assert payload.keys() <= ROOT_KEYS
    assert units(payload["content"]) <= 2000
    assert not is_blank(payload["content"])
    assert sum(map(size, payload["embeds"])) <= 6000
    for embed in payload["embeds"]:
        assert_drawable(embed)
    linked = [embed["url"] for embed in payload["embeds"] if "url" in embed]
    assert len(linked) == len(set(linked))
    assert_buttons(payload.get("components", []))


def assert_drawable(embed: dict[str, Any]) -> None:
    assert units(embed["title"]) <= 256
    assert units(embed.get("description", "x")) <= 4096
    assert units(embed.get("footer", {"text": "x"})["text"]) <= 2048
    assert datetime.fromisoformat(embed["timestamp"]).tzinfo
    marked = [embed["title"], embed.get("description", "x")]
    for field in embed.get("fields", []):
        assert units(field["name"]) <= 256
        assert units(field["value"]) <= 1024
        marked += [field["name"], field["value"]]
    assert len(embed.get("fields", [])) <= 25
    assert not [each for each in marked if each.count("```") % 2]
    plain = [embed["author"]["name"], embed.get("footer", {"text": "x"})["text"]]
    assert not [each for each in marked + plain if is_blank(each)]
    assert_followable(embed.get("url", "https://a.bc"), 2048)


def assert_buttons(rows: list[dict[str, Any]]) -> None:
    assert len(rows) <= 1
    for button in [each for row in rows for each in row["components"]]:
        assert (button["type"], button["style"]) == (2, 5)
        assert 1 <= units(button["label"]) <= 80
        assert_followable(button["url"], 512)
    assert all(1 <= len(row["components"]) <= 5 for row in rows)


def assert_followable(url: str, longest: int) -> None:
    parts = urlsplit(url)
    assert parts.scheme in {"http", "https"}
    assert "." in (parts.hostname or "")
    assert len(url) <= longest
    assert url.isascii()


@quick
@given(batches, mentions, st.booleans())
def test_any_cards_make_a_post_that_discord_accepts(batch: list[Card], mention: str, silent: bool) -> None:
    payload = post_payload(batch, mention=mention, silent=silent)
    assert_accepted(payload, "discord-execute-webhook.schema.json")
    assert len(payload["embeds"]) == len(batch)
    assert payload.get("flags") == (4096 if silent else None)
    assert_pings_only(payload, mention)


@quick
@given(batches)
def test_any_cards_make_an_edit_that_discord_accepts(batch: list[Card]) -> None:
    payload = edit_payload(batch)
    assert_accepted(payload, "discord-edit-message.schema.json")
    assert "flags" not in payload
    assert payload["allowed_mentions"] == {"parse": []}


@quick
@given(batches, mentions)
def test_any_cards_have_a_plain_form(batch: list[Card], mention: str) -> None:
    payload = degraded_payload(batch, mention=mention)
    assert_accepted(payload, "discord-execute-webhook.schema.json")
    assert payload["embeds"] == []
    assert "://" not in payload["content"].replace(r":\/", "")
    assert_pings_only(payload, mention)


def assert_pings_only(payload: dict[str, Any], mention: str) -> None:
    allowed = payload["allowed_mentions"]
    assert allowed["parse"] == (["everyone"] if mention in {"everyone", "here"} else [])
    assert not (allowed["parse"] and (allowed.get("roles") or allowed.get("users")))
    outside_code = re.sub(r"```.*?```", "", payload["content"], flags=re.DOTALL)
    pings = re.findall(r"<@[!&]?[0-9]+>|@everyone|@here", outside_code)
    assert len(pings) == (1 if is_mention(mention) else 0)


@given(st.lists(st.integers(min_value=0, max_value=9000), max_size=12), st.integers(min_value=0, max_value=9000))
def test_sharing_is_fair_and_never_gives_out_more_than_there_is(needs: list[int], total: int) -> None:
    dealt = share(needs, total)
    assert sum(dealt) <= total
    assert all(got <= need for got, need in zip(dealt, needs, strict=True))
    cut_short = [got for got, need in zip(dealt, needs, strict=True) if got < need]
    assert not cut_short or max(dealt) - min(cut_short) <= 1


def test_a_card_says_what_happened_by_when_to_answer_and_what_to_run_next() -> None:
    embed = post_payload(
        [
            card(
                text="/ is 91.2 % full.",
                answer_by=OPENED + timedelta(hours=1),
                occurrences=37,
                notes=("Delivered 12 min late.",),
                fields=(Field("Host", "web1"), Field("Release", "")),
                findings=(
                    Finding("What grew", Outcome.OK, "/var/log +4.2 GB", 0.24),
                    Finding("Database", Outcome.FAILED, "connection refused", 0.1),
                    Finding("Forecast", Outcome.TIMED_OUT, "", 3),
                    Finding("Beat", Outcome.OK, "", 0.01),
                    Finding("Mollie", Outcome.SKIPPED, "no time left"),
                ),
                command="df -h",
            )
        ]
    )["embeds"][0]
    at = int(OPENED.timestamp()) + 3600
    assert embed["author"]["name"] == "🟠 HIGH"
    assert embed["description"].split("\n") == [
        "/ is 91.2 % full.",
        f"**Answer within 1 h** (before <t:{at}:t>, <t:{at}:R>) · **×37** since <t:{at - 3600}:t>",
        "-# Delivered 12 min late.",
    ]
    assert [(each["name"], each["value"]) for each in embed["fields"]] == [
        ("Host", "web1"),
        ("Release", "—"),
        (
            "First steps, already run",
            "✔\ufe0e **What grew** (0.2 s)\n> /var/log +4.2 GB\n"
            "✖\ufe0e **Database**: failed (0.1 s)\n> connection refused\n"
            "⏱ **Forecast**: timed out (3.0 s)\n✔\ufe0e **Beat**\n– **Mollie**: skipped\n> no time left",
        ),
        ("Next", "```sh\ndf -h\n```"),
    ]
    assert embed["timestamp"] == "2026-11-20T02:42:00+00:00"
    assert embed["footer"] == {"text": "alert 12#1 · production"}


@pytest.mark.parametrize(
    ("standing", "content", "author", "colour"),
    [
        (Standing.OPEN, "🟠 HIGH · **Disk space: web1**", "🟠 HIGH", 0xF2691B),
        (Standing.ACKNOWLEDGED, "🟠 HIGH · **Disk space: web1** · acknowledged", "🟠 HIGH · acknowledged", 0xF2691B),
        (Standing.ENDED, "✅ ENDED · **Disk space: web1** · after 3 min", "✅ ENDED · was HIGH", 0x2E7D32),
        (
            Standing.UNWATCHED,
            "⚪ NO LONGER WATCHED · **Disk space: web1** · after 3 min",
            "⚪ NO LONGER WATCHED · was HIGH",
            0x95A5A6,
        ),
    ],
)
def test_standing_is_said_in_word_emoji_and_colour(standing: Standing, content: str, author: str, colour: int) -> None:
    ended_at = None if standing in {Standing.OPEN, Standing.ACKNOWLEDGED} else OPENED + timedelta(minutes=3)
    payload = edit_payload([card(standing=standing, ended_at=ended_at, answer_by=OPENED + timedelta(hours=1))])
    embed = payload["embeds"][0]
    assert (payload["content"], embed["author"]["name"], embed["color"]) == (content, author, colour)
    assert ("Answer within" in embed.get("description", "")) == (standing is Standing.OPEN)


def test_every_severity_has_its_colour_and_its_word() -> None:
    drawn = [post_payload([card(severity=each)])["embeds"][0] for each in Severity]
    assert [each["author"]["name"].split()[1] for each in drawn] == [each.name for each in Severity]
    assert len({each["color"] for each in drawn}) == len(Severity) - 1  # medium and warning are both amber


@pytest.mark.parametrize(
    ("mention", "token", "allowed"),
    [
        ("role:12", "<@&12> ", {"parse": [], "roles": ["12"]}),
        ("user:34", "<@34> ", {"parse": [], "users": ["34"]}),
        ("everyone", "@everyone ", {"parse": ["everyone"]}),
        ("here", "@here ", {"parse": ["everyone"]}),
        ("rol:12", "", {"parse": []}),
    ],
)
def test_only_the_mention_from_settings_pings(mention: str, token: str, allowed: dict[str, Any]) -> None:
    payload = post_payload([card(title="@here")], mention=mention)
    assert payload["content"] == f"{token}🟠 HIGH · **@\u200bhere**"
    assert payload["allowed_mentions"] == allowed


def test_links_of_a_single_card_are_buttons_and_the_unsafe_are_text() -> None:
    links = (Link("Open", "https://shop.example/1"), Link("Runbook", "http://me:secret@bugsink:8000/r"))
    payload = post_payload([card(links=links, url="http://localhost/1")])
    assert [each["label"] for each in payload["components"][0]["components"]] == ["Open"]
    assert payload["embeds"][0]["description"] == "Runbook: `http://***@bugsink:8000/r`\nAddress: `http://localhost/1`"
    assert "url" not in payload["embeds"][0]


def test_an_edit_without_links_takes_the_buttons_away() -> None:
    assert edit_payload([card()])["components"] == []
    assert "components" not in post_payload([card()])


def test_a_batch_has_links_in_its_text_distinct_urls_and_a_summary() -> None:
    one = card(url="https://shop.example/1", links=(Link("Open", "https://shop.example/(1)"),))
    payload = post_payload([one, replace(one, severity=Severity.CRITICAL, title="Payments"), one])
    assert payload["content"] == "🔴 CRITICAL · **3 alerts**: Disk space: web1 · Payments · Disk space: web1"
    assert "components" not in payload
    assert [each["url"].removeprefix("https://shop.example/1") for each in payload["embeds"]] == [
        "",
        "#card-2",
        "#card-3",
    ]
    assert payload["embeds"][0]["description"] == "[Open](https://shop.example/%281%29)"


def test_in_a_batch_small_cards_stay_whole_and_big_ones_are_cut() -> None:
    small, big = card(text="Short."), card(text="long " * 900)
    drawn = post_payload([big, small, big])["embeds"]
    assert drawn[1]["description"] == "Short."
    assert drawn[0]["description"].endswith("…")
    assert abs(size(drawn[0]) - size(drawn[2])) <= 1
    assert 5800 < sum(map(size, drawn)) <= 6000


def test_fields_that_find_no_room_are_counted() -> None:
    fields = post_payload([card(fields=tuple(Field(f"n{each}", "v") for each in range(39)))])["embeds"][0]["fields"]
    assert len(fields) == 25
    assert fields[-1]["value"] == "and 15 more"


def test_findings_of_many_lines_and_many_findings_are_counted_too() -> None:
    findings = tuple(Finding(f"step {each}", Outcome.OK, "line\n" * 30) for each in range(40))
    fields = post_payload([card(findings=findings)])["embeds"][0]["fields"]
    assert "> and 19 more lines" in fields[0]["value"]
    assert re.search(r"and \d+ more$", fields[-1]["value"])
    assert [each["name"] for each in fields[1:]] == ["First steps, continued"] * (len(fields) - 1)


def test_a_moment_without_a_zone_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="opened_at needs a time zone"):
        card(opened_at=datetime(2026, 11, 20))  # noqa: DTZ001


@pytest.mark.parametrize("number", [0, 11])
def test_a_message_shows_one_to_ten_cards(number: int) -> None:
    for payload in (post_payload, edit_payload, degraded_payload):
        with pytest.raises(ValueError, match="1 to 10 cards"):
            payload([card()] * number)


def test_the_plain_form_says_the_same_without_an_address() -> None:
    plain = card(text="Look at https://evil.example/x now.", fields=(Field("Host", "web1"),), command="df -h")
    assert degraded_payload([plain])["content"].split("\n") == [
        "🟠 HIGH · **Disk space: web1**",
        "Look at (address left out) now.",
        "Host: web1",
        "```sh",
        "df -h",
        "```",
        "alert 12#1 · production",
    ]

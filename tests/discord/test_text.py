from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from freeze_alerts.discord.text import (
    clean,
    code,
    cut,
    duration,
    escape,
    fence,
    is_blank,
    one_line,
    safe_url,
    timestamp,
    units,
)

# Any code point, lone surrogates among them; and pieces that Discord reads as more than letters.
anything = st.text(st.characters(codec=None))
mentions = st.sampled_from(["@everyone", "<@1>", "<@&22>", "<#3>", "<t:1:R>"])
marks = st.sampled_from(
    ["**", "||", "```", "```sh\n", "# ", "> ", "- ", "1. ", "\n", " ", "\\", "[a](https://b.cd)", "`x`"]
)
letters = st.sampled_from(
    ["👩‍👩‍👧", "👍🏽", "🇳🇱", "e\u0301", "\u0627\u202e\u0628", "\x00", "\ud83d", "https://a.bc/d_e", "word "]
)
lively = st.lists(anything | mentions | marks | letters).map("".join)


@given(anything)
def test_cleaned_text_can_be_stored_and_sent(text: str) -> None:
    cleaned = clean(text)
    cleaned.encode()
    assert not [each for each in cleaned if unicodedata.category(each) == "Cc" and each not in "\n\t"]
    assert clean(cleaned) == cleaned


def test_cleaning_joins_surrogate_pairs_and_drops_lone_ones() -> None:
    assert clean("a\ud83d\ude00b\ud83dc\x00d\r\ne\rf\tg\x85") == "a😀bcd\ne\nf\tg"


def rendered(escaped: str) -> str:
    """What is left of escaped text for a reader: each backslash gives its character."""
    return re.sub(r"\\([^0-9A-Za-z\s])", r"\1", escaped).replace("\u200b", "")


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("**bold** _it_ ~~no~~ ||spoiler||", r"\*\*bold\*\* \_it\_ \~\~no\~\~ \|\|spoiler\|\|"),
        ("`code` and ```block```", r"\`code\` and \`\`\`block\`\`\`"),
        ("@everyone @here", "@\u200beveryone @\u200bhere"),
        ("<@1> <@!2> <@&3> <#4>", "\\<@\u200b1> \\<@\u200b!2> \\<@\u200b&3> \\<#4>"),
        ("<t:1:R> <:a:5>", r"\<t:1:R> \<:a:5>"),
        ("[Pay](https://evil.example)", r"\[Pay\](https:\//evil.example)"),
        (
            "# big\n-# small\n> said\n  - one\n* two\n1. three",
            "\\# big\n\\-# small\n\\> said\n  \\- one\n\\* two\n1\\. three",
        ),
        ("8.8 GB of 100 (91.2 %) at shop@example.com", "8.8 GB of 100 (91.2 %) at shop@example.com"),
        (r"C:\new", r"C:\\new"),
    ],
)
def test_foreign_text_reads_as_it_stands(text: str, escaped: str) -> None:
    assert escape(text) == escaped
    assert rendered(escaped) == text


@given(lively)
def test_escaped_text_holds_no_live_mark(text: str) -> None:
    bare = re.sub(r"\\[^0-9A-Za-z\s]", "x", escape(text))
    assert not set("*_~`|[]<") & set(bare)
    assert not re.search(r"@(everyone|here|[!&]?\d)|^\s*([#>+-]|\d+[.)]\s)|://", bare, re.MULTILINE | re.ASCII)


def test_a_link_is_kept_where_it_may_be_one() -> None:
    text = "see https://status.example/a_b_c, not http://localhost/a_b"
    assert escape(text, keep_links=True) == r"see https://status.example/a_b_c, not http:\//localhost/a\_b"


def test_what_turns_the_direction_of_writing_is_dropped() -> None:
    assert escape("a\u202eb\u2066c") == "abc"
    assert fence("rm \u202etxt.exe") == "```\nrm txt.exe\n```"


@given(lively)
def test_a_code_block_can_not_be_broken_out_of(text: str) -> None:
    block = fence(text, "sh")
    assert not block or (block.startswith("```sh\n") and block.endswith("\n```") and block.count("```") == 2)


def test_an_empty_code_block_is_none() -> None:
    assert fence(" \n\u200b") == ""
    assert code("a`b\nc") == "`a\u02cbb c`"


@given(lively, st.integers(min_value=-1, max_value=60))
@example("👩‍👩‍👧" * 9, 10)
@example("x ```sh\nls -l /var/log\n``` y", 16)
def test_a_cut_text_fits_and_says_that_it_was_cut(text: str, longest: int) -> None:
    shown = cut(text, longest)
    assert units(shown) <= max(0, longest)
    assert shown == text or longest < 1 or shown.endswith(("…", "…\n```"))


@given(lively.map(clean), st.integers(min_value=0, max_value=60))
def test_a_cut_splits_no_character_that_a_reader_sees_as_one(text: str, longest: int) -> None:
    kept = cut(text, longest).removesuffix("\n```").removesuffix("…")
    after = text[len(kept) :].lstrip()
    if kept != text and after and kept and not kept[-1].isspace():
        assert kept[-1] != "\u200d"
        assert text[len(kept)] != "\u200d"
        assert unicodedata.category(text[len(kept)])[0] != "M"


@pytest.mark.parametrize(
    "token", ["<@123>", "<@&123>", "<t:123:R>", "<:name:1>", "👩‍👩‍👧", "👍🏽", "🇳🇱", "e\u0301", r"\*", "`a b`"]
)
def test_a_cut_takes_what_belongs_together_whole_or_not_at_all(token: str) -> None:
    text = f"abc{token}{'x' * 40}"
    for longest in range(4, 4 + units(token)):
        assert cut(text, longest) == "abc…"
    assert cut(text, 4 + units(token)) == f"abc{token}…"


def test_a_cut_prefers_the_end_of_a_line_then_of_a_word() -> None:
    assert cut("one two three\nfour five six seven", 16) == "one two three…"
    assert cut("one two three four five", 20) == "one two three four…"
    assert cut("a" * 30, 10) == "a" * 9 + "…"


def test_a_cut_code_block_is_closed_again() -> None:
    assert cut(fence("docker compose logs\n" * 9, "sh"), 40).endswith("…\n```")
    assert cut("before ```sh\nls\n```", 9) == "before…"


def test_units_count_emoji_as_discords_own_client_does() -> None:
    assert (units("a"), units("é"), units("😀"), units("\ud83d")) == (1, 1, 2, 1)


def test_a_moment_is_shown_in_the_readers_zone_so_it_needs_one() -> None:
    assert timestamp(datetime(2026, 1, 1, tzinfo=UTC), "R") == "<t:1767225600:R>"
    with pytest.raises(ValueError, match="time zone"):
        timestamp(datetime(2026, 1, 1), "R")  # noqa: DTZ001


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (45, "45 s"),
        (180, "3 min"),
        (239, "3 min"),
        (3600, "1 h"),
        (4800, "1 h 20 min"),
        (187200, "2 d 4 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: int, words: str) -> None:
    assert duration(timedelta(seconds=seconds)) == words


def test_one_line_and_blank_see_through_white_space() -> None:
    assert one_line(" a\n\tb\u2028c ") == "a b c"
    assert is_blank("\u200b \n\ufeff")
    assert not is_blank("—")


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://shop.example/a_b?c=d&e=%20#f", "https://shop.example/a_b?c=d&e=%20#f"),
        ("http://192.168.1.4:8000/x", "http://192.168.1.4:8000/x"),
        ("HTTPS://Shop.Example", "https://shop.example"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("http://bugsink:8000/x", ""),  # Discord wants a dot in the host
        ("http://localhost/", ""),
        ("http://[::1]/", ""),
        ("http://1.2.3/", ""),
        ("http://a..b/", ""),
        ("http://shop.example.", ""),
        ("https://user:pass@shop.example/", ""),
        ("https://shop.example:99999/", ""),
        ("javascript:alert(1)//a.b", ""),
        ("ftp://a.bc", ""),
        ("https://a.bc/d e", ""),
        ("https://a.bc/\x00", ""),
        ("https://a.bc/\ud800", ""),
        ("https://a.bc/<>", ""),
        ("https://[", ""),
        ("", ""),
        ("https://a.bc/" + "x" * 2048, ""),
    ],
)
def test_an_address_is_safe_when_discord_would_take_it(url: str, safe: str) -> None:
    assert safe_url(url) == safe


@given(anything | st.builds("https://{}".format, anything) | st.builds("https://a.bc/{}".format, anything))
def test_a_safe_address_stays_one(url: str) -> None:
    safe = safe_url(url, 100)
    assert safe == safe_url(safe, 100)
    assert not safe or re.fullmatch(r"https?://[!-~]{3,}", safe)

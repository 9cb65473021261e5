from __future__ import annotations

import time

import pytest

from freeze_alerts.sources.errors.scrub import HIDDEN, LONGEST, keyed, scrub


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("card 4111 1111 1111 1111 was declined", "4111"),
        ("card 4111-1111-1111-1111", "1111"),
        ("pan=4111111111111111", "4111"),
        ("no account for ann.lee+shop@mail.shop.example", "ann.lee"),
        ("password='hunter2'", "hunter2"),
        ('{"password": "hunter2", "name": "x"}', "hunter2"),
        ("{'db_password': 'hunter 2'}", "hunter"),
        ("PASSWORD=hunter2", "hunter2"),
        ("Authorization: Bearer abc.def-ghi", "abc.def"),
        ("Cookie: sessionid=abcdef123", "abcdef123"),
        ("cvc 123 is wrong", "123"),
        ("{'cvv': 123}", "123"),
        ("postgres://shop:hunter2@db/shop is down", "hunter2"),
        ("key live_dHar4XY7LxsDOtmnkVtjNVWXLSlXsM is not known", "live_dHar"),
        ("token eyJhbGciOiJIUzI1NiIsInR5cCI6.eyJzdWIiOiIxMjM0NTY3ODkw.dozjgNryP4J3jVmNHl0w5N", "eyJ"),
        ("IBAN NL91ABNA0417164300", "NL91"),
        ("from 83.12.44.7", "83.12"),
        ("Key (email)=(ann@shop.example) already exists", "ann@"),
    ],
)
def test_what_must_not_be_kept_is_taken_out(text: str, secret: str) -> None:
    assert secret not in scrub(text)


@pytest.mark.parametrize(
    "text",
    [
        "order 4711 is lost",
        "invalid literal for int() with base 10: 'x'",
        "'NoneType' object has no attribute 'total'",
        "division by zero",
        "the token expired",
        "Connection to db:5432 refused",
        'relation "shop_order" does not exist',
    ],
)
def test_what_helps_stays(text: str) -> None:
    assert scrub(text) == text


@pytest.mark.parametrize(
    "unit", ["a", "a.", "1 ", "aA1_", "@", "a@a.", "password=", "'", "://", "NL91 ABCD ", "\\", "a-"]
)
def test_no_text_takes_long(unit: str) -> None:
    """The text is cut first; and of what is left no pattern looks at a place more than so many times."""
    short, long = (_fastest(unit, length) for length in (LONGEST // 4, 1_000_000))
    assert long < short * 200 + 0.5


def _fastest(unit: str, length: int) -> float:
    text, times = (unit * length)[:length], []
    for _ in range(3):
        start = time.thread_time()
        scrub(text)
        times.append(time.thread_time() - start)
    return min(times)


def test_text_is_cut() -> None:
    assert scrub("x y " * 1000, 30) == ("x y " * 10)[:30]


def test_a_person_is_told_from_another_and_not_named() -> None:
    assert keyed("ann") == keyed("ann") != keyed("bob")
    assert "ann" not in keyed("ann")
    assert HIDDEN not in keyed("ann")


def test_the_hash_is_the_projects_own(settings) -> None:
    before = keyed("ann")
    settings.SECRET_KEY = "another"
    assert keyed("ann") != before

from __future__ import annotations

import pytest

from freeze_alerts.sources.errors.fingerprint import digest, normalise, parts
from tests.sources.errors.records import frame, record


def _same(one: dict[str, object], other: dict[str, object]) -> bool:
    return digest(parts(record(**one))) == digest(parts(record(**other)))


LOG = {"type": "", "frames": (), "logger": "shop"}


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        # what a message says does not count where there is a place
        ({"message": "order 1"}, {"message": "order 2"}, True),
        # nor does a line that moved
        ({"frames": (frame(line=1),)}, {"frames": (frame(line=99),)}, True),
        # another type, or another function, is another issue
        ({"type": "ValueError"}, {"type": "KeyError"}, False),
        ({"frames": (frame("pay"),)}, {"frames": (frame("refund"),)}, False),
        # a recursion is as one call, however deep
        ({"frames": (frame("walk"),) * 3}, {"frames": (frame("walk"),) * 7}, True),
        # only the last three calls in the project's own code
        ({"frames": (frame("a"), *map(frame, "xyz"))}, {"frames": (frame("b"), *map(frame, "xyz"))}, True),
        # libraries don't count, unless there is nothing else
        ({"frames": (frame(), frame("get", in_app=False))}, {"frames": (frame(), frame("post", in_app=False))}, True),
        ({"frames": (frame("get", in_app=False),)}, {"frames": (frame("post", in_app=False),)}, False),
        # without a place, the message counts, with what varies taken out
        ({"frames": (), "message": "order 17"}, {"frames": (), "message": "order 4711"}, True),
        ({"frames": (), "message": "lost"}, {"frames": (), "message": "found"}, False),
        # a log line goes by its logger and what stands in the code
        (
            {**LOG, "template": "%s lost", "message": "a lost"},
            {**LOG, "template": "%s lost", "message": "b lost"},
            True,
        ),
        ({**LOG, "template": "%s lost"}, {**LOG, "template": "%s lost", "logger": "stock"}, False),
        # the page it happened on does not count
        ({"transaction": "/a/"}, {"transaction": "/b/"}, True),
        # what the project says goes above all
        ({"fingerprint": ("own",), "type": "ValueError"}, {"fingerprint": ("own",), "type": "KeyError"}, True),
        ({"fingerprint": ("{{ default }}", "a")}, {"fingerprint": ("{{ default }}", "b")}, False),
    ],
)
def test_which_errors_are_the_same(one: dict[str, object], other: dict[str, object], is_same: bool) -> None:
    assert _same(one, other) is is_same


def test_a_fingerprint_may_add_to_our_own() -> None:
    assert parts(record(fingerprint=("{{ default }}", "ann"))) == (*parts(record()), "ann")


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("order 4711 is lost", "order <number> is lost"),
        ("took 3.5 s at 12:30:01", "took <number> s at <number>"),
        ("no user ann@shop.example", "no user <email>"),
        ("550e8400-e29b-41d4-a716-446655440000 gone", "<uuid> gone"),
        ("commit 5b3cd25aa at 0x7f3a", "commit <hex> at <hex>"),
        ("key 'colour' and \"size\"", "key <text> and <text>"),
        ("from 10.0.0.7", "from <ip>"),
        ("facade of a decade", "facade of a decade"),  # hexadecimal letters alone are words
    ],
)
def test_what_varies_is_named_instead(text: str, normal: str) -> None:
    assert normalise(text) == normal

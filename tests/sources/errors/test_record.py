from __future__ import annotations

import dataclasses
import json

import pytest

from freeze_alerts.sources.errors.record import NEAR, OWN_MOST, read
from tests.sources.errors.records import event


def test_an_event_is_read_with_what_may_be_kept() -> None:
    seen = read(event())
    assert seen is not None
    assert (seen.full_type, seen.types) == ("shop.errors.PaymentError", ("shop.errors.PaymentError", "KeyError"))
    assert (seen.transaction, seen.source, seen.method, seen.path) == ("/checkout/", "route", "POST", "/checkout/7")
    assert (seen.release, seen.environment, seen.server, seen.user) == ("1.2", "production", "web1", "7")
    assert [(each.module, each.function, each.line, each.in_app) for each in seen.frames] == [
        ("django.core.handlers", "inner", 55, False),
        ("shop.checkout", "pay", 12, True),
    ]


def test_variables_bodies_headers_cookies_and_queries_are_not_looked_at() -> None:
    kept = json.dumps(dataclasses.asdict(read(event())))  # type: ignore[arg-type]
    assert [word for word in ("4111", "s3cret", "abcdef", "token") if word in kept] == []


def test_a_log_line_has_its_template_and_its_logger() -> None:
    entry = {"message": "order %s is lost", "formatted": "order 7 is lost", "params": [7]}
    seen = read({"level": "error", "logger": "shop", "logentry": entry})
    assert seen is not None
    assert (seen.logger, seen.template, seen.message, seen.frames) == ("shop", entry["message"], "order 7 is lost", ())


@pytest.mark.parametrize("level", ["info", "warning", "debug"])
def test_a_message_below_error_is_no_error(level: str) -> None:
    assert read({"level": level, "message": "hello"}) is None


@pytest.mark.parametrize("kind", ["transaction", "check_in"])
def test_only_events_are_errors(kind: str) -> None:
    assert read({"type": kind, "level": "error"}) is None


def test_tags_come_as_a_dict_or_as_pairs() -> None:
    for tags in ({"domain": "payment", "colour": "red"}, [["domain", "payment"], ["colour", "red"]]):
        seen = read(event(tags=tags))
        assert seen is not None
        assert (seen.tags, seen.payment) == ({"domain": "payment"}, True)


def test_of_a_deep_stack_the_last_calls_and_the_projects_own_are_taken_along() -> None:
    own, libraries = (
        [{"function": f"{name}{n}", "in_app": name == "own"} for n in range(50)] for name in ("own", "lib")
    )
    seen = read({"exception": {"values": [{"type": "E", "stacktrace": {"frames": [*own, *libraries]}}]}})
    assert seen is not None
    expected = [f"own{n}" for n in range(50 - OWN_MOST, 50)] + [f"lib{n}" for n in range(50 - NEAR, 50)]
    assert [each.function for each in seen.frames] == expected


def test_an_event_with_hardly_anything_in_it_is_read_too() -> None:
    seen = read({"exception": {"values": [{"type": None, "value": None, "stacktrace": None}]}, "request": None})
    assert seen is not None
    assert (seen.type, seen.message, seen.frames, seen.level) == ("", "", (), "error")

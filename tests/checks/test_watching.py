from __future__ import annotations

import pytest
from pytest_django import Settings

from tests.checks.configurations import said, with_changes


@pytest.mark.parametrize(
    ("url", "is_wrong"),
    [
        ("https://hc-ping.com/6f9619ff-8b86", False),
        ("http://hc.internal:8000/ping/6f9619ff-8b86", False),
        (None, False),
        ("", False),
        ("hc-ping.com/6f9619ff-8b86", True),
        ("ftp://hc-ping.com/6f9619ff-8b86", True),
        ("https://[half/6f9619ff-8b86", True),
    ],
)
def test_a_ping_address_is_http_and_is_shown_to_nobody(url: str | None, is_wrong: bool, settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(WATCH={"PING_URL": url}, BACKUPS={"PING_URL": url})
    for number in (60, 86):
        assert bool(said(number)) is is_wrong
        assert "6f9619ff" not in said(number)


@pytest.mark.parametrize(("token", "is_wrong"), [(None, False), ("", False), ("x" * 15, True), ("x" * 16, False)])
def test_a_token_that_can_be_guessed_is_no_token(token: str | None, is_wrong: bool, settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_changes(WATCH={"HEALTH_TOKEN": token})
    assert bool(said(62)) is is_wrong
    assert "xxx" not in said(62)

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from tests.checks.configurations import found, said, with_sentry


@pytest.mark.parametrize(
    ("number", "changes", "sentence"),
    [
        (100, {"WEBHOOK_SECRETS": ["/no/such/file"]}, "has no secret to know its calls by"),
        (101, {"TOKEN": "", "PROJECT": ""}, "SENTRY.PROJECT, SENTRY.TOKEN are not set"),
        (101, {"INTEGRATION": ""}, "SENTRY.INTEGRATION is not set"),
        (102, {"API_URL": "http://sentry.shop.example/api/0"}, "the token can be read on the way"),
    ],
)
def test_what_is_wrong_with_sentry_is_named(
    number: int, changes: dict[str, Any], sentence: str, settings: Settings
) -> None:
    settings.FREEZE_ALERTS = with_sentry(**changes)
    assert sentence in said(number)


def test_a_sentry_that_judges_gives_no_warning(settings: Settings) -> None:
    settings.FREEZE_ALERTS = with_sentry()
    assert [each for each in found() if each >= "freeze_alerts.W100"] == []


def test_a_webhook_without_an_address_is_told(settings: Settings) -> None:
    settings.FREEZE_ALERTS, settings.ROOT_URLCONF = with_sentry(), "tests.checks.test_registry"
    assert "no address here" in said(103)

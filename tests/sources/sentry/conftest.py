from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from tests.sources.sentry.server import SLUG, TOKEN, SentryServer, serving


@pytest.fixture
def sentry(settings: Settings) -> Iterator[SentryServer]:
    """A Sentry that our settings lead to."""
    with serving() as server:
        ours: dict[str, Any] = {"API_URL": server.url, "ORGANIZATION": "shop", "PROJECT": "backend"}
        settings.FREEZE_ALERTS = {
            "SENTRY": {**ours, "TOKEN": TOKEN, "INTEGRATION": SLUG},
            "DELIVERY": {"DOORBELL": "none"},
        }
        yield server


@pytest.fixture
def configure(settings: Settings) -> Any:
    """Changes keys of ``SENTRY``, or whole sections."""

    def change(sentry: dict[str, Any] | None = None, **sections: Any) -> None:
        ours = settings.FREEZE_ALERTS
        settings.FREEZE_ALERTS = {**ours, "SENTRY": {**ours.get("SENTRY", {}), **(sentry or {})}, **sections}

    return change

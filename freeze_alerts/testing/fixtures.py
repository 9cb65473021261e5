"""pytest fixtures, loaded by pytest itself wherever freeze-alerts is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from freeze_alerts.testing.discord import DiscordServer


@pytest.fixture
def discord() -> Iterator[DiscordServer]:
    """A stand-in for Discord that ``settings.FREEZE_ALERTS`` points to: no channel leads anywhere else."""
    with stand_in() as server:
        yield server


@contextmanager
def stand_in() -> Iterator[DiscordServer]:
    """What the fixture ``discord`` does, for tests that use no fixtures."""
    # Late: pytest loads this module in every project that has freeze-alerts installed.
    from django.conf import settings
    from django.test import override_settings

    from freeze_alerts.testing.discord import CHANNELS, DiscordServer

    ours = getattr(settings, "FREEZE_ALERTS", {})
    with DiscordServer() as server:
        channels = dict.fromkeys([*CHANNELS, *ours.get("WEBHOOKS", {})])
        webhooks = {channel: server.webhook(channel) for channel in channels}
        merged = {"PROVIDERS": {}, **ours, "WEBHOOKS": webhooks, "DISCORD_API_URL": server.api_url}
        with override_settings(FREEZE_ALERTS=merged):
            yield server

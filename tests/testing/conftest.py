from __future__ import annotations

from collections.abc import Iterator

import pytest

from freeze_alerts.testing.discord import DiscordServer


@pytest.fixture
def server() -> Iterator[DiscordServer]:
    with DiscordServer() as running:
        yield running

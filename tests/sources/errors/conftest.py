from __future__ import annotations

from collections.abc import Iterator

import pytest

from freeze_alerts.sources.errors import intake, rates


@pytest.fixture(autouse=True)
def _nothing_said_before() -> Iterator[None]:
    """No counts of an earlier test, and no memory of what it told."""
    intake._intake._take()
    rates._told.clear()
    yield
    intake._intake._take()

from __future__ import annotations

from collections.abc import Iterator

import pytest

from freeze_alerts.diagnosis import providers
from tests.diagnosis.providers.pages import StatusPages, serving


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    providers.forget()
    yield
    providers.forget()


@pytest.fixture
def pages() -> Iterator[StatusPages]:
    with serving() as server:
        yield server

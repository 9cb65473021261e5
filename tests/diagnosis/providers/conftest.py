from __future__ import annotations

from collections.abc import Iterator

import pytest

from freeze_alerts.diagnosis import providers
from freeze_alerts.diagnosis.providers import fetch
from tests.diagnosis.providers.pages import StatusPages, serving


@pytest.fixture(autouse=True)
def _nothing_kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """And all the time in the world: a busy machine is no slow status page."""
    monkeypatch.setattr(fetch, "WHOLE_SECONDS", 60.0)
    monkeypatch.setattr(providers, "STEP_SECONDS", 60.0)
    providers.forget()
    yield
    providers.forget()


@pytest.fixture
def pages() -> Iterator[StatusPages]:
    with serving() as server:
        yield server

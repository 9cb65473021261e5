"""What others say of themselves: the status pages of payment providers and hosts, asked only for a card.

A page that can't be read is "unknown": neither up nor down, and never green.
"""

from __future__ import annotations

import threading
import time

from freeze_alerts.diagnosis.budget import Step
from freeze_alerts.diagnosis.providers.configured import Provider, configured
from freeze_alerts.diagnosis.providers.status import Unknown, describe

KEPT_SECONDS = 60.0
STEP_SECONDS = 3.5
"""Half a second more than the fetch itself may take, which is 3."""

_kept: dict[Provider, tuple[float, str | Unknown]] = {}
_lock = threading.Lock()


def steps() -> list[Step]:
    """One step a provider that settings name."""
    return [_step(each) for each in configured()]


def status(provider: Provider) -> str:
    """What its page says, in a line or a few; not older than a minute. Raises Unknown."""
    with _lock:
        kept = _kept.get(provider)
    if kept is None or time.monotonic() - kept[0] >= KEPT_SECONDS:
        kept = (time.monotonic(), _fetched(provider))
        with _lock:
            _kept[provider] = kept
    said = kept[1]
    if isinstance(said, Unknown):
        raise Unknown(*said.args)
    return said


def forget() -> None:
    """Ask anew the next time."""
    with _lock:
        _kept.clear()


def _fetched(provider: Provider) -> str | Unknown:
    from freeze_alerts.diagnosis.providers.fetch import page_of  # drags requests in; only a card needs it

    try:
        return describe(page_of(provider), provider.components)
    except Unknown as unknown:
        return unknown


def _step(provider: Provider) -> Step:
    return Step(f"{provider.name}’s status", lambda: status(provider), STEP_SECONDS)

"""Whose status pages are asked for a card."""

from __future__ import annotations

from collections.abc import Iterator

from freeze_alerts.checks.registry import warns
from freeze_alerts.diagnosis.providers.configured import unusable


@warns(99, hint="A provider is a name and its status page's address, or {'URL': address, 'COMPONENTS': [names]}. "
                "Until then its status is on no card.")  # fmt: skip
def unusable_providers() -> Iterator[str]:
    for name, wrong in unusable().items():
        yield f"FREEZE_ALERTS: PROVIDERS[{name!r}] {wrong}."

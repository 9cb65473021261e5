"""What is worked out of the settings once, for code that has no time to read them each time."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TypeVar

from django.conf import settings

_Result = TypeVar("_Result")


def once_per_settings(work_out: Callable[[], _Result]) -> Callable[[], _Result]:
    """Work it out again only when ``settings.FREEZE_ALERTS`` is another object than last time."""
    kept: list[tuple[object, _Result]] = []

    @wraps(work_out)
    def settled() -> _Result:
        now = getattr(settings, "FREEZE_ALERTS", None)
        if not kept or kept[0][0] is not now:
            kept[:] = [(now, work_out())]
        return kept[0][1]

    return settled

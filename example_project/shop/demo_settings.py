"""The shop's settings for ``make demo``: nothing waits for half an hour, and single values come from the environment.

DEMO_ALERTS is JSON that is laid over FREEZE_ALERTS, section by section.
"""

from __future__ import annotations

import json

from shop.settings import *  # noqa: F403
from shop.settings import FREEZE_ALERTS, env

_PATIENCE = {
    "DISK": {"HOLD_MINUTES": 0},
    "ERRORS": {"HOLD_MINUTES": 0, "REGRESSION_GRACE_SECONDS": 0},
    "DELIVERY": {"MESSAGES_PER_MINUTE": 240},
    "PROVIDERS": {},
}

for _changes in (_PATIENCE, json.loads(env("DEMO_ALERTS", "{}"))):
    for _section, _values in _changes.items():
        FREEZE_ALERTS[_section] = {**FREEZE_ALERTS.get(_section, {}), **_values}

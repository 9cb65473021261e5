"""Our conditions as a check for django-health-check 4, among the checks of its view::

    ("freeze_alerts.watch.plugin.FreezeAlerts", {"only": "disk"})

It needs the extra: ``pip install 'freeze-alerts[health-check]'``. Its answers come from what is stored, as ours do.
"""

from __future__ import annotations

import dataclasses
import datetime
from typing import ClassVar

from health_check.base import HealthCheck
from health_check.exceptions import ServiceUnavailable, ServiceWarning

from freeze_alerts.watch import reader
from freeze_alerts.watch.health import Condition, State, worst


@dataclasses.dataclass
class FreezeAlerts(HealthCheck):  # type: ignore[misc]  # its package has no types
    """All conditions, or those whose names begin with ``only``.

    django-health-check answers 500 to a warning, which takes a site down: so warnings are told only where
    ``warnings`` says so.
    """

    only: str = ""
    warnings: bool = False
    timeout: ClassVar[datetime.timedelta] = datetime.timedelta(seconds=2)

    def run(self) -> None:
        seen = [each for each in reader.look() if each.name.startswith(self.only) or each.name == "database"]
        state = worst(seen)
        if state is State.CRITICAL:
            raise ServiceUnavailable(_told(seen, State.CRITICAL))
        if state is State.WARNING and self.warnings:
            raise ServiceWarning(_told(seen, State.WARNING))


def _told(conditions: list[Condition], state: State) -> str:
    ill = [each for each in conditions if each.state is state]
    return ", ".join(each.name if each.value is None else f"{each.name}: {each.value:g} {each.unit}" for each in ill)

"""Dead parts of our own chain."""

from __future__ import annotations

from typing import Any

from freeze_alerts.alerts import Outcome, open_alert, resolve_alert
from freeze_alerts.catalog import AlertType
from freeze_alerts.outbox import spare
from freeze_alerts.switchboard.door import door


@door
def on_part_died(*, part: str, title: str, text: str, command: str = "", **_: Any) -> None:
    outcome = open_alert(AlertType.TROUBLE, key=f"part:{part}", title=title, text=text, command=command)
    if part == "outbox" and outcome in (Outcome.OPENED, Outcome.REOPENED):
        spare.tell(title, text)  # what keeps the others from being sent keeps this one too


@door
def on_part_revived(*, part: str, **_: Any) -> None:
    resolve_alert(AlertType.TROUBLE, key=f"part:{part}", reason="it gives signs of life again")

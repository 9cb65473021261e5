"""Disks: a filling one, and one that can't be read."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from freeze_alerts import conf
from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.states import end_unwatched, report_state
from freeze_alerts.catalog import AlertType, Severity, manage
from freeze_alerts.switchboard.door import door


@door
def on_disk_measured(
    *, host: str, device: str, path: str, used_percent: float, severity: Severity | None, held: Severity | None,
    text: str, fields: list[tuple[str, str]], also: Sequence[str] = (), **_: Any,
) -> None:  # fmt: skip
    report_state(
        AlertType.DISK_SPACE, key=f"disk:{host}:{device}", severity=severity, held=held,
        hold=timedelta(minutes=conf.current().disk.hold_minutes), title=f"{path} on {host}", text=text,
        fields=fields, value=used_percent, host=host,
    )  # fmt: skip
    for readable in (path, *also):
        resolve_alert(AlertType.TROUBLE, key=_unreadable(host, readable), reason="it can be read again")


@door
def on_disk_unreadable(*, host: str, path: str, error: str, **_: Any) -> None:
    open_alert(
        AlertType.TROUBLE, key=_unreadable(host, path), title=f"{path} can't be read", host=host,
        text=f"The disk under {path} on {host} is not being watched: {error}",
        command=manage(f"check_disk --path {shlex.quote(path)}"),
    )  # fmt: skip


@door
def on_disks_checked(**_: Any) -> None:
    end_unwatched(AlertType.DISK_SPACE)


def _unreadable(host: str, path: str) -> str:
    return f"unreadable:{host}:{path}"

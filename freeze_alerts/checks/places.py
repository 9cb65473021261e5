"""Paths: the disks that are watched, and the file for when the database is away."""

from __future__ import annotations

import os
from collections.abc import Iterator

from freeze_alerts import conf
from freeze_alerts.checks.registry import warns
from freeze_alerts.sources.disk import patience

PATIENCE_SECONDS = 2.0


@warns(17, hint="Correct DISK['PATHS'], or mount it here too. A path that can't be read is told as an alert.")
def missing_disks() -> Iterator[str]:
    for path in conf.current().disk.paths:
        if trouble := _trouble_with(path):
            yield f"FREEZE_ALERTS: DISK.PATHS names {path}, which {trouble}."


@warns(18, hint="Let DELIVERY['SPOOL'] be a file in a directory that this user may write to: alerts are kept there "
                "while the database is away.")  # fmt: skip
def unusable_spool() -> Iterator[str]:
    spool = conf.current().delivery.spool
    if not spool.parent.is_dir():
        yield f"FREEZE_ALERTS: DELIVERY.SPOOL is {spool}, and there is no directory {spool.parent}."
    elif spool.is_dir():
        yield f"FREEZE_ALERTS: DELIVERY.SPOOL is {spool}, which is a directory."
    elif not os.access(spool if spool.exists() else spool.parent, os.W_OK):
        yield f"FREEZE_ALERTS: DELIVERY.SPOOL is {spool}, which this user can't write."


def _trouble_with(path: str) -> str:
    try:
        patience.within(PATIENCE_SECONDS, f"check {path}", lambda: os.stat(path))
    except TimeoutError:
        return "does not answer"
    except OSError as error:
        return f"can't be read: {error.strerror}"
    except ValueError as error:
        return f"is no path: {error}"
    return ""

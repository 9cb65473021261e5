"""Backups that are made, proved, kept, watched and restorable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freeze_alerts.sources.backups.monitor import BackupMonitor

__all__ = ["BackupMonitor"]


def __getattr__(name: str) -> Any:
    """Load it when it is first asked for: every process loads this package, and few look at the numbers."""
    if name == "BackupMonitor":
        from freeze_alerts.sources.backups.monitor import BackupMonitor

        return BackupMonitor
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

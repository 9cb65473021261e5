"""Backups that are made, proved, kept, watched and restorable."""

from freeze_alerts.sources.backups.monitor import BackupMonitor

__all__ = ["BackupMonitor"]

"""Putting back what was deleted: a look first, then all of it or nothing."""

from freeze_alerts.sources.audit.restore.act import Blocked, Person, Restored, restore
from freeze_alerts.sources.audit.restore.look import Look, look
from freeze_alerts.sources.audit.restore.remarks import Kind, Remark

__all__ = ["Blocked", "Kind", "Look", "Person", "Remark", "Restored", "look", "restore"]

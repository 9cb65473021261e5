"""Every message is a row before it is a request; see :mod:`freeze_alerts.outbox.deliver` for how it leaves."""

from freeze_alerts.outbox.put import after_commit, put, redraw, ring_after_commit

__all__ = ["after_commit", "put", "redraw", "ring_after_commit"]

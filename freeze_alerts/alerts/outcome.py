"""What reporting a trouble, or its end, came to."""

from __future__ import annotations

from enum import Enum


class Outcome(Enum):
    OPENED = "opened"
    REPEATED = "repeated"
    WORSENED = "worsened"
    REOPENED = "reopened"
    EASED = "eased"
    RESOLVED = "resolved"
    UNCHANGED = "unchanged"
    SPOOLED = "spooled"
    """The database could not be written: it is kept in the spool, and a trouble is said straight in Discord."""

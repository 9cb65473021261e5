"""What a backup is called."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime


def of_backup(alias: str, when: datetime) -> str:
    """``default_20261123T050642Z_1f3a9c2b``: in UTC, so that no hour comes twice, and never the same twice."""
    return f"{safe(alias)}_{when.astimezone(UTC):%Y%m%dT%H%M%SZ}_{os.urandom(4).hex()}"


def safe(alias: str) -> str:
    """An alias as a part of a file's name. Two may look the same there: the manifest says which it is."""
    return re.sub(r"[^\w-]", "_", alias, flags=re.ASCII)


def scratch(when: datetime) -> str:
    """A database of our own making, for a restore that is thrown away."""
    return f"freeze_alerts_drill_{when.astimezone(UTC):%Y%m%dt%H%M%S}_{os.urandom(4).hex()}"

"""What a backup is called."""

from __future__ import annotations

import hashlib
import os
import re
from datetime import UTC, datetime

_SCRATCH = re.compile(
    r"(?:^|_)freeze_alerts_drill_\d{8}t\d{6}_[0-9a-f]{8}$ | _restored_\d{8}_\d{6}_[0-9a-f]{8}$", re.VERBOSE
)


def of_backup(alias: str, when: datetime) -> str:
    """``default_20261123T050642Z_1f3a9c2b``: in UTC, so that no hour comes twice, and never the same twice."""
    return f"{safe(alias)}_{when.astimezone(UTC):%Y%m%dT%H%M%SZ}_{os.urandom(4).hex()}"


def safe(alias: str) -> str:
    """An alias as a part of a file's name; where it needs another spelling, no other alias comes to the same."""
    spelt = re.sub(r"[^\w-]", "_", alias, flags=re.ASCII)
    return spelt if spelt == alias else f"{spelt}-{hashlib.sha256(alias.encode()).hexdigest()[:8]}"


def restored(database: str, when: datetime) -> str:
    """A database that is filled to take the place of that one; PostgreSQL cuts names after 63 characters."""
    return f"{database[:29]}_restored_{when.astimezone(UTC):%Y%m%d_%H%M%S}_{os.urandom(4).hex()}"


def is_scratch(name: str) -> bool:
    """Whether a database has a name as only we give them."""
    return bool(_SCRATCH.search(name))


def scratch(when: datetime) -> str:
    """A database of our own making, for a restore that is thrown away."""
    return f"freeze_alerts_drill_{when.astimezone(UTC):%Y%m%dt%H%M%S}_{os.urandom(4).hex()}"

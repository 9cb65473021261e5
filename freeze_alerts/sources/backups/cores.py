"""How many cores we may use: not how many the machine has."""

from __future__ import annotations

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable() -> int:
    """Of those that we are bound to, as many as a container's quota pays for; at least one."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, round(_quota())))


def _quota() -> float:
    try:
        quota, period = _QUOTA.read_text().split()
        return float(quota) / float(period)
    except (OSError, ValueError):  # none: the word max
        return 1e6

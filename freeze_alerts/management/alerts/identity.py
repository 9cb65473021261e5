"""Which alert, and who says so."""

from __future__ import annotations

import getpass
import re
from argparse import ArgumentTypeError


def alert_id(text: str) -> int:
    """The number of an alert as a person writes it: ``12``, ``#12``, or ``12#3`` as its card has it."""
    found = re.fullmatch(r"#?([0-9]{1,18})(?:#[0-9]+)?", text.strip())
    if found is None:
        raise ArgumentTypeError(f"{text!r} is no alert's number")
    return int(found[1])


def person() -> str:
    """Who sits at this shell; "shell" where the system has no name for them, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "shell"

"""What can go wrong with a backup, as an exception whose text can be shown to anybody."""

from __future__ import annotations

import re

from freeze_alerts.conf import FreezeAlertsError

_KEPT_CHARACTERS = 4096
_SECRET = re.compile(
    r"(?ix) (pass(?:word|wd)? ['\"]? \s* [=:] \s* ['\"]?) [^\s'\"&,;]+"  # password=…, "password": "…"
    r"| (:// [^\s:/@]* :) [^\s@/]+ (?=@)"  # a URL's
    r"| (AGE-SECRET-KEY-1) [A-Z0-9]+"
)


class Trouble(FreezeAlertsError):
    """A backup could not be made, proved, copied or restored.

    ``stage`` is where it happened: preflight, lock, dump, write, copy, proof, restore. ``signal_name`` names the
    signal that ended a tool of ours (``SIGKILL``), if one did. ``passing``: another try may well succeed.
    """

    def __init__(self, text: str, *, stage: str, signal_name: str = "", passing: bool = False) -> None:
        super().__init__(text)
        self.stage = stage
        self.signal_name = signal_name
        self.passing = passing


class Damaged(Trouble):
    """The file is not what was written when the backup was made."""


class Unread(Trouble):
    """The file is there and can't be read here, which says nothing of what is in it."""


class Inconclusive(Trouble):
    """Nothing was proved, nor disproved: something that is needed for it is missing here."""


class HalfDone(Trouble):
    """A restore that failed when the old database was already gone."""


def scrubbed(text: str, *secrets: str) -> str:
    """The last lines of what a tool said, without the secrets, nor anything that looks like one."""
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    hidden = _SECRET.sub(lambda found: next(filter(None, found.groups())) + "***", text)
    return hidden.strip()[-_KEPT_CHARACTERS:]

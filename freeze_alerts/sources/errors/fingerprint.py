"""Which errors are the same one. Version 1: by type and place, never by line number, nor by what a message says."""

from __future__ import annotations

import hashlib
import json
import re
from itertools import groupby

from freeze_alerts.sources.errors.record import Frame, Record

VERSION = 1
FRAMES_THAT_COUNT = 3
_LONGEST = 300
_DEFAULT = ("{{ default }}", "{{default}}")
_VARYING = re.compile(
    r"(?P<uuid>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)"
    r"|(?P<email>(?<![\w.+-])[\w.+-]{1,64}@[\w.-]{1,100})"
    r"|(?P<ip>\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b)"
    r"|(?P<hex>\b(?:0x[0-9a-fA-F]{1,64}|(?=[a-fA-F]{0,64}[0-9])[0-9a-fA-F]{8,64})\b)"
    r"|(?P<text>'[^']{0,200}'|\"[^\"]{0,200}\")"
    r"|(?P<number>[0-9]+(?:[.,:][0-9]+)*)"
)


def parts(record: Record) -> tuple[str, ...]:
    """What makes it the error it is.

    The fingerprint that the project gave it; else its type and the last calls in the project's own code; else its
    type and message, or the logger and the message before its arguments were put in.
    """
    if record.fingerprint:
        own = _own(record)
        return tuple(part for each in record.fingerprint for part in (own if each in _DEFAULT else (each,)))
    return _own(record)


def digest(parts: tuple[str, ...]) -> str:
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()


def normalise(text: str) -> str:
    """The text with whatever varies from one time to the next named instead.

    >>> normalise("order 4711 of 'ann' took 3.5 s")
    'order <number> of <text> took <number> s'
    """
    return _VARYING.sub(lambda found: f"<{found.lastgroup}>", text[:_LONGEST])


def _own(record: Record) -> tuple[str, ...]:
    if record.type and record.frames:
        return ("exc", record.full_type, *_places(record.frames))
    if record.type:
        return ("exc", record.full_type, normalise(record.message))
    return ("log", record.logger, normalise(record.template))


def _places(frames: tuple[Frame, ...]) -> list[str]:
    """The last calls, the project's own where there are any; a recursion is one call."""
    own = [each for each in frames if each.in_app] or frames[-1:]
    calls = [place for place, _ in groupby(f"{each.module}:{each.function}" for each in own)]
    return calls[-FRAMES_THAT_COUNT:]

"""Text as Discord takes it: cleaned, escaped, fenced, measured and cut.

Discord counts code points; we count UTF-16 units, as its own client does: never fewer, so never too many.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from freeze_alerts.discord.address import safe_url

__all__ = [
    "clean",
    "code",
    "cut",
    "duration",
    "escape",
    "fence",
    "head",
    "is_blank",
    "one_line",
    "safe_url",
    "timestamp",
    "units",
]

ELLIPSIS = "…"
BACKTICK_IN_CODE = "\u02cb"

_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_RARE = re.compile("[\U00010000-\U0010ffff]")
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")
_DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MARKS = str.maketrans({mark: f"\\{mark}" for mark in "\\*_~`|[]<"})
_LINE_STARTS = re.compile(r"^([^\S\n]*)([#>+-]|[0-9]+(?=[.)](?:\s|$)))", re.MULTILINE)
_MENTIONS = re.compile(r"@(?=everyone|here|[!&]?[0-9])")
_ADDRESSES = re.compile(r"(?<!\w)https?://[A-Za-z0-9\-._~:/?#!$&'(),;=%+]+")
_BACKTICKS = re.compile(r"`{3,}")
_FENCE = re.compile(r"```\w*\n?")
# What must stay whole: escapes, inline code, mentions, moments, custom emoji, masked links.
_TOKEN = re.compile(
    r"\\.|`[^`\n]{1,512}`|<(?:@[!&]?|#|t:|a?:\w+:)-?[0-9]+(?::\w)?>"
    r"|\[(?:\\.|[^\]\n\\]){0,200}\]\([^)\s]{0,2048}\)",
    re.DOTALL,
)
# What can be passed over at one go: ASCII and escapes, but for what may begin a token.
_PLAIN = re.compile(r"(?:\\[!-~]|[\n\t !-;=-Z\]^_a-~])+")
_JOINER = "\u200d"
_LONGEST_STEP_BACK_FOR_A_WORD = 60


def clean(text: str) -> str:
    """The text without control characters (newline and tab stay), NUL and lone surrogates. Never raises."""
    paired = str(text).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "ignore")
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", paired))


def plain(text: str) -> str:
    """The text with what lies above U+FFFF replaced, emoji mostly: not every database has room for it."""
    return _RARE.sub("\ufffd", text)


def one_line(text: str) -> str:
    """The cleaned text with every run of white space as one space."""
    return " ".join(clean(text).split())


def is_blank(text: str) -> bool:
    """Whether nothing of it can be seen: white space, zero-width and formatting characters alone."""
    return all(unicodedata.category(each)[0] in "ZC" for each in text)


def head(text: str, longest: int) -> str:
    """The beginning of a text that may be huge: more than fits in ``longest`` units, so that a cut still shows."""
    return text[: 4 * longest]


def escape(text: str, *, keep_links: bool = False) -> str:
    """Foreign text that reads in Discord as it stands: no formatting, no mention, no masked link.

    An address in it is shown, not made a link, unless ``keep_links`` and Discord can follow it as it is written.
    Characters that turn the direction of writing are dropped, so that the text around stays in order.
    """
    plain, position, parts = _DIRECTIONS.sub("", clean(text)), 0, []
    for found in _ADDRESSES.finditer(plain) if keep_links else ():
        if safe_url(found[0]) == found[0]:
            parts += [_escaped(plain[position : found.start()]), found[0]]
            position = found.end()
    return "".join([*parts, _escaped(plain[position:])])


def _escaped(text: str) -> str:
    text = _LINE_STARTS.sub(_escaped_start, text.translate(_MARKS)).replace("://", r":\//")
    return _MENTIONS.sub("@\u200b", text)


def _escaped_start(found: re.Match[str]) -> str:
    indent, mark = found.groups()
    return f"{indent}{mark}\\" if mark[0].isdigit() else f"{indent}\\{mark}"


def fence(text: str, language: str = "") -> str:
    """The text as a code block it can't break out of; "" where there is nothing to see in it."""
    plain = _BACKTICKS.sub(lambda run: "\u200b".join(run[0]), _DIRECTIONS.sub("", clean(text))).strip("\n")
    return "" if is_blank(plain) else f"```{language}\n{plain}\n```"


def code(text: str) -> str:
    """The text as inline code, on one line."""
    return f"`{_DIRECTIONS.sub('', one_line(text)).replace('`', BACKTICK_IN_CODE) or '—'}`"


def units(text: str) -> int:
    """The length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def timestamp(moment: datetime, style: str) -> str:
    """Discord's token for a moment, shown in the reader's own zone.

    Styles: ``t`` time, ``f`` date and time, ``R`` relative. Raises ValueError for a moment without a zone.
    https://docs.discord.com/developers/reference#message-formatting-timestamp-styles
    """
    if moment.tzinfo is None:
        raise ValueError("A moment needs its time zone to be shown in the reader's.")
    return f"<t:{int(moment.timestamp())}:{style}>"


def duration(span: timedelta) -> str:
    """A span in words, its two largest units: ``45 s``, ``3 min``, ``1 h 20 min``, ``2 d 4 h``."""
    seconds = max(0, int(span.total_seconds()))
    for (size, unit), (smaller, minor) in pairwise(((86400, "d"), (3600, "h"), (60, "min"), (1, ""))):
        if seconds >= size:
            rest = seconds % size // smaller if minor else 0
            return f"{seconds // size} {unit}" + (f" {rest} {minor}" if rest else "")
    return f"{seconds} s"


def cut(text: str, longest: int) -> str:
    """The text in at most ``longest`` UTF-16 units; what was cut off leaves "…".

    It is cut at a line or word where one is near; never inside a character of several code points, a mention, a
    moment or an escape; and a code block is closed again.
    """
    if units(text) <= longest:
        return text
    stop = _best_stop(text, list(_stops(text, longest)), longest)
    if stop is None:
        return ELLIPSIS[: max(0, longest)]
    kept = text[: stop.position]
    return f"{kept.rstrip(' ')}{ELLIPSIS}\n```" if stop.fenced else f"{kept.rstrip()}{ELLIPSIS}"


class _Stop(NamedTuple):
    """A place where the text may be cut: before this position, after so many units, inside a code block or not."""

    position: int
    used: int
    fenced: bool


def _stops(text: str, longest: int) -> Iterator[_Stop]:
    """The places near the end where the text may be cut, and some before."""
    position = used = 0
    fenced = False
    while position < len(text) and used < longest:
        passed = _PLAIN.match(text, position, position + max(0, longest * 3 // 4 - used))
        mark = None if passed else _FENCE.match(text, position)
        fenced ^= bool(mark)
        found = passed or mark
        end = _joined_end(text, found.end()) if found else _whole_end(text, position, fenced)
        used += units(text[position:end])
        position = end
        if used + (5 if fenced else 1) <= longest:  # room for "…", or for "…", a line end and the closing fence
            yield _Stop(position, used, fenced)


def _whole_end(text: str, position: int, fenced: bool) -> int:
    token = None if fenced else _TOKEN.match(text, position)
    end = token.end() if token else position + 1
    if _is_flag_letter(text[position]) and _is_flag_letter(text[end : end + 1]):
        end += 1
    return _joined_end(text, end)


def _joined_end(text: str, end: int) -> int:
    while end < len(text) and _is_joined(text[end - 1], text[end]):
        end += 1
    return end


def _is_flag_letter(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_joined(before: str, after: str) -> bool:
    """Whether both belong to one character: combining marks, emoji joined, toned or tagged, Hangul jamo."""
    return (
        _JOINER in (before, after)
        or "\U0001f3fb" <= after <= "\U0001f3ff"
        or "\U000e0020" <= after <= "\U000e007f"
        or "\u1160" <= after <= "\u11ff"
        or unicodedata.category(after)[0] == "M"
    )


def _best_stop(text: str, stops: list[_Stop], longest: int) -> _Stop | None:
    """The last stop before a line end in the last fifth, else before a space close by, else the last of all."""
    for wanted, step_back in (("\n", longest // 5), ("\n\t ", min(longest // 4, _LONGEST_STEP_BACK_FOR_A_WORD))):
        for stop in reversed(stops):
            if stop.used < longest - step_back:
                break
            if text[stop.position] in wanted:
                return stop
    return stops[-1] if stops else None

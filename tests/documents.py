"""Reading our own pages."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from tests.paths import ROOT

DOCS = ROOT / "docs"
README = ROOT / "README.md"
QUICK_START = DOCS / "tutorial" / "quickstart.md"


def steps(page: Path) -> list[tuple[str, str]]:
    """The fenced blocks of a page in their order, each with its language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"^```(\w+)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def examples(page: Path) -> list[str]:
    """The Python blocks of a page."""
    return [block for language, block in steps(page) if language == "python"]


def in_words(within: timedelta | None) -> str:
    """A time to answer as the pages write it."""
    if within is None:
        return "the next business day"
    minutes = within.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 60 else f"{minutes / 60:.0f} h"

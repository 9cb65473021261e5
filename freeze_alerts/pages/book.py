"""The runbook that ships with the package: Markdown beside this file, a page for each alert type, made into HTML."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from freeze_alerts.catalog import NINE, Entry, entries

FOLDER = Path(__file__).parent / "runbook"
INDEX = "index"
_LINK = re.compile(r"^([a-z-]+)\.md$")


@dataclass(frozen=True)
class Page:
    """``html`` may be shown as it is: the text is ours, and raw HTML in it would come out escaped."""

    name: str
    title: str
    html: str


def names() -> list[str]:
    """What pages there are, the index first, then in the order of the catalog."""
    anchors = [each.anchor for each in entries() if (FOLDER / f"{each.anchor}.md").is_file()]
    return [INDEX, *dict.fromkeys(anchors)]


def contents() -> list[tuple[str, str, str]]:
    """Name, title and channel of each page but the index."""
    rows: dict[str, Entry] = {each.anchor: each for each in (*entries(), *NINE)}
    return [(name, rows[name].title, rows[name].channel) for name in names()[1:]]


def page(name: str, address: Callable[[str], str]) -> Page | None:
    """The page of this name; None where there is none. ``address`` says where a page of a given name is reached."""
    if name not in names():
        return None
    text = (FOLDER / f"{name}.md").read_text(encoding="utf-8")
    title = text.partition("\n")[0].removeprefix("# ")
    return Page(name, title, _rendered(text, address))


def _rendered(text: str, address: Callable[[str], str]) -> str:
    markdown = _markdown()
    tokens = markdown.parse(text)
    for token in (inner for each in tokens for inner in each.children or ()):
        if found := _LINK.match(str(token.attrGet("href") or "")):
            token.attrSet("href", address(found[1]))
    return str(markdown.renderer.render(tokens, markdown.options, {}))


@functools.cache
def _markdown():  # type: ignore[no-untyped-def]  # its type would have to be imported
    from markdown_it import MarkdownIt  # only whoever reads the runbook needs it

    return MarkdownIt("commonmark", {"html": False}).enable("table")

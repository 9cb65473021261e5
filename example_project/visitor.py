"""The person who sees a card in Discord and presses its button."""

from __future__ import annotations

import re
from typing import Any

import requests
from stage import NAME, PASSWORD, DemoFailed, browser

_TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
_PATIENCE_SECONDS = 20


def button(payload: dict[str, Any], label: str) -> str:
    """Where the card's button of this label leads. Raises DemoFailed when it has none."""
    rows = payload.get("components", [])
    for each in (each for row in rows for each in row["components"]):
        if each.get("label") == label:
            return str(each["url"])
    raise DemoFailed(f"The card has no button “{label}”.")


def press(url: str) -> None:
    """Follow the button, log in where asked to, and confirm. Raises DemoFailed when a page does not do its part."""
    visit = browser()
    page = _fine(visit.get(url, timeout=_PATIENCE_SECONDS))
    if "/login/" in page.url:
        page = _submit(visit, page, username=NAME, password=PASSWORD)
    if page.url != url:
        raise DemoFailed(f"After the login stood {page.url}, and not the page to confirm at.")
    done = _submit(visit, page)
    if "The alert is acknowledged" not in done.text:
        raise DemoFailed(f"{done.url} does not say that the alert is acknowledged.")


def _submit(visit: requests.Session, page: requests.Response, **filled_in: str) -> requests.Response:
    token = _TOKEN.search(page.text)
    if token is None:
        raise DemoFailed(f"There is no form at {page.url}.")
    said = {"csrfmiddlewaretoken": token[1], **filled_in}
    return _fine(visit.post(page.url, data=said, headers={"Referer": page.url}, timeout=_PATIENCE_SECONDS))


def _fine(page: requests.Response) -> requests.Response:
    if not page.ok:
        raise DemoFailed(f"{page.url} answered {page.status_code}.")
    return page

"""The people of the story: a customer in the shop, and the operator in the admin and before a card's buttons."""

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
    """Follow Acknowledge, log in where asked to, and confirm. Raises DemoFailed when a page does not do its part."""
    visit = browser()
    page = _logged_in(visit, url)
    if page.url != url:
        raise DemoFailed(f"After the login stood {page.url}, and not the page to confirm at.")
    done = _submit(visit, page)
    if "The alert is acknowledged" not in done.text:
        raise DemoFailed(f"{done.url} does not say that the alert is acknowledged.")


def read(url: str) -> str:
    """What staff sees at an address."""
    return _logged_in(browser(), url).text


def delete(url: str) -> None:
    """Delete an object of the admin on its own delete page, as somebody does who ticks nothing and says yes."""
    visit = browser()
    page = _logged_in(visit, url)
    done = _submit(visit, page, post="yes")
    if "was deleted successfully" not in done.text:
        raise DemoFailed(f"{done.url} does not say that it was deleted.")


def buy(shop: str, product: str, name: str) -> int:
    """Press Buy; the status of where that leads: 200 at the payment provider, 502 where no payment could be begun."""
    visit = browser()
    page = _fine(visit.get(shop, timeout=_PATIENCE_SECONDS))
    said = {"csrfmiddlewaretoken": _token(page), "name": name, "email": f"{name.lower()}@customer.example"}
    return visit.post(f"{shop}checkout/{product}/", data=said, headers={"Referer": shop},
                      timeout=_PATIENCE_SECONDS).status_code  # fmt: skip


def pay(shop: str, product: str, name: str) -> None:
    """Buy, and pay at the provider's page. Raises DemoFailed where the order is not paid then."""
    visit = browser()
    page = _fine(visit.get(shop, timeout=_PATIENCE_SECONDS))
    said = {"csrfmiddlewaretoken": _token(page), "name": name, "email": f"{name.lower()}@customer.example"}
    at_provider = _fine(visit.post(f"{shop}checkout/{product}/", data=said, headers={"Referer": shop},
                                   timeout=_PATIENCE_SECONDS))  # fmt: skip
    paid = _fine(visit.post(at_provider.url, data={"status": "paid"}, timeout=_PATIENCE_SECONDS))
    if " paid</h1>" not in paid.text:
        raise DemoFailed(f"{paid.url} does not say that the order is paid.")


def look(url: str) -> int:
    """The status with which a page of the shop answers."""
    return browser().get(url, timeout=_PATIENCE_SECONDS).status_code


def _logged_in(visit: requests.Session, url: str) -> requests.Response:
    page = _fine(visit.get(url, timeout=_PATIENCE_SECONDS))
    return _submit(visit, page, username=NAME, password=PASSWORD) if "/login/" in page.url else page


def _submit(visit: requests.Session, page: requests.Response, **filled_in: str) -> requests.Response:
    said = {"csrfmiddlewaretoken": _token(page), **filled_in}
    return _fine(visit.post(page.url, data=said, headers={"Referer": page.url}, timeout=_PATIENCE_SECONDS))


def _token(page: requests.Response) -> str:
    token = _TOKEN.search(page.text)
    if token is None:
        raise DemoFailed(f"There is no form at {page.url}.")
    return token[1]


def _fine(page: requests.Response) -> requests.Response:
    if not page.ok:
        raise DemoFailed(f"{page.url} answered {page.status_code}.")
    return page

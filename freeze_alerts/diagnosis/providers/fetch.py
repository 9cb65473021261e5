"""Reading a status page: 3 seconds in all, a body of bounded size, and redirects followed by hand.

``requests`` would read the whole body of each redirect, however long, before it follows it.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from freeze_alerts.diagnosis.providers.configured import Provider
from freeze_alerts.diagnosis.providers.status import Page, Unknown, instatus, statuspage
from freeze_alerts.discord import connection

WHOLE_SECONDS = 3.0
BODY_LONGEST_BYTES = 2_000_000
"""Mollie's and DigitalOcean's are a tenth of it."""
_REDIRECTS_AT_MOST = 3
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "freeze-alerts"}
_SUMMARIES = ("/api/v2/summary.json", "/summary.json")
_COMPONENTS = ("/api/v2/components.json", "/v2/components.json")
_FAILURES = (requests.RequestException, HTTPError, OSError, ValueError, RecursionError)


def page_of(provider: Provider) -> Page:
    """The provider's page as it is now. Raises Unknown where it can't be read, or has a shape of its own."""
    deadline = time.monotonic() + WHOLE_SECONDS
    with connection.new_session() as session:
        summary = _first(session, provider, _SUMMARIES, deadline)
        if page := statuspage(summary):
            return page
        if instatus(summary, None) is None:
            raise Unknown("its status page has a shape we can't read")
        try:
            components = _first(session, provider, _COMPONENTS, deadline)
        except Unknown:
            components = None  # the summary alone says whether anything is wrong
        page = instatus(summary, components)
    assert page is not None  # noqa: S101 - its shape was looked at above
    return page


def _first(session: requests.Session, provider: Provider, paths: tuple[str, ...], deadline: float) -> Any:
    """What the first of these addresses answers that answers at all."""
    unknown = Unknown()
    for path in paths:
        try:
            return json.loads(_get(session, provider.url + path, deadline))
        except Unknown as reason:
            unknown = reason
        except _FAILURES as problem:
            unknown = Unknown(f"its status page can't be read ({type(problem).__name__})")
    raise unknown


def _get(session: requests.Session, url: str, deadline: float) -> bytes:
    for _ in range(_REDIRECTS_AT_MOST + 1):
        left = deadline - time.monotonic()
        if left <= 0:
            raise Unknown(f"its status page took more than {WHOLE_SECONDS:g} s")
        with (
            connection.watched(left),
            session.get(url, headers=_HEADERS, timeout=left, allow_redirects=False, stream=True) as response,
        ):
            if not response.is_redirect:
                return _body(response)
            url = _next(url, response.headers["location"])
    raise Unknown("its status page leads in circles")


def _body(response: requests.Response) -> bytes:
    if response.status_code != requests.codes.ok:
        raise Unknown(f"its status page answered {response.status_code}")
    body = response.raw.read(BODY_LONGEST_BYTES + 1, decode_content=False)
    if len(body) > BODY_LONGEST_BYTES:
        raise Unknown("its status page is too long to be one")
    return bytes(body)


def _next(url: str, location: str) -> str:
    """Where a redirect leads; from https never to anything less."""
    target = urljoin(url, location)
    if urlsplit(target).scheme not in {"https", urlsplit(url).scheme}:
        raise Unknown("its status page leads away from https")
    return target

"""Sentry's API: the only place that speaks it.

https://docs.sentry.io/api/: the newer "monitors and alerts" alone. The older rules answer 410 by turns, and are going.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self

import requests
from urllib3.exceptions import HTTPError

from freeze_alerts import conf

TIMEOUT_SECONDS = (5.0, 20.0)
RETRIES_MOST = 3
RETRY_AFTER_MOST_SECONDS = 60.0
PAGES_MOST = 50
BODY_LONGEST_BYTES = 20_000_000
_NEXT = re.compile(r'<([^>]*)>;\s*rel="next";\s*results="true"')
_SAID_LONGEST = 300
_ADVICE = {
    401: "the token is not valid: SENTRY['TOKEN'] must be that of the internal integration",
    403: "the token may not do this: look at the integration's permissions",
    404: "there is no such thing: look at SENTRY['ORGANIZATION'], SENTRY['PROJECT'] and SENTRY['API_URL']",
    410: "Sentry has withdrawn this address: a newer freeze-alerts may know its successor",
}


class ApiError(conf.FreezeAlertsError):
    """Sentry did not do what it was asked for."""

    def __init__(self, text: str = "", status: int | None = None) -> None:
        super().__init__(text)
        self.status = status


class NotConfigured(ApiError):
    """Settings do not say which Sentry, or hold no token."""


class _Bearer(requests.auth.AuthBase):
    """The token, set where requests would else take what a .netrc says of this host."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Api:
    """One conversation. Paths are those of the documentation, without ``/api/0/``; all raise ApiError."""

    def __init__(self, sentry: conf.Sentry) -> None:
        missing = [name.upper() for name in ("organization", "project") if not getattr(sentry, name)]
        if missing:
            raise NotConfigured(f"FREEZE_ALERTS['SENTRY'] lacks {' and '.join(missing)}")
        self.organization, self.project = sentry.organization, sentry.project
        self._url = sentry.api_url.rstrip("/")
        self._session = requests.Session()
        self._session.auth = _Bearer(read_secret(sentry.token, "TOKEN"))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def get(self, path: str, **query: Any) -> Mapping[str, Any]:
        return _object(self._call("GET", f"{self._url}/{path}", query)[0], path)

    def rows(self, path: str, **query: Any) -> Iterator[Mapping[str, Any]]:
        """Every row of a list, page after page."""
        url: str | None = f"{self._url}/{path}"
        for _ in range(PAGES_MOST):
            if url is None:
                return
            page, url = self._call("GET", url, query)
            if not isinstance(page, list):
                raise ApiError(f"{path}: Sentry answered no list")
            yield from (each for each in page if isinstance(each, Mapping))
            query = {}  # the next page's address has it already

    def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return _object(self._call("POST", f"{self._url}/{path}", {}, body)[0], path)

    def put(self, path: str, body: Mapping[str, Any]) -> None:
        self._call("PUT", f"{self._url}/{path}", {}, body)

    def _call(
        self, method: str, url: str, query: Mapping[str, Any], body: Mapping[str, Any] | None = None
    ) -> tuple[Any, str | None]:
        for attempt in range(RETRIES_MOST + 1):
            try:
                with self._session.request(
                    method,
                    url,
                    params=dict(query),
                    json=body,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,  # the token goes where settings say, and nowhere else
                    stream=True,
                ) as response:
                    wait = _wait_seconds(response)
                    if wait is None or attempt == RETRIES_MOST:
                        return _answer(response, self._what(method, url)), self._next(response)
            except (requests.RequestException, HTTPError, OSError) as problem:
                raise ApiError(f"{self._what(method, url)}: {type(problem).__name__}") from None
            time.sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    def _what(self, method: str, url: str) -> str:
        return f"{method} {url.removeprefix(self._url).partition('?')[0]}"

    def _next(self, response: requests.Response) -> str | None:
        """The next page's address; never one of another server, which would get the token."""
        found = _NEXT.search(response.headers.get("Link", ""))
        return found[1] if found and found[1].startswith(f"{self._url}/") else None


def id_of(row: Mapping[str, Any], what: str) -> str:
    """The id of what Sentry gave. Raises ApiError where it has none."""
    found = row.get("id")
    if not isinstance(found, (str, int)) or found == "":
        raise ApiError(f"{what}: Sentry answered nothing with an id")
    return str(found)


def read_secret(source: str, name: str) -> str:
    """A secret of ``FREEZE_ALERTS["SENTRY"]``: itself, or the content of the file it names. Raises NotConfigured."""
    try:
        secret = conf.read_webhook(source)
    except OSError as problem:
        raise NotConfigured(f"FREEZE_ALERTS['SENTRY']: the file of {name} can't be read: {problem.strerror}") from None
    if not secret or not secret.isascii() or not secret.isprintable():
        raise NotConfigured(f"FREEZE_ALERTS['SENTRY'] has no {name}, or one that is none")
    return secret


def _wait_seconds(response: requests.Response) -> float | None:
    """How long to wait before trying again; None where that would be of no use."""
    if response.status_code != requests.codes.too_many_requests:
        return None
    try:
        asked = float(response.headers.get("Retry-After", "1"))
    except ValueError:
        asked = 1.0
    return asked if 0 <= asked <= RETRY_AFTER_MOST_SECONDS else None


def _answer(response: requests.Response, what: str) -> Any:
    raw = response.raw.read(BODY_LONGEST_BYTES, decode_content=True) or b""
    if not response.ok or response.is_redirect:
        advice = _ADVICE.get(response.status_code) or _said(raw)
        raise ApiError(f"{what}: {response.status_code}" + (f", {advice}" if advice else ""), response.status_code)
    try:
        return json.loads(raw) if raw else None
    except (ValueError, RecursionError):
        raise ApiError(f"{what}: Sentry answered no JSON", response.status_code) from None


def _object(answer: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(answer, Mapping):
        raise ApiError(f"{what}: Sentry answered no object")
    return answer


def _said(raw: bytes) -> str:
    return " ".join(raw.decode("utf-8", "replace").split())[:_SAID_LONGEST]

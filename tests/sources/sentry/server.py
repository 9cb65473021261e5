"""A local server that speaks as much of Sentry's documented API as our rules need, and is strict about it.

What is not documented is refused; ids are kept; a PUT replaces what it names and keeps what it omits; lists come in
pages of two; a monitor's query is given back wrapped, as Sentry does.
"""

from __future__ import annotations

import copy
import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "sntrys_a-token-that-nobody-may-read"
SLUG, APP_ID, PROJECT_ID = "freeze-alerts", "4711", "77"
ROOT = "/api/0"
FREQUENCIES = (0, 5, 10, 30, 60, 180, 720, 1440)
LOGIC = ("any-short", "any", "all", "none")
CONDITIONS = {
    "first_seen_event", "regression_event", "reappeared_event", "issue_resolved_trigger", "tagged_event", "level",
    "event_frequency_count", "issue_priority_greater_or_equal", "issue_priority_deescalating", "gt", "lt", "lte",
}  # fmt: skip
PAGE_ROWS = 2

Body = dict[str, Any]


class Refused(Exception):
    """What the API answers 400 to."""


class SentryServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ids = itertools.count(1000)
        self.calls: list[tuple[str, str]] = []
        self.answers: list[tuple[int, dict[str, str], bytes] | None] = []
        """What to answer to the next calls instead; None: the truth."""
        self.bend: Callable[[Any], Any] = lambda found: found
        """What becomes of each true answer on its way."""
        self.installation = "installed"
        self.workflows: dict[str, Body] = {"1": {"id": "1", "name": "Send a notification for high priority issues"}}
        self.detectors: dict[str, Body] = {
            "500": {"id": "500", "name": "Error Monitor", "type": "error", "projectId": PROJECT_ID, "enabled": True}
        }
        self.monitors: dict[str, Body] = {}
        self.shut = ""
        """A part of the paths that are refused."""
        self.found: dict[str, list[Body]] = {}
        """What a search for issues finds, by what stands in its query."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{ROOT}"

    @property
    def written(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] != "GET"]

    def named(self, kind: str, ending: str) -> Body:
        """The rule as Sentry keeps it, to be looked at or changed by hand."""
        rows: dict[str, Body] = getattr(self, f"{kind}s")
        return next(each for each in rows.values() if each["name"].endswith(ending))

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> Any:
        org = "organizations/shop/"
        fixed = {
            "projects/shop/backend/": {"id": PROJECT_ID, "slug": "backend"},
            f"{org}sentry-app-installations/": self.installations(),
            f"{org}issues/": self.search(query.get("query", [""])[0]),
        }
        need(not self.shut or self.shut not in path, f"{self.shut} is shut")
        if path in fixed:
            return fixed[path]
        if path == f"{org}projects/backend/detectors/" and method == "POST":
            return self.write_detector(str(next(self.ids)), body)
        if path == f"{org}monitors/" and method == "POST":
            return self.write_monitor(str(next(self.ids)), body)
        if path == f"{org}detectors/" and method == "GET":
            wanted = query.get("query", [""])[0].removeprefix("type:")
            return [shown(each) for each in self.detectors.values() if wanted in ("", each["type"])]
        if path == f"{org}workflows/":
            return (
                self.write_workflow(str(next(self.ids)), body) if method == "POST" else list(self.workflows.values())
            )
        return self.one(method, path.removeprefix(org), body)

    def search(self, query: str) -> list[Body]:
        wanted = ("domain:payment", "is:regressed", "firstSeen")
        return self.found.get(next((each for each in wanted if each in query), ""), [])

    def installations(self) -> list[Body]:
        app = {"slug": SLUG, "sentryAppId": int(APP_ID), "uuid": "a8e5d2c0"}
        other = {"app": {"slug": "other", "sentryAppId": 1}, "status": "installed"}
        return [other, {"app": app, "status": self.installation, "uuid": "b1"}]

    def one(self, method: str, path: str, body: Any) -> Any:
        kind, _, rest = path.partition("/")
        sentry_id = rest.rstrip("/")
        rows = {"workflows": self.workflows, "detectors": self.detectors, "monitors": self.monitors}.get(kind, {})
        if sentry_id not in rows:
            raise LookupError(path)
        if method == "PUT":
            return (
                self.write_workflow(sentry_id, body) if kind == "workflows" else self.write_detector(sentry_id, body)
            )
        return shown(rows[sentry_id])

    def write_workflow(self, sentry_id: str, body: Body) -> Body:
        only(body, {"name", "enabled", "environment", "config", "detectorIds", "triggers", "actionFilters"})
        need(body.get("name"), "name")
        for each in body.get("detectorIds", ()):
            need(str(each) in self.detectors, f"detectorIds {each}")
        if "config" in body:
            need(body["config"].get("frequency") in FREQUENCIES, "frequency")
        for group in [*body.get("actionFilters", ()), *([body["triggers"]] if "triggers" in body else [])]:
            self.check_group(group)
        row = {**self.workflows.get(sentry_id, {}), **copy.deepcopy(body), "id": sentry_id, "organizationId": "1"}
        for group in [*row.get("actionFilters", ()), row.get("triggers", {})]:
            self.number(group)
        self.workflows[sentry_id] = row
        return row

    def write_detector(self, sentry_id: str, body: Body) -> Body:
        only(
            body, {"name", "type", "enabled", "config", "dataSources", "conditionGroup", "workflowIds", "description"}
        )
        need(body.get("name"), "name")
        need(body.get("type") == "metric_issue", "type")
        for source in body.get("dataSources", ()):
            only(source, {"aggregate", "dataset", "environment", "eventTypes", "query", "queryType", "timeWindow"})
            need(source["timeWindow"] in (60, 300, 900, 1800, 3600, 7200, 14400, 86400), "timeWindow")
        if "conditionGroup" in body:
            self.check_group(body["conditionGroup"])
        row = {**self.detectors.get(sentry_id, {}), **copy.deepcopy(body), "id": sentry_id, "projectId": PROJECT_ID}
        self.number(row.get("conditionGroup", {}))
        self.detectors[sentry_id] = row
        return shown(row)

    def write_monitor(self, sentry_id: str, body: Body) -> Body:
        only(body, {"project", "name", "slug", "config", "status", "owner", "is_muted"})
        need(body.get("project") == "backend" and body.get("name"), "project, name")
        need(body["slug"] not in self.monitors, "slug")
        config = body["config"]
        limits = {"checkin_margin", "max_runtime", "failure_issue_threshold", "recovery_threshold"}
        only(config, {"schedule_type", "schedule", "timezone", *limits})
        need(config["schedule_type"] == "interval", "schedule_type")
        need(isinstance(config["schedule"][0], int) and config["schedule"][1] in ("minute", "hour"), "schedule")
        need(all(isinstance(config[each], int) and config[each] > 0 for each in limits), "limits")
        self.monitors[body["slug"]] = {**copy.deepcopy(body), "id": sentry_id}
        return self.monitors[body["slug"]]

    def check_group(self, group: Body) -> None:
        only(group, {"logicType", "conditions", "actions"})
        need(group["logicType"] in LOGIC, "logicType")
        for each in group["conditions"]:
            only(each, {"type", "comparison", "conditionResult"})
            need(each["type"] in CONDITIONS, f"condition {each['type']}")
        for each in group["actions"]:
            only(each, {"type", "integrationId", "data", "config", "status"})
            targets = {"webhook": {"targetIdentifier": SLUG},
                       "sentry_app": {"targetType": "sentry_app", "targetIdentifier": APP_ID}}  # fmt: skip
            need(each["config"] == targets.get(each["type"]), f"action {each}")

    def number(self, group: Body) -> None:
        """Children get new ids with each write."""
        for each in [group, *group.get("conditions", ()), *group.get("actions", ())]:
            if each:
                each["id"] = str(next(self.ids))


def shown(row: Body) -> Body:
    """A detector as it is given back."""
    row = copy.deepcopy(row)
    sources = row.get("dataSources", [])
    row["dataSources"] = [
        {"id": "1", "type": "snuba_query_subscription", "queryObj": {"id": "2", "status": 0, "snubaQuery": {
            key: value for key, value in each.items() if key != "queryType"}}}
        for each in sources
    ]  # fmt: skip
    return row if "type" in row and row["type"] == "metric_issue" else {**row, "dataSources": []}


def only(body: Body, known: set[str]) -> None:
    need(isinstance(body, dict) and not set(body) - known, f"unknown fields {sorted(set(body) - known)}")


def need(condition: object, what: str) -> None:
    if not condition:
        raise Refused(what)


class _Handler(BaseHTTPRequestHandler):
    server: SentryServer

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        path, query = url.path.removeprefix(f"{ROOT}/"), parse_qs(url.query)
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "null")
        self.server.calls.append((self.command, path))
        if self.server.answers and (instead := self.server.answers.pop(0)):
            self._send(*instead)
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, {}, b'{"detail":"Invalid token"}')
        else:
            self._answer(path, query, body)

    def do_POST(self) -> None:
        self.do_GET()

    def do_PUT(self) -> None:
        self.do_GET()

    def _answer(self, path: str, query: dict[str, list[str]], body: Any) -> None:
        try:
            found = self.server.answer(self.command, path, query, body)
        except Refused as why:
            self._send(400, {}, json.dumps({"detail": str(why)}).encode())
        except LookupError:
            self._send(404, {}, b'{"detail":"The requested resource does not exist"}')
        else:
            headers = {}
            if isinstance(found, list):
                found, headers = self._page(path, query, found)
            self._send(201 if self.command == "POST" else 200, headers, json.dumps(self.server.bend(found)).encode())

    def _page(self, path: str, query: dict[str, list[str]], rows: list[Any]) -> tuple[list[Any], dict[str, str]]:
        start = int(query.get("cursor", ["0"])[0])
        more = str(start + PAGE_ROWS < len(rows)).lower()
        more_query = "&".join(f"{key}={each[0]}" for key, each in query.items() if key != "cursor")
        address = f"{self.server.url}/{path}?{more_query}&cursor={start + PAGE_ROWS}"
        link = f'<{self.server.url}/{path}>; rel="previous"; results="false"; cursor="0:0:1", '
        return rows[start : start + PAGE_ROWS], {
            "Link": f'{link}<{address}>; rel="next"; results="{more}"; cursor="x"'
        }

    def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[SentryServer]:
    with SentryServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()

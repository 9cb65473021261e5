"""Issues in the admin: looked at, and decided with one button."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from freeze_alerts.read_only import ReadOnlyAdmin
from freeze_alerts.sources.errors import issues, reports
from freeze_alerts.sources.errors.models import Issue


class IssueAdmin(ReadOnlyAdmin):
    list_display = (
        "title",
        "culprit",
        "occurrences",
        "users",
        "status",
        "first_seen_at",
        "last_seen_at",
        "last_release",
    )
    list_filter = ("status", "payment", "level", "environment")
    search_fields = ("title", "culprit")
    date_hierarchy = "last_seen_at"
    ordering = ("-last_seen_at",)
    actions = ("resolve", "resolve_in_next_release", "ignore", "reopen")
    fields = (
        "title", "status", "culprit", "where", "frames", "occurrences", "users", "seen_in", "first_seen_at",
        "last_seen_at", "payment", "level", "environment", "resolved_at", "resolved_by", "resolve_mode",
        "times_regressed", "regressed_at",
    )  # fmt: skip

    @admin.display(description="in")
    def where(self, issue: Issue) -> str:
        return reports.where(issue) or "–"

    @admin.display(description="releases")
    def seen_in(self, issue: Issue) -> str:
        return ", ".join(reports.releases(issue)) or "–"

    @admin.display(description="calls")
    def frames(self, issue: Issue) -> SafeString:
        shown = (
            (each["filename"], each["line"], each["function"], each["code"]) for each in issue.sample.get("frames", [])
        )
        return format_html("<div>{}</div>", format_html_join("", "<p>{}:{} in {}<br><code>{}</code></p>", shown))

    @admin.action(description="Resolve", permissions=["answer"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        by = request.user.get_username()
        self._decide(request, queryset, "resolved", partial(issues.resolve, by=by))

    @admin.action(description="Resolve in the next release", permissions=["answer"])
    def resolve_in_next_release(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        by, done = request.user.get_username(), "resolved in the next release"
        self._decide(request, queryset, done, partial(issues.resolve, by=by, next_release=True))

    @admin.action(description="Ignore", permissions=["answer"])
    def ignore(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        by = request.user.get_username()
        self._decide(request, queryset, "ignored", partial(issues.ignore, by=by))

    @admin.action(description="Open again", permissions=["answer"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Issue]) -> None:
        self._decide(request, queryset, "open again", issues.reopen)

    def _decide(
        self, request: HttpRequest, queryset: QuerySet[Issue], done: str, decide: Callable[[Issue], bool]
    ) -> None:
        chosen = list(queryset)
        changed = [issue for issue in chosen if decide(issue)]
        for issue in changed:
            self.log_change(request, issue, f"{done.capitalize()}.")
        if changed:
            self.message_user(request, f"{len(changed)} {done}.", messages.SUCCESS)
        if left := len(chosen) - len(changed):
            self.message_user(request, f"{left} left alone: decided already.", messages.INFO)

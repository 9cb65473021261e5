"""Alerts in the admin: laid out for a person at three in the morning, and answered with one button."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from freeze_alerts.alerts import buttons, glance
from freeze_alerts.alerts.buttons import Button
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import entries, entry_or_plain
from freeze_alerts.discord.text import safe_url
from freeze_alerts.outbox.admin import MessageInline
from freeze_alerts.read_only import ReadOnlyAdmin


class TypeFilter(admin.SimpleListFilter):
    """By title, from the catalog: the database need not be asked which types there are."""

    title = "type"
    parameter_name = "type__exact"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        return [(row.value, row.title) for row in entries()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class AlertAdmin(ReadOnlyAdmin):
    list_display = (
        "badge", "type_title", "title", "status", "times", "opened_at", "last_seen_at", "host", "key",
    )  # fmt: skip
    list_display_links = ("title",)
    list_filter = ("status", TypeFilter, "severity", "host", "environment")
    search_fields = ("key", "title", "text")
    date_hierarchy = "opened_at"
    actions = ("acknowledge", "snooze_an_hour", "snooze_until_morning", "resolve")
    inlines = (MessageInline,)
    fieldsets = (
        ("Details", {"classes": ("collapse",), "fields": (
            "key", "type", "status", "occurrences", "peak_value", "opened_at", "raised_at", "last_seen_at",
            "clear_since", "acknowledged_at", "acknowledged_by", "snoozed_until", "resolved_at", "ended_because",
            "card_due_at",
        )}),
    )  # fmt: skip

    class Media:
        css = {"all": ("freeze_alerts/admin.css",)}

    @admin.display(description="severity", ordering="severity")
    def badge(self, alert: Alert) -> SafeString:
        standing = "ended" if alert.ended else "standing"
        return format_html('<span class="freeze-badge freeze-{0} freeze-{1}">{0}</span>', alert.severity, standing)

    @admin.display(description="type", ordering="type")
    def type_title(self, alert: Alert) -> str:
        return entry_or_plain(alert.type).title

    @admin.display(description="times", ordering="occurrences")
    def times(self, alert: Alert) -> int:
        return alert.occurrences

    @admin.action(description="Acknowledge", permissions=["answer"])
    def acknowledge(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._press_all(request, queryset, buttons.ACKNOWLEDGE)

    @admin.action(description="Snooze for 1 hour", permissions=["answer"])
    def snooze_an_hour(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._press_all(request, queryset, buttons.SNOOZE, until=buttons.AN_HOUR)

    @admin.action(description="Snooze until 9:00 in the morning", permissions=["answer"])
    def snooze_until_morning(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._press_all(request, queryset, buttons.SNOOZE, until=buttons.MORNING)

    @admin.action(description="Resolve", permissions=["answer"])
    def resolve(self, request: HttpRequest, queryset: QuerySet[Alert]) -> None:
        self._press_all(request, queryset, buttons.RESOLVE)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.answer_view)
        own = [
            path(f"<int:alert_id>/{each.name}/", view, {"button": each}, name=f"freeze_alerts_alert_{each.name}")
            for each in buttons.BUTTONS
        ]
        return own + super().get_urls()

    def answer_view(self, request: HttpRequest, alert_id: int, button: Button) -> HttpResponse:
        """Where a card's button leads: a GET asks, and only the POST behind its one button changes anything."""
        if not self.has_answer_permission(request):
            raise PermissionDenied
        alert = self.get_queryset(request).filter(pk=alert_id).first()
        if alert is None:
            self.message_user(request, f"Alert {alert_id} is not kept any more.", messages.WARNING)
            return redirect(f"{self.admin_site.name}:freeze_alerts_alert_changelist")
        if request.method != "POST":
            return self._ask(request, alert, button)
        self._press(request, alert, button)
        return redirect(f"{self.admin_site.name}:freeze_alerts_alert_change", alert.pk)

    def render_change_form(  # noqa: PLR0917 - Django's own signature
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: Alert | None = None,
    ) -> HttpResponse:  # fmt: skip
        if obj is not None:
            shown = _shown(obj)
            may_answer = not obj.ended and self.has_answer_permission(request)
            context.update(shown, title=shown["card"].title, subtitle=None, may_answer=may_answer)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _ask(self, request: HttpRequest, alert: Alert, button: Button) -> HttpResponse:
        shown = _shown(alert)
        context = self.admin_site.each_context(request) | shown | {
            "title": shown["card"].title, "opts": self.opts, "media": self.media, "button": button,
            "explanation": buttons.explain(alert, button), "refusal": buttons.refusal(alert, button),
        }  # fmt: skip
        return TemplateResponse(request, "admin/freeze_alerts/alert/answer.html", context)

    def _press(self, request: HttpRequest, alert: Alert, button: Button) -> None:
        if buttons.press(alert, button, request.user.get_username(), request.POST):
            self.log_change(request, alert, f"{button.done.capitalize()}.")
            self.message_user(request, f"The alert is {button.done}.", messages.SUCCESS)
        else:
            alert.refresh_from_db()
            self.message_user(request, buttons.refusal(alert, button), messages.INFO)

    def _press_all(self, request: HttpRequest, queryset: QuerySet[Alert], button: Button, **said: str) -> None:
        alerts, by = list(queryset), request.user.get_username()
        changed = [alert for alert in alerts if buttons.press(alert, button, by, said)]
        for alert in changed:
            self.log_change(request, alert, f"{button.done.capitalize()}.")
        if changed:
            self.message_user(request, f"{len(changed)} {button.done}.", messages.SUCCESS)
        if left := len(alerts) - len(changed):
            self.message_user(request, f"{left} left alone: answered or ended already.", messages.INFO)


def _shown(alert: Alert) -> dict[str, Any]:
    card = glance.card_now(alert)
    return {
        "alert": alert,
        "card": card,
        "is_late": glance.is_late(alert, card),
        "link": safe_url(alert.link),
        "morning": buttons.next_morning(timezone.now()),
        "runbook": glance.runbook(card),
    }

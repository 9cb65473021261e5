"""Messages and webhooks in the admin: to be looked at, sent again, called again; never typed into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from freeze_alerts import conf
from freeze_alerts.outbox import pace, ring_after_commit
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.outbox.requeue import REQUEUED, requeue
from freeze_alerts.outbox.route import webhook_of
from freeze_alerts.read_only import ReadOnlyAdmin

if TYPE_CHECKING:
    _Inline = admin.TabularInline[Message, Any]
else:
    _Inline = admin.TabularInline


class MessageAdmin(ReadOnlyAdmin):
    list_display = (
        "intent", "kind", "channel", "state", "attempts", "last_status", "last_error", "due_at", "sent_at",
    )  # fmt: skip
    list_filter = ("state", "kind", "channel")
    search_fields = ("intent", "last_error")
    date_hierarchy = "created_at"
    actions = ("send_again",)
    fieldsets = (
        (None, {"fields": ("intent", "alert", "kind", "channel", "state", "last_status", "last_error")}),
        ("On its way", {"fields": ("created_at", "due_at", "attempts", "lease_until", "sent_at", "folded_into")}),
        ("In Discord", {"fields": ("webhook", "discord_message_id", "redraw_at", "sequence")}),
    )

    @admin.action(description="Send again", permissions=["answer"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Message]) -> None:
        refused = queryset.exclude(state__in=REQUEUED).count()
        if requeued := requeue(queryset):
            self.message_user(request, f"{requeued} will be sent again now.", messages.SUCCESS)
        if refused:
            self.message_user(request, f"{refused} left alone: sent already, or just being sent.", messages.WARNING)


class MessageInline(_Inline):
    """The messages of an alert, on its page."""

    model = Message
    fields = ("kind", "state", "channel", "sent_at", "last_error")
    ordering = ("pk",)
    show_change_link = True
    can_delete = False
    extra = 0
    classes = ("freeze-messages",)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class WebhookStateAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "channels", "blocked_until", "disabled_reason", "failures")
    list_filter = (("disabled_reason", admin.EmptyFieldListFilter),)
    search_fields = ("name", "disabled_reason")
    date_hierarchy = "blocked_until"
    actions = ("call_again",)
    fields = (
        "name", "channels", "blocked_until", "disabled_reason", "failures", "paced_until", "remaining", "reset_at",
    )  # fmt: skip

    @admin.display(description="channels")
    def channels(self, state: WebhookState) -> str:
        if state.name == pace.ALL_OF_DISCORD:
            return "all of Discord"
        found = {channel: webhook_of(channel) for channel in conf.current().webhooks}
        return ", ".join(f"#{channel}" for channel, webhook in found.items() if webhook and webhook.name == state.name)

    @admin.action(description="Call again", permissions=["answer"])
    def call_again(self, request: HttpRequest, queryset: QuerySet[WebhookState]) -> None:
        enabled = sum(pace.enable(state.name) for state in queryset)
        if enabled:
            ring_after_commit()
            self.message_user(request, f"{enabled} will be called again.", messages.SUCCESS)
        else:
            self.message_user(request, "None of these was disabled: nothing to do.", messages.INFO)

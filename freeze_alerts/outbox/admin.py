"""Messages and webhooks in the admin: to be looked at, sent again, called again; never typed into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import ChangeList
from django.db import connections
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from freeze_alerts import conf
from freeze_alerts.outbox import pace, ring_after_commit
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.outbox.requeue import REQUEUED, requeue
from freeze_alerts.outbox.route import webhook_of

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
    _Inline = admin.TabularInline[Message, Any]
else:
    _ModelAdmin, _Inline = admin.ModelAdmin, admin.TabularInline


class _ChangeList(ChangeList):
    """MySQL without its time zone tables can't name the days: then the list is shown without them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not connections[self.queryset.db].features.has_zoneinfo_database:
            self.date_hierarchy = None


class ReadOnlyAdmin(_ModelAdmin):
    """Rows a program wrote. Whoever may change them has our actions; only superusers may delete by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return _ChangeList

    def has_answer_permission(self, request: HttpRequest) -> bool:
        """Whether the actions are offered: the permission that elsewhere lets a person change rows."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")


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

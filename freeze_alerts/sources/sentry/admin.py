"""Sentry's webhooks and our rules there, in the admin."""

from __future__ import annotations

from freeze_alerts.read_only import ReadOnlyAdmin


class SentryDeliveryAdmin(ReadOnlyAdmin):
    list_display = ("received_at", "resource", "action", "issue", "outcome", "worked_at")
    list_display_links = ("received_at",)
    list_filter = ("resource", "action", "outcome")
    search_fields = ("issue", "request_id", "outcome")
    date_hierarchy = "received_at"
    ordering = ("-received_at", "-id")


class SentryRuleAdmin(ReadOnlyAdmin):
    list_display = ("name", "kind", "sentry_id", "applied_at")
    list_filter = ("kind",)
    search_fields = ("name", "sentry_id")
    date_hierarchy = "applied_at"
    ordering = ("name", "kind")

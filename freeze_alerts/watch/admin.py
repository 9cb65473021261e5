"""Signs of life in the admin."""

from __future__ import annotations

from django.contrib.admin import EmptyFieldListFilter

from freeze_alerts.read_only import ReadOnlyAdmin


class HeartbeatAdmin(ReadOnlyAdmin):
    """Whoever takes a part out of service for good deletes its row here: it is no longer waited for."""

    list_display = ("name", "at", "started_at", "silent_since", "failures", "detail")
    list_filter = (("silent_since", EmptyFieldListFilter), "failures")
    search_fields = ("name", "detail", "claimed_by")
    date_hierarchy = "at"
    ordering = ("name",)

"""The records in the admin: to be read and searched; nobody changes or deletes one there."""

from __future__ import annotations

from django.db.models import Model
from django.http import HttpRequest

from freeze_alerts.read_only import ReadOnlyAdmin
from freeze_alerts.sources.audit.restore.pages import RestoreMixin


class DeletionAdmin(RestoreMixin, ReadOnlyAdmin):
    list_display = ("at", "actor", "model", "root_count", "row_count", "ip", "path")
    date_hierarchy = "at"

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

"""The admin of rows that a program wrote: to be looked at, never typed into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db import connections
from django.db.models import Model
from django.http import HttpRequest

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


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

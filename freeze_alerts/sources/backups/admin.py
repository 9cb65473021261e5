"""Backups in the admin: every try, to be looked at."""

from __future__ import annotations

from django.contrib import admin

from freeze_alerts.read_only import ReadOnlyAdmin
from freeze_alerts.sources.backups import words
from freeze_alerts.sources.backups.models import BackupRun


class BackupRunAdmin(ReadOnlyAdmin):
    list_display = (
        "at", "database", "state", "size", "took", "verified_at", "deleted_at", "stage", "made_by", "host", "name",
    )  # fmt: skip
    list_display_links = ("at",)
    list_filter = ("state", "database", "made_by", "stage", ("deleted_at", admin.EmptyFieldListFilter))
    search_fields = ("name", "error", "task_id", "host")
    date_hierarchy = "at"
    ordering = ("-at",)

    @admin.display(description="size", ordering="size_bytes")
    def size(self, run: BackupRun) -> str:
        return "–" if run.size_bytes is None else _unbroken(words.size(run.size_bytes))

    @admin.display(description="took", ordering="seconds")
    def took(self, run: BackupRun) -> str:
        return "–" if run.seconds is None else _unbroken(f"{run.seconds:,.1f} s")


def _unbroken(number_and_unit: str) -> str:
    return number_and_unit.replace(" ", "\u00a0")

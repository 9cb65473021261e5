"""Disk samples in the admin."""

from __future__ import annotations

from django.contrib import admin

from freeze_alerts.read_only import ReadOnlyAdmin
from freeze_alerts.sources.disk import words
from freeze_alerts.sources.disk.models import DiskSample


class DiskSampleAdmin(ReadOnlyAdmin):
    list_display = ("at", "host", "path", "device", "used", "free", "total")
    list_display_links = ("at",)
    list_filter = ("host", "device")
    search_fields = ("host", "path", "device")
    date_hierarchy = "at"
    ordering = ("-at", "host", "path")

    @admin.display(description="used")
    def used(self, sample: DiskSample) -> str:
        usable_bytes = sample.used_bytes + sample.free_bytes
        return _unbroken(words.percent(100 * sample.used_bytes / usable_bytes)) if usable_bytes else "–"

    @admin.display(description="free", ordering="free_bytes")
    def free(self, sample: DiskSample) -> str:
        return _unbroken(words.size(sample.free_bytes))

    @admin.display(description="total", ordering="total_bytes")
    def total(self, sample: DiskSample) -> str:
        return _unbroken(words.size(sample.total_bytes))


def _unbroken(number_and_unit: str) -> str:
    return number_and_unit.replace(" ", "\u00a0")

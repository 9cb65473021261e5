"""An admin of a shop, its records of deletions in it."""

from __future__ import annotations

from django.contrib import admin
from django.db import transaction
from django.urls import path

from freeze_alerts.admin import AuditAdminMixin
from freeze_alerts.sources.audit.admin import DeletionAdmin
from freeze_alerts.sources.audit.models import Deletion
from tests.zoo.models import Enclosure, Tag


class AuditedAdmin(AuditAdminMixin, admin.ModelAdmin):
    actions = ("not_after_all",)

    def not_after_all(self, request, queryset):
        with transaction.atomic():
            queryset.delete()
            transaction.set_rollback(True)


site = admin.AdminSite(name="shop")
site.register([Enclosure, Tag], AuditedAdmin)
site.register(Deletion, DeletionAdmin)
urlpatterns = [path("shop/", site.urls)]

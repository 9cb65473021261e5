"""Two admin sites that differ by the mixin alone."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path

from benchmarks.trees.models import Tree
from freeze_alerts.admin import AuditAdminMixin


class PlainAdmin(admin.ModelAdmin):
    pass


class AuditedAdmin(AuditAdminMixin, admin.ModelAdmin):
    pass


plain, audited = admin.AdminSite(name="plain"), admin.AdminSite(name="audited")
plain.register(Tree, PlainAdmin)
audited.register(Tree, AuditedAdmin)

urlpatterns = [path("plain/", plain.urls), path("audited/", audited.urls), path("", include("tests.urls"))]

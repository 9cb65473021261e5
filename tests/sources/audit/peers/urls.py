"""A site for each stack: the mixin first, then the class of a package."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from django.contrib import admin
from django.http import HttpResponseRedirect
from django.urls import include, path

from freeze_alerts.admin import AuditAdminMixin
from tests.sources.audit.peers.models import Book, Page, Shelf


def _stack(dotted: str) -> type[Any] | None:
    module, _, name = dotted.rpartition(".")
    try:
        return getattr(import_module(module), name)
    except ImportError:
        return None


BASES = {
    "plain": admin.ModelAdmin,
    "import_export": _stack("import_export.admin.ImportExportModelAdmin"),
    "reversion": _stack("reversion.admin.VersionAdmin"),
    "simple_history": _stack("simple_history.admin.SimpleHistoryAdmin"),
    "guardian": _stack("guardian.admin.GuardedModelAdmin"),
    "unfold": _stack("unfold.admin.ModelAdmin"),
}
STACKS = {name: base for name, base in BASES.items() if base is not None}


class BookInline(admin.TabularInline):
    model = Book
    extra = 0


def _options(name: str) -> dict[str, Any]:
    if name == "import_export":
        from import_export import resources

        class ShelfResource(resources.ModelResource):
            class Meta:
                model = Shelf
                fields = ("id", "name")

            def for_delete(self, row, instance):
                return row.get("delete") == "1"

        return {"resource_classes": [ShelfResource]}
    if name == "unfold":
        from unfold.decorators import action

        @action(description="Clear")
        def clear(self, request, object_id):
            Book.objects.filter(shelf=object_id).delete()
            return HttpResponseRedirect("/")

        return {"actions_row": ["clear"], "clear": clear}
    return {"inlines": [BookInline]} if name == "reversion" else {}


def _site(name: str, base: type[Any]) -> admin.AdminSite:
    kind = _stack("unfold.sites.UnfoldAdminSite") if name == "unfold" else admin.AdminSite
    assert kind is not None
    site = kind(name=name)
    site.register(Shelf, type("ShelfAdmin", (AuditAdminMixin, base), _options(name)))
    site.register(Page, type("PageAdmin", (AuditAdminMixin, admin.ModelAdmin), {}))
    return site


SITES = {name: _site(name, base) for name, base in STACKS.items()}
urlpatterns = [*[path(f"{name}/", site.urls) for name, site in SITES.items()], path("", include("tests.urls"))]

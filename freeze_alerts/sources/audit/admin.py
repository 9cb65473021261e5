"""The records in the admin: to be read and searched; nobody changes or deletes one there."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse

from freeze_alerts.read_only import ReadOnlyAdmin
from freeze_alerts.sources.audit import words
from freeze_alerts.sources.audit.forgetting import tables_of
from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows, Deletion
from freeze_alerts.sources.audit.restore.pages import RestoreMixin
from freeze_alerts.sources.audit.showing import chunk_tables

_MODEL_AND_KEY = re.compile(r"^(\w+\.\w+):(.+)$")
_ROOTS_SHOWN = 100


class ModelFilter(admin.SimpleListFilter):
    title = "what"
    parameter_name = "model"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]) -> list[tuple[str, str]]:
        labels = Deletion.objects.exclude(model="").order_by("model").values_list("model", flat=True).distinct()
        return [(label, words.kind(label, 2)) for label in labels]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Deletion]) -> QuerySet[Deletion]:
        return queryset.filter(model=self.value()) if self.value() else queryset


class DeletionAdmin(RestoreMixin, ReadOnlyAdmin):
    """``shop.order:4711`` in the search box finds what happened to that order, by an index."""

    list_display = ("at", "who", "what", "went_with_it", "ip", "state")
    list_display_links = ("what",)
    list_filter = (ModelFilter, "complete", ("restored_at", admin.EmptyFieldListFilter), "database")
    search_fields = ("actor", "real_actor", "reason", "ip", "root_objects__repr")
    search_help_text = "Words, a name, or app.model:key (shop.order:4711)"
    date_hierarchy = "at"
    fieldsets = (
        ("Details", {"classes": ("collapse",), "fields": (
            "uid", "actor_id", "real_actor_id", "method", "path", "view", "site", "action", "request_id",
            "user_agent", "asked", "content_hash",
        )}),
    )  # fmt: skip

    class Media:
        css = {"all": ("freeze_alerts/admin.css",)}

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deletion]:
        return super().get_queryset(request).filter(confirmed=True)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Deletion], search_term: str
    ) -> tuple[QuerySet[Deletion], bool]:
        named = _MODEL_AND_KEY.match(search_term.strip())
        if named is None:
            return super().get_search_results(request, queryset, search_term)
        roots = DeletedRoot.objects.filter(model__in=tables_of(named[1].lower()), object_id=named[2])
        return queryset.filter(pk__in=roots.values("deletion")), False

    @admin.display(description="who", ordering="actor")
    def who(self, deletion: Deletion) -> str:
        return words.who(deletion)

    @admin.display(description="what", ordering="root_count")
    def what(self, deletion: Deletion) -> str:
        return words.chosen([deletion])

    @admin.display(description="went with it", ordering="row_count")
    def went_with_it(self, deletion: Deletion) -> str:
        return words.kinds(words.taken_along(deletion)) or "–"

    @admin.display(description="state")
    def state(self, deletion: Deletion) -> str:
        if deletion.restored_at:
            return f"put back by {deletion.restored_by}"
        return "" if deletion.complete else "keys only"

    def render_change_form(  # noqa: PLR0917 - Django's own signature
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: Deletion | None = None,
    ) -> HttpResponse:  # fmt: skip
        if obj is not None:
            context.update(_shown(obj, request.GET.get("p", "1")), title=words.title([obj]), subtitle=None)
        return super().render_change_form(request, context, add, change, form_url, obj)


def _shown(deletion: Deletion, number: str) -> dict[str, Any]:
    chunks = Paginator(DeletedRows.objects.filter(deletion=deletion).order_by("number").defer("data"), 1)
    page = chunks.get_page(number)
    roots = DeletedRoot.objects.filter(deletion=deletion).order_by("pk")
    return {
        "deletion": deletion, "said": words.text([deletion]), "facts": words.fields([deletion], []),
        "roots": [(words.kind(each.model), each) for each in roots[:_ROOTS_SHOWN]],
        "more_roots": max(0, deletion.root_count - _ROOTS_SHOWN), "page": page,
        "tables": [table for chunk in page for table in chunk_tables(deletion, chunk.number)],
    }  # fmt: skip

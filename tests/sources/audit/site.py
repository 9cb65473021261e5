"""An admin with every way to delete that the world knows: each class shows one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import connection, transaction
from django.http import HttpResponseRedirect, JsonResponse
from django.urls import include, path

from freeze_alerts.admin import AuditAdminMixin
from tests.zoo import models

site = admin.AdminSite(name="audited")


class Broken(Exception):
    """What a project's own code raises."""


class MealInline(admin.TabularInline):
    model = models.Meal
    fields = ("grams",)
    extra = 0


class AnimalAdmin(AuditAdminMixin, admin.ModelAdmin):
    """An inline, actions of its own, and a page of its own."""

    fields = ("name", "enclosure", "tags")
    inlines = (MealInline,)
    actions = ("all_at_once", "one_by_one", "not_after_all", "then_breaks", "with_sql", "raw", "twice", "keep_parents")

    def all_at_once(self, request, queryset):
        queryset.delete()

    def one_by_one(self, request, queryset):
        for animal in queryset:
            animal.delete()

    def not_after_all(self, request, queryset):
        try:
            with transaction.atomic():
                queryset.delete()
                raise Broken
        except Broken:
            messages.info(request, "not after all")

    def then_breaks(self, request, queryset):
        with transaction.atomic():
            queryset.delete()
            raise Broken

    def twice(self, request, queryset):
        """Once in vain, then for good: the same queryset."""
        self.not_after_all(request, queryset)
        queryset.delete()

    def with_sql(self, request, queryset):
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM zoo_visit")

    def raw(self, request, queryset):
        visits = models.Visit.objects.filter(animal__in=list(queryset))
        visits._raw_delete(visits.db)

    def keep_parents(self, request, queryset):
        for bird in models.Bird.objects.filter(pk__in=[animal.pk for animal in queryset]):
            bird.delete(keep_parents=True)

    def get_urls(self):
        own = [path("<path:pk>/free/", self.admin_site.admin_view(self.free), name="free")]
        return own + super().get_urls()

    def free(self, request, pk):
        """A page of its own that deletes on GET, as row actions do."""
        models.Animal.objects.get(pk=pk).delete()
        return HttpResponseRedirect("../../")


class OwnDeleteAdmin(AuditAdminMixin, admin.ModelAdmin):
    """Deletes without asking ``super()``."""

    def delete_model(self, request, obj):
        obj.delete()

    def delete_queryset(self, request, queryset):
        for each in queryset:
            each.delete()


class SoftAdmin(AuditAdminMixin, admin.ModelAdmin):
    """Only says that it deletes."""

    def delete_model(self, request, obj):
        type(obj).objects.filter(pk=obj.pk).update(text="gone")

    def delete_queryset(self, request, queryset):
        queryset.update(text="gone")


class OwnFormsetAdmin(AnimalAdmin):
    def save_formset(self, request, form, formset, change):
        formset.save(commit=False)
        for gone in formset.deleted_objects:
            gone.delete()


class OwnListAdmin(AuditAdminMixin, admin.ModelAdmin):
    """Answers what will go without asking ``super()``."""

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        return [], {}, set(), []


class PlainAdmin(AuditAdminMixin, admin.ModelAdmin):
    pass


site.register(models.Animal, AnimalAdmin)
site.register(models.Bird, OwnDeleteAdmin)
site.register(models.Note, SoftAdmin)
site.register(models.Enclosure, PlainAdmin)
site.register(models.Keeper, PlainAdmin)
site.register(models.Lock, PlainAdmin)
site.register(models.Tag, OwnListAdmin)
site.register(models.Record, PlainAdmin)
site.register(models.Nest, PlainAdmin)
site.register(models.Species, PlainAdmin)

formsets = admin.AdminSite(name="formsets")
formsets.register(models.Animal, OwnFormsetAdmin)


def in_transaction(request):
    """Whether a view begins within a transaction: what ATOMIC_REQUESTS is there for."""
    return JsonResponse(connection.in_atomic_block, safe=False)


urlpatterns = [
    path("audited/", site.urls), path("formsets/", formsets.urls), path("in-transaction/", in_transaction),
    path("", include("tests.urls")),
]  # fmt: skip

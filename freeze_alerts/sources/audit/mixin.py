"""``class OrderAdmin(AuditAdminMixin, admin.ModelAdmin)``: every delete made through that admin is recorded."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

from asgiref.sync import sync_to_async
from django.contrib import admin
from django.contrib.admin import options
from django.db import router
from django.db.models import Model, ProtectedError, QuerySet, RestrictedError, base
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver

from freeze_alerts.sources.audit import batches, masking, recording, scope
from freeze_alerts.sources.audit.batches import Batch
from freeze_alerts.sources.audit.chunks import key_fields
from freeze_alerts.sources.audit.masking import Rules
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.recording import RecordNotWritten, or_refused
from freeze_alerts.sources.audit.restore import pages
from freeze_alerts.sources.audit.scope import Scope
from freeze_alerts.sources.audit.who import Where, where_from, who_asks

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = object

_Url = URLPattern | URLResolver
_REFUSED_STATUS = 503


class AuditAdminMixin(_ModelAdmin):
    """Goes before the admin class it is mixed with.

    ``audit_mask`` and ``audit_keep`` name columns whose values are never kept, or kept though their name speaks
    against it; ``audit_exclude`` names models (``shop.log``) whose rows are counted only.
    """

    audit_mask: Iterable[str] = ()
    audit_keep: Iterable[str] = ()
    audit_exclude: Iterable[str] = ()

    @property
    def urls(self) -> list[Any]:
        """Every page of this admin, those included that a subclass adds."""
        return [self._audited(each) for each in super().urls]

    def audit_response(self, request: HttpRequest, response: HttpResponse, deletions: list[Deletion]) -> HttpResponse:
        """The answer to a request that deleted something; still in its transaction where that is the request's."""
        pages.offer(request, deletions, self.admin_site.name)
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The first that the page reads: where it is about to delete, it waits here for its turn to write."""
        if scope.current() is not None and request.method == "POST" and request.POST.get("post"):
            batches.take_turn(router.db_for_write(self.model), self.model)
        return super().get_object(request, object_id, from_field)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """On the confirmed POST the objects are gathered once, for the record; what the page would list is not."""
        open_scope = scope.current()
        is_confirmed = request.method == "POST" and request.POST.get("post")
        is_one_delete = isinstance(objs, QuerySet) or len(objs) == 1  # several objects are as many deletes
        if open_scope is None or not is_confirmed or not objs or not is_one_delete:
            return super().get_deleted_objects(objs, request)
        found = self._gathered(open_scope, objs, request)
        return found if found is not None else super().get_deleted_objects(objs, request)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """What was asked for: an intent. What happened is seen where it happens."""
        if (open_scope := scope.current()) is not None:
            open_scope.asked.update(each._meta.label_lower for each in queryset)
        return super().log_deletions(request, queryset)

    def delete_model(self, request: HttpRequest, obj: Model) -> None:
        with self._scope(request) as opened:
            gathering = opened.gathering_of(obj) if self._leaves_deleting_to_django(obj) else None
            if gathering is None:
                super().delete_model(request, obj)
            else:  # as ``obj.delete()`` would, which would gather all of it a second time
                gathering.delete()

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        with self._scope(request):
            super().delete_queryset(request, queryset)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        with self._scope(request):
            super().save_formset(request, form, formset, change)

    def _scope(self, request: HttpRequest) -> AbstractContextManager[Scope]:
        return scope.opened(lambda: self._new_scope(request))

    def _new_scope(self, request: HttpRequest) -> Scope:
        return Scope(
            lambda: who_asks(request),
            lambda: self._where(request),
            self._rules,
        )

    def _rules(self) -> Rules:
        return masking.rules(self.audit_mask, self.audit_keep, self.audit_exclude)

    def _where(self, request: HttpRequest) -> Where:
        """Where it came from; an address that names an object by a key which is a secret is told without it."""
        where, rules = where_from(request, self.admin_site.name), self._rules()
        if not any(rules.hides(self.opts.label_lower, each) for each in key_fields(self.model)):
            return where
        return replace(where, path=f"/{request.resolver_match.route}"[:500] if request.resolver_match else "")

    def _audited(self, url: _Url) -> _Url:
        if isinstance(url, URLResolver):
            within = [self._audited(each) for each in url.url_patterns]
            return URLResolver(url.pattern, within, url.default_kwargs, url.app_name, url.namespace)
        return URLPattern(url.pattern, self._audited_view(url.callback), url.default_args, url.name)

    def _audited_view(self, view: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(view)
        def audited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            with self._scope(request) as opened:
                try:
                    response = view(request, *args, **kwargs)
                except RecordNotWritten as refusal:
                    return self._refused(request, refusal, opened)
                return self._answered(request, response, opened)

        return self._audited_async(view) if inspect.iscoroutinefunction(view) else audited

    def _audited_async(self, view: Callable[..., Any]) -> Callable[..., Any]:
        """All that asks the database is done in the thread where an async view's deletes are, too."""

        @wraps(view)
        async def audited(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            scoped = self._scope(request)
            opened = await sync_to_async(scoped.__enter__)()
            try:
                response = await view(request, *args, **kwargs)
                return await sync_to_async(self._answered)(request, response, opened)
            except RecordNotWritten as refusal:
                return await sync_to_async(self._refused)(request, refusal, opened)
            finally:
                await sync_to_async(scoped.__exit__)(None, None, None)

        return audited

    def _answered(self, request: HttpRequest, response: HttpResponse, opened: Scope) -> HttpResponse:
        recorded = recording.standing(opened)
        return self.audit_response(request, response, recorded) if recorded else response

    def _refused(self, request: HttpRequest, refusal: RecordNotWritten, opened: Scope) -> HttpResponse:
        some_went = any(each.written and each.committed for each in opened.batches)
        context = {
            **self.admin_site.each_context(request), "opts": self.opts, "some_went": some_went,
            "title": "Not everything was deleted" if some_went else "Nothing was deleted",
            "reason": type(refusal.__cause__).__name__ if refusal.__cause__ else "",
        }  # fmt: skip
        page = "admin/freeze_alerts/deletion/refused.html"
        return TemplateResponse(request, page, context, status=_REFUSED_STATUS)

    def _gathered(self, open_scope: Scope, objs: Any, request: HttpRequest) -> Any:
        """What Django's own function answers, without the texts; None where Django's page must say more."""
        origin = objs if isinstance(objs, QuerySet) else objs[0]
        using = batches.database_of(origin)
        batch = Batch(using, origin, open_scope.rules)
        roots = list(objs) if isinstance(objs, QuerySet) else batches.at_hand(objs[0], using, batch.limit)
        try:
            collector = batches.collect(batch, roots)
        except (ProtectedError, RestrictedError):
            return None
        if collector is None:
            return None
        lacking = self._lacking_permissions(collector.data, request)
        if not lacking:
            with or_refused():
                batches.keep(batch, collector, roots)
                is_whole = any(each is origin for each in roots)
                open_scope.prepare(batch, collector if is_whole and collector.is_as_django else None)
        counts = {model._meta.verbose_name_plural: len(each) for model, each in collector.data.items()}
        return [], counts, lacking, []

    def _leaves_deleting_to_django(self, obj: Model) -> bool:
        """Whether nobody has a word between the page and Django's own delete of the object: no admin, no model."""
        stock: Any = super().delete_model
        return (
            type(self).delete_model is AuditAdminMixin.delete_model
            and _file_of(stock) == options.__file__
            and _file_of(obj.delete) == base.__file__
        )

    def _lacking_permissions(self, collected: Any, request: HttpRequest) -> set[str]:
        """The kinds of objects this person may not delete, as Django asks for them."""
        lacking = set()
        for model, instances in collected.items():
            if not self.admin_site.is_registered(model):
                continue
            allows = self.admin_site.get_model_admin(model).has_delete_permission
            if not all(allows(request, each) for each in instances):
                lacking.add(str(model._meta.verbose_name))
        return lacking


def _file_of(method: Any) -> str:
    """Where a method was written, whoever put it in its place."""
    return str(getattr(getattr(method, "__code__", None), "co_filename", ""))

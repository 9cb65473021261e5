"""Putting back in the admin: a page that shows what would happen, and the one button that does it."""

from __future__ import annotations

import contextlib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.auth import get_permission_codename
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.html import format_html

from freeze_alerts.read_only import ReadOnlyAdmin
from freeze_alerts.sources.audit import words
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.restore.act import Blocked, Person, Restored, restore
from freeze_alerts.sources.audit.restore.look import Look, look
from freeze_alerts.sources.audit.restore.remarks import counted
from freeze_alerts.sources.audit.rows import find_model

SHOWN = 50
"""Remarks of one kind on the page; the command's ``--json`` lists all."""
PERMISSION = "freeze_alerts.restore_deletion"
RESTORE = "admin:freeze_alerts_deletion_restore"

if TYPE_CHECKING:
    _Admin = ReadOnlyAdmin
else:
    _Admin = object


class RestoreMixin(_Admin):
    """Goes before the admin of the records."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.restore_view)
        return [path("<int:deletion_id>/restore/", view, name="freeze_alerts_deletion_restore"), *super().get_urls()]

    def restore_view(self, request: HttpRequest, deletion_id: int) -> HttpResponse:
        """A GET looks; only the POST behind its one button puts anything back."""
        deletion = self.get_queryset(request).filter(pk=deletion_id).first()
        if not (request.user.has_perm(PERMISSION) and self.has_view_permission(request, deletion)):
            raise PermissionDenied
        if deletion is None:
            self.message_user(request, f"Deletion {deletion_id} is not kept any more.", messages.WARNING)
            return redirect(f"{self.admin_site.name}:freeze_alerts_deletion_changelist")
        only = (request.POST if request.method == "POST" else request.GET).get("only", "").strip()
        if request.method == "POST":
            return self._put_back(request, deletion, only)
        return self._show(request, look(deletion, only))

    def render_change_form(  # noqa: PLR0917 - Django's own signature
        self, request: HttpRequest, context: dict[str, Any], add: bool = False, change: bool = False,
        form_url: str = "", obj: Deletion | None = None,
    ) -> HttpResponse:  # fmt: skip
        if obj is not None:
            context["may_restore"] = not obj.restored_at and request.user.has_perm(PERMISSION)
            context["restorations"] = [
                {**each, "at": datetime.fromisoformat(each["at"])} for each in reversed(obj.restorations)
            ]
        return super().render_change_form(request, context, add, change, form_url, obj)

    def _put_back(self, request: HttpRequest, deletion: Deletion, only: str) -> HttpResponse:
        if lacking(request, list(deletion.counts if not only else look(deletion, only).counts)):
            raise PermissionDenied
        by = Person(request.user.get_username(), str(request.user.pk))
        try:
            done = restore(deletion, by=by, only=only, via="admin")
        except Blocked as blocked:
            self.message_user(request, "Nothing was put back: something is in the way.", messages.ERROR)
            return self._show(request, blocked.look)
        said = _outcome(done)
        self.log_change(request, deletion, said)
        self.message_user(request, said, messages.SUCCESS)
        return redirect(f"{self.admin_site.name}:freeze_alerts_deletion_change", deletion.pk)

    def _show(self, request: HttpRequest, seen: Look) -> HttpResponse:
        deletion = seen.deletion
        without = lacking(request, list(seen.counts))
        roots = list(deletion.root_objects.order_by("pk")[:SHOWN]) if deletion.root_count > 1 else []
        context = self.admin_site.each_context(request) | {
            "title": "Put back what was deleted", "opts": self.opts, "media": self.media, "deletion": deletion,
            "seen": seen, "said": words.text([deletion]), "lacking": without, "roots": roots,
            "conflicts": seen.conflicts[:SHOWN], "more_conflicts": len(seen.conflicts) - SHOWN,
            "losses": seen.losses[:SHOWN], "more_losses": len(seen.losses) - SHOWN,
            "kinds": [(words.kind(label, count), label, count) for label, count in seen.counts.items()],
            "may_restore": not seen.conflicts and not without,
        }  # fmt: skip
        return TemplateResponse(request, "admin/freeze_alerts/deletion/restore.html", context)


def lacking(request: HttpRequest, labels: list[str]) -> list[str]:
    """The kinds of rows this person may not add; rows that only link others ask for no permission of their own."""
    models = [model for label in labels if (model := find_model(label)) and not model._meta.auto_created]
    return sorted(
        model._meta.label_lower
        for model in models
        if not request.user.has_perm(f"{model._meta.app_label}.{get_permission_codename('add', model._meta)}")
    )


def offer(request: HttpRequest, deletions: list[Deletion], site: str) -> None:
    """After a delete: a link beside the success message that leads to putting it back."""
    if not request.user.has_perm(PERMISSION):
        return
    for each in deletions:
        if not each.complete or not each.row_count or lacking(request, list(each.counts)):
            continue
        url = _address(each, site)
        if not url:
            return
        text = 'Deleted by mistake? <a href="{}">Undo</a> puts back {}.'
        messages.info(request, format_html(text, url, counted(each.row_count, "row")), fail_silently=True)


def _address(deletion: Deletion, site: str) -> str:
    """The page that puts it back: on the site one is on, else on the admin that has the records; "" if none has."""
    for current in (site, None):
        with contextlib.suppress(NoReverseMatch):
            return reverse(RESTORE, args=[deletion.pk], current_app=current)
    return ""


def _outcome(done: Restored) -> str:
    tied = f", and {counted(done.ties, 'reference')} to them tied again" if done.ties else ""
    return f"Put back: {counted(done.rows, 'row')}{tied}."

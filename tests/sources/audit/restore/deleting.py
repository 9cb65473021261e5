"""Deleting as an admin would, and putting back."""

from __future__ import annotations

from freeze_alerts.sources.audit import rows
from freeze_alerts.sources.audit.chunks import pack
from freeze_alerts.sources.audit.masking import rules
from freeze_alerts.sources.audit.models import DeletedRows, Deletion
from freeze_alerts.sources.audit.restore import Blocked, Person, restore
from freeze_alerts.sources.audit.scope import Scope, opened
from freeze_alerts.sources.audit.who import Where, Who

ANN = Person("Ann", "1")


def delete(*things, **masking) -> Deletion:
    """Delete objects or querysets within one scope, and give its record."""
    with opened(lambda: Scope(lambda: Who("7", "bob"), Where, lambda: rules(**masking))):
        for each in things:
            key = getattr(each, "pk", None)
            each.delete()
            if key is not None:
                each.pk = key  # Django empties it; the tests look for it afterwards
    return Deletion.objects.latest("id")


def put_back(deletion, only="", **more):
    deletion.refresh_from_db()
    return restore(deletion, by=ANN, only=only, **more)


def conflicts(deletion, only="") -> list[tuple[str, str, str]]:
    """Kind, model and key of everything that keeps a record from being put back."""
    try:
        put_back(deletion, only)
    except Blocked as blocked:
        return sorted((str(each.kind), each.model, each.key) for each in blocked.look.conflicts)
    return []


def losses(done) -> set[tuple[str, str]]:
    return {(str(each.kind), each.model) for each in done.look.losses}


def rewrite(deletion, model, change):
    """Change the recorded columns of a model, as if it had had others then: ``change`` takes names and rows."""
    for chunk in DeletedRows.objects.filter(deletion=deletion):
        content = rows.unpack(chunk.data)
        for table in content["tables"]:
            if table["model"] == model:
                change(table)
        chunk.data = pack(content)
        chunk.save()

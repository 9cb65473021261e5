"""For a project whose admin classes can't inherit: the whole site is audited in one call."""

from __future__ import annotations

from functools import cache, wraps
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin

from freeze_alerts.sources.audit.mixin import AuditAdminMixin


def audit_site(site: AdminSite) -> None:
    """Audit every admin class of this site, also those that are registered later. Doing it twice changes nothing.

    Call it where the site's URLs are made (``urls.py``), before they are.
    """
    for model_admin in site._registry.values():
        _audit(model_admin)
    register = site.register
    if getattr(register, "is_audited", False):
        return

    @wraps(register)
    def register_audited(*args: Any, **kwargs: Any) -> None:
        register(*args, **kwargs)
        for model_admin in site._registry.values():
            _audit(model_admin)

    register_audited.is_audited = True  # type: ignore[attr-defined]
    site.register = register_audited  # type: ignore[method-assign]


def _audit(model_admin: ModelAdmin[Any]) -> None:
    if not isinstance(model_admin, AuditAdminMixin):
        model_admin.__class__ = _audited(type(model_admin))


@cache
def _audited(admin_class: type[ModelAdmin[Any]]) -> type[ModelAdmin[Any]]:
    return type(admin_class.__name__, (AuditAdminMixin, admin_class), {"__module__": admin_class.__module__})

"""The audit: admins that only look audited, and settings that name what isn't there."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import all_sites
from django.core import checks
from django.utils.module_loading import import_string

from freeze_alerts import conf
from freeze_alerts.checks.registry import TAG, did_you_mean, warns
from freeze_alerts.sources.audit.collecting import missing_private_names
from freeze_alerts.sources.audit.mixin import AuditAdminMixin

_UNAUDITED, _VANISHED = f"{TAG}.E070", f"{TAG}.E071"


@checks.register(checks.Tags.admin)
def unaudited_admins(**_: object) -> list[checks.CheckMessage]:
    """The one Error of ours: such an admin deletes without a record, and says nothing."""
    hint = "Put AuditAdminMixin first: class OrderAdmin(AuditAdminMixin, admin.ModelAdmin)."
    return [
        checks.Error(f"{_name(each)} is not audited: another class hides the mixin's pages.", hint=hint, id=_UNAUDITED)
        for site in all_sites
        for each in site._registry.values()
        if isinstance(each, AuditAdminMixin) and not _is_audited(type(each))
    ]


@checks.register(checks.Tags.compatibility)
def vanished_names(**_: object) -> list[checks.CheckMessage]:
    missing = missing_private_names()
    if not missing:
        return []
    said = f"This Django's Collector has no {', '.join(missing)}, without which deletes can't be recorded."
    return [checks.Error(said, hint="Use a Django that freeze-alerts supports.", id=_VANISHED)]


@warns(72, hint='Name each model as app.model: "shop.order".')
def unknown_protected_models() -> Iterator[str]:
    known = {model._meta.label_lower for model in apps.get_models()}
    for label in conf.current().audit.protected_models:
        if label.lower() not in known:
            meant = did_you_mean(label, known)
            yield f'FREEZE_ALERTS: AUDIT.PROTECTED_MODELS names "{label}", which is no model{meant}'


@warns(73, hint='Name the networks of your proxies: "10.0.0.0/8", or single addresses.')
def proxies_that_are_no_networks() -> Iterator[str]:
    for name in conf.current().audit.trusted_proxies:
        try:
            ipaddress.ip_network(name, strict=False)
        except ValueError:
            yield f'FREEZE_ALERTS: AUDIT.TRUSTED_PROXIES names "{name}", which is no network.'


@warns(74, hint="Name a function by its dotted path: it is given the request and returns a Who.")
def unusable_actor_resolver() -> Iterator[str]:
    path = conf.current().audit.actor_resolver
    if not path:
        return
    try:
        usable = callable(import_string(path))
    except (ImportError, TypeError, ValueError):
        usable = False
    if not usable:
        yield f'FREEZE_ALERTS: AUDIT.ACTOR_RESOLVER is "{path}", which can\'t be called: deletes are refused.'


def _is_audited(admin_class: type[Any]) -> bool:
    """Whether the pages come from the mixin, or from a class before it that knows it."""
    first = next(each for each in admin_class.__mro__ if "urls" in vars(each))
    return issubclass(first, AuditAdminMixin)


def _name(model_admin: ModelAdmin[Any]) -> str:
    return f"{type(model_admin).__module__}.{type(model_admin).__qualname__}"

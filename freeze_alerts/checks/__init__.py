"""Every way to misconfigure us: one function, one id, one hint each.

All are Warnings: an Error would make every management command refuse to run, and so stop the backups. Importing
this package registers them, under the tag ``freeze_alerts``.
"""

from freeze_alerts.checks import (
    alert_types,
    audit,
    backups,
    celery_settings,
    channels,
    databases,
    errors,
    links,
    orders,
    places,
    providers,
    sentry,
    values,
    watching,
)
from freeze_alerts.checks.registry import CHECKS, TAG

__all__ = [
    "CHECKS",
    "TAG",
    "alert_types",
    "audit",
    "backups",
    "celery_settings",
    "channels",
    "databases",
    "errors",
    "links",
    "orders",
    "places",
    "providers",
    "sentry",
    "values",
    "watching",
]

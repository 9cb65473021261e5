"""Errors and payments: captured by sentry-sdk, judged here, told by signals."""

from freeze_alerts.sources.errors.scope import payment_scope

__all__ = ["payment_scope"]

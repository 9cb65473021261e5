"""The look for what Sentry knows and no webhook told."""

from __future__ import annotations

from freeze_alerts.sources.errors.scrub import scrub


def ask_sentry() -> None:
    """Every 15 minutes, where Sentry is the judge."""
    from freeze_alerts.sources.sentry.reconcile import reconcile  # drags requests in; only whoever asks needs it

    reconcile(scrub)

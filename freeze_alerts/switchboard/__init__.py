"""Which signal opens, worsens or ends which alert: the one page that says it; a module a room."""

from __future__ import annotations

from freeze_alerts import signals
from freeze_alerts.switchboard import audit, backups, delivery, disk, errors, orders, sentry, watch

RECEIVERS = {
    signals.disk_measured: disk.on_disk_measured,
    signals.disk_unreadable: disk.on_disk_unreadable,
    signals.disks_checked: disk.on_disks_checked,
    signals.backup_made: backups.on_backup_made,
    signals.backup_failed: backups.on_backup_failed,
    signals.backup_copied: backups.on_backup_copied,
    signals.backup_verified: backups.on_backup_verified,
    signals.backup_restored: backups.on_backup_restored,
    signals.orders_judged: orders.on_orders_judged,
    signals.orders_checked: orders.on_orders_checked,
    signals.orders_unreadable: orders.on_orders_unreadable,
    signals.backup_age_judged: backups.on_backup_age_judged,
    signals.backups_cleaned: backups.on_backups_cleaned,
    signals.backups_checked: backups.on_backups_checked,
    signals.backups_summarized: backups.on_backups_summarized,
    signals.rows_deleted: audit.on_rows_deleted,
    signals.issue_found: errors.on_issue_found,
    signals.issue_regressed: errors.on_issue_regressed,
    signals.payment_failed: errors.on_payment_failed,
    signals.issue_resolved: errors.on_issue_resolved,
    signals.errors_judged: errors.on_errors_judged,
    signals.errors_dropped: errors.on_errors_dropped,
    signals.errors_unbooked: errors.on_errors_unbooked,
    signals.deletion_restored: audit.on_deletion_restored,
    signals.deletion_forgotten: audit.on_deletion_forgotten,
    signals.sentry_judged: sentry.on_sentry_judged,
    signals.sentry_heard: sentry.on_sentry_heard,
    signals.sentry_missed: sentry.on_sentry_missed,
    signals.sentry_unreachable: sentry.on_sentry_unreachable,
    signals.sentry_asked: sentry.on_sentry_asked,
    signals.webhook_disabled: delivery.on_webhook_disabled,
    signals.webhook_enabled: delivery.on_webhook_enabled,
    signals.message_dead: delivery.on_message_dead,
    signals.part_died: watch.on_part_died,
    signals.part_revived: watch.on_part_revived,
}


def connect() -> None:
    """Plug every signal in. Doing it twice changes nothing."""
    for signal, receiver in RECEIVERS.items():
        signal.connect(receiver, weak=False, dispatch_uid=f"freeze_alerts.{receiver.__name__}")

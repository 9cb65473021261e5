"""Every room's admin classes, registered here."""

from __future__ import annotations

from django.contrib import admin

from freeze_alerts.alerts.admin import AlertAdmin
from freeze_alerts.alerts.models import Alert
from freeze_alerts.outbox.admin import MessageAdmin, WebhookStateAdmin
from freeze_alerts.outbox.models import Message, WebhookState
from freeze_alerts.sources.audit.admin import DeletionAdmin
from freeze_alerts.sources.audit.mixin import AuditAdminMixin
from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.site import audit_site
from freeze_alerts.sources.backups.admin import BackupRunAdmin
from freeze_alerts.sources.backups.models import BackupRun
from freeze_alerts.sources.disk.admin import DiskSampleAdmin
from freeze_alerts.sources.disk.models import DiskSample
from freeze_alerts.sources.errors.admin import IssueAdmin
from freeze_alerts.sources.errors.models import Issue
from freeze_alerts.sources.sentry.admin import SentryDeliveryAdmin, SentryRuleAdmin
from freeze_alerts.sources.sentry.models import SentryDelivery, SentryRule
from freeze_alerts.watch.admin import HeartbeatAdmin
from freeze_alerts.watch.models import Heartbeat

__all__ = ["AuditAdminMixin", "audit_site"]

admin.site.register(Alert, AlertAdmin)
admin.site.register(Message, MessageAdmin)
admin.site.register(WebhookState, WebhookStateAdmin)
admin.site.register(BackupRun, BackupRunAdmin)
admin.site.register(DiskSample, DiskSampleAdmin)
admin.site.register(Heartbeat, HeartbeatAdmin)
admin.site.register(Deletion, DeletionAdmin)
admin.site.register(SentryDelivery, SentryDeliveryAdmin)
admin.site.register(SentryRule, SentryRuleAdmin)
admin.site.register(Issue, IssueAdmin)

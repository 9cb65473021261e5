"""Rows as tests need them."""

from __future__ import annotations

import factory
from django.utils import timezone

from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Severity
from freeze_alerts.outbox.models import Message


class AlertFactory(factory.django.DjangoModelFactory[Alert]):
    class Meta:
        model = Alert

    type = AlertType.NEW_ISSUE.value
    key = factory.Sequence(lambda number: f"issue-{number}")
    open_key = factory.LazyAttribute(lambda alert: f"{alert.type}|{alert.key}")
    severity = Severity.MEDIUM.value
    title = factory.LazyAttribute(lambda alert: f"ValueError in {alert.key}")
    text = "invalid literal for int()"
    opened_at = factory.LazyFunction(timezone.now)
    raised_at = factory.LazyAttribute(lambda alert: alert.opened_at)
    last_seen_at = factory.LazyAttribute(lambda alert: alert.opened_at)
    environment = "production"


class MessageFactory(factory.django.DjangoModelFactory[Message]):
    class Meta:
        model = Message

    alert = factory.SubFactory(AlertFactory)
    kind = Message.Kind.OPENED
    sequence = 1
    channel = "errors"
    intent = factory.LazyAttribute(
        lambda message: f"alert:{message.alert and message.alert.pk}:{message.kind}:{message.sequence}"
    )
    due_at = factory.LazyFunction(timezone.now)
    created_at = factory.LazyFunction(timezone.now)

"""An alert, or a digest of many, as the card it is in Discord."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from urllib.parse import urlencode

from django.db.models import Count, Max, Min, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.alerts.clock import aware, local
from freeze_alerts.alerts.models import Alert
from freeze_alerts.catalog import AlertType, Nature, Severity, entry_or_plain
from freeze_alerts.discord.message import Card, Field, Finding, Link, Outcome, Standing
from freeze_alerts.outbox.models import Message

DELAYED_AFTER = timedelta(minutes=2)
_NAMED_IN_DIGEST = 10
_SATURDAY = 5
_OFFICE_OPENS = time(9)


@dataclass(frozen=True)
class Draft:
    """What one Discord message is to say: its cards, whom it calls (from settings alone), and whether it is quiet."""

    cards: tuple[Card, ...]
    mention: str = ""
    silent: bool = False


def draft(messages: Sequence[Message]) -> Draft:
    """The cards of these messages as the alerts stand now."""
    cards = tuple(draw(message) for message in messages)
    if any(message.kind == Message.Kind.REMINDER for message in messages):
        return Draft(cards, mention_for(max(Severity)))  # unanswered so far: whoever is called for the worst
    calling = [
        card.severity
        for card, message in zip(cards, messages, strict=True)
        if card.standing is Standing.OPEN and message.kind != Message.Kind.RESOLVED
    ]
    quiet = all(card.severity is Severity.INFO for card in cards)
    return Draft(cards, mention_for(max(calling)) if calling else "", silent=quiet)


def mention_for(severity: Severity) -> str:
    """Whom settings want called: the entry for this severity, else for the worst one below it."""
    mentions = conf.current().mentions
    levels = [each for each in Severity if each <= severity and each.value in mentions]
    return mentions[max(levels).value] if levels else ""


def draw(message: Message) -> Card:
    """The card of one message; a digest's shows every alert folded into it."""
    if message.kind == Message.Kind.TEST:
        return _drill(message)
    return _digest(message) if message.alert is None else _alert_card(message.alert, message)


def _alert_card(alert: Alert, message: Message) -> Card:
    row = entry_or_plain(alert.type)
    return Card(
        title=_title(alert),
        severity=alert.level,
        standing=standing(alert),
        footer=_footer(f"{alert.pk}#{message.sequence}", alert.environment),
        opened_at=aware(alert.opened_at),
        answer_by=answer_by(aware(alert.raised_at), row.answer_within),
        ended_at=aware(alert.resolved_at) if alert.resolved_at else None,
        text=alert.text,
        occurrences=alert.occurrences,
        notes=tuple(_notes(alert, message)),
        fields=(*_fields(alert), *_places(alert)),
        findings=tuple(Finding(each["step"], Outcome(each["outcome"]), each["text"], each["seconds"])
                       for each in alert.findings),
        command="" if alert.ended else alert.command or row.command,
        url=alert.link or admin_url("alert_change", alert.pk),
        links=tuple(_links(alert)),
    )  # fmt: skip


def standing(alert: Alert) -> Standing:
    row = entry_or_plain(alert.type)
    if alert.ended and row.nature is Nature.RECORD:
        return Standing.ENDED if alert.ended_because else Standing.OPEN  # born ended: green only once it is undone
    if alert.ended:
        return Standing.UNWATCHED if alert.unwatched else Standing.ENDED
    return Standing.ACKNOWLEDGED if alert.status == Alert.Status.ACKNOWLEDGED else Standing.OPEN


def answer_by(opened_at: datetime, within: timedelta | None) -> datetime:
    """When a person should have answered; None stands for nine o'clock on the next business day."""
    if within is not None:
        return opened_at + within
    day = timezone.localtime(opened_at) + timedelta(days=1)
    while day.weekday() >= _SATURDAY:
        day += timedelta(days=1)
    return timezone.make_aware(datetime.combine(day.date(), _OFFICE_OPENS))


def _title(alert: Alert) -> str:
    row = entry_or_plain(alert.type)
    own = row.title
    return own if alert.title in ("", own) else f"{own}: {alert.title}"


def _fields(alert: Alert) -> list[Field]:
    return [Field(str(name), str(value), bool(inline[0]) if inline else True) for name, value, *inline in alert.fields]


def _places(alert: Alert) -> list[Field]:
    named = (("Host", alert.host), ("Environment", alert.environment), ("Release", alert.release))
    return [Field(name, value) for name, value in named if value]


def _notes(alert: Alert, message: Message) -> list[str]:
    """What a reader must know about this message beyond the alert itself."""
    notes = []
    if alert.reminders and alert.status == Alert.Status.OPEN:
        notes.append(f"unanswered: reminder {alert.reminders}")
    if alert.acknowledged_by:
        notes.append(f"acknowledged by {alert.acknowledged_by}")
    if alert.snoozed_until and not alert.ended:
        notes.append(f"no reminders before {local(alert.snoozed_until):%d %b %H:%M %Z}")
    if alert.ended_because:
        notes.append(alert.ended_because)
    told_at = message.sent_at or timezone.now()
    if told_at - message.created_at > DELAYED_AFTER:
        minutes = int((told_at - message.created_at).total_seconds() // 60)
        notes.append(f"delivered {minutes} min late")
    return notes


def _links(alert: Alert) -> list[Link]:
    links = [Link("Open", admin_url("alert_change", alert.pk)), Link("Runbook", _runbook_url(alert))]
    if entry_or_plain(alert.type).nature is Nature.RECORD:
        links.insert(0, Link("Record", alert.link))
    if not alert.ended and alert.status == Alert.Status.OPEN:
        links.append(Link("Acknowledge", admin_url("alert_acknowledge", alert.pk)))
    return [link for link in links if link.url]


def _runbook_url(alert: Alert) -> str:
    """Its place in the runbook that settings name, else in the one we ship; "" where there is none."""
    own, anchor = conf.current().runbook_url, entry_or_plain(alert.type).anchor
    if own and anchor:
        return f"{own.partition('#')[0]}#{anchor}"
    return _under_base("freeze_alerts:runbook_page", anchor) if alert.type in list(AlertType) else ""


def admin_url(page: str, *arguments: object, **query: str) -> str:
    """The address of one of our admin pages under BASE_URL; "" without a base or an admin to lead to."""
    found = _under_base(f"admin:freeze_alerts_{page}", *arguments)
    return f"{found}?{urlencode(query)}" if found and query else found


def _under_base(view: str, *arguments: object) -> str:
    base = conf.current().base_url.rstrip("/")
    try:
        return f"{base}{reverse(view, args=arguments)}" if base else ""
    except NoReverseMatch:
        return ""


def _digest(message: Message) -> Card:
    """One card for many alerts of a type: how many, since when, how many still open, and the newest by name."""
    members = Alert.objects.filter(messages__folded_into=message).distinct()
    counted = members.aggregate(count=Count("pk"), first=Min("opened_at"), last=Max("resolved_at"))
    still_open = members.exclude(open_key=None).count()
    alert_type = message.intent.split(":")[1]
    row = entry_or_plain(alert_type)
    severities = [Severity(each) for each in members.values_list("severity", flat=True).distinct()]
    began = aware(counted["first"] or message.created_at)
    everything_ended = counted["count"] and not still_open
    return Card(
        title=f"{counted['count']:,} × {row.title}",
        severity=max(severities, default=Severity.MEDIUM),
        standing=Standing.ENDED if everything_ended else Standing.OPEN,
        footer=_footer(f"digest {message.pk}#{message.sequence}", conf.current().environment),
        opened_at=began,
        ended_at=aware(counted["last"]) if everything_ended else None,
        answer_by=answer_by(began, row.answer_within),
        text="Too many at once for a card each.",
        fields=(Field("Alerts", f"{counted['count']:,}"), Field("Still open", f"{still_open:,}"),
                Field("Newest", _newest(members), inline=False)),
        command="" if everything_ended else row.command,
        url=admin_url("alert_changelist", type__exact=alert_type),
    )  # fmt: skip


def _newest(members: QuerySet[Alert]) -> str:
    return "\n".join(f"{alert.pk}: {alert.title}"[:90] for alert in members.order_by("-pk")[:_NAMED_IN_DIGEST])


def _drill(message: Message) -> Card:
    return Card(
        title=f"Drill for #{message.channel}",
        severity=Severity.INFO,
        footer=_footer(message.intent, conf.current().environment),
        opened_at=aware(message.created_at),
        text="This is a drill: an alert sent this way would have reached you.",
        notes=("nothing happened, nothing to do",),
    )


def _footer(name: str, environment: str) -> str:
    return f"alert {name} · {environment}" if environment else f"alert {name}"

"""The settings, a frozen dataclass each section: what may be said in ``settings.FREEZE_ALERTS``, and the defaults."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings


class Words(tuple[str, ...]):
    """One word or several: ``"paid"`` may stand for ``["paid"]``."""

    __slots__ = ()


WebhookSource = str | Path | Callable[[], str | None] | None


def base_directory() -> str | Path:
    """Where paths that nobody named begin: the project's BASE_DIR, else the working directory."""
    return getattr(settings, "BASE_DIR", None) or os.getcwd()


@dataclass(frozen=True)
class Disk:
    paths: tuple[str, ...] = ("/",)
    warning_percent: float = 80
    critical_percent: float = 90
    emergency_percent: float = 95
    hold_minutes: float = 15  # how long a disk stays below its line before the alert eases or ends
    host: str = ""  # default: the machine's own name


@dataclass(frozen=True)
class Backups:
    directory: Path = field(default_factory=lambda: Path(base_directory(), "backups"))
    databases: tuple[str, ...] = ("default",)
    storage: str | None = None
    encrypt_to: tuple[str, ...] = ()
    identity: str | None = field(default=None, repr=False)  # a file with the age key that opens them
    every_hours: float = 1  # when the next one is due
    stale_after_hours: float = 25
    keep_hourly_hours: float = 24
    keep_daily_days: float = 7
    keep_weekly_weeks: float = 4
    ping_url: str | None = field(default=None, repr=False)  # as that of WATCH, for the backups alone


@dataclass(frozen=True)
class Errors:
    judge: str = "local"
    warning_per_hour: float = 10
    critical_per_hour: float = 50
    payment_spike_per_hour: float = 3
    clear_percent: float = 50  # of its line; a spike ends when it has been this low for
    hold_minutes: float = 30
    rising_per_hour: float = 100  # above this, and rising, the card says to consider maintenance mode
    regression_grace_seconds: float = 60  # errors this soon after the resolving are late news
    new_issues_fold_above: float = 10  # within 5 minutes
    ignore_loggers: tuple[str, ...] = ("multiprocessing",)
    keep_days: float = 31  # of the counts a minute


@dataclass(frozen=True)
class Payments:
    url_prefixes: tuple[str, ...] = ("/checkout/",)
    views: tuple[str, ...] = ()  # names of URLs, or dotted paths
    tasks: tuple[str, ...] = ()
    modules: tuple[str, ...] = ("payments",)
    exceptions: tuple[str, ...] = ()
    id_tag: str = "payment_id"
    order_model: str | None = None
    status_field: str = "status"
    created_field: str = "created_at"
    pending: tuple[str, ...] = Words(["pending_payment"])
    paid: tuple[str, ...] = Words(["paid"])
    failed: tuple[str, ...] = Words(["payment_failed"])
    stuck_after_minutes: float = 60
    failing_at_least: float = 3


@dataclass(frozen=True)
class Sentry:
    api_url: str = "https://sentry.io/api/0"
    organization: str = ""
    project: str = ""
    token: str = field(default="", repr=False)
    integration: str = ""  # the slug of the internal integration
    webhook_secrets: tuple[str, ...] = field(default=(), repr=False)
    monitor: str = ""  # the slug of the cron monitor that waits for backups
    monitor_max_minutes: float = 120  # the longest a backup may take there


@dataclass(frozen=True)
class Audit:
    mask: tuple[str, ...] = ()  # columns never kept, beside those whose name says secret: "iban", "shop.order.note"
    loud_above_rows: float = 100
    protected_models: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    name_objects: bool = True  # whether cards name what was deleted, or only number it
    snapshot_max_rows: float = 100_000  # above, only keys are kept
    keep_days: float = 365  # the least age at which a record may be pruned
    actor_resolver: str | None = None


@dataclass(frozen=True)
class Delivery:
    spool: Path = field(default_factory=lambda: Path(base_directory(), "freeze_alerts_spool.jsonl"))
    doorbell: str = "auto"  # auto: Celery, else a thread; thread: never Celery; none: only the sweep delivers
    messages_per_minute: float = 30  # Discord's unwritten limit for a whole channel; 0 switches pacing off
    mail_admins: bool = True  # tell ADMINS by mail when a webhook or a message is dead
    spare: tuple[str, ...] = field(default=(), repr=False)  # Apprise URLs that are told then too


@dataclass(frozen=True)
class Watch:
    ping_url: str | None = field(default=None, repr=False)  # somebody outside, in healthchecks.io's convention
    from_web: bool = True  # a web process looks once a minute whether all parts are alive
    health_token: str | None = field(default=None, repr=False)  # whoever brings it sees the details of health


@dataclass(frozen=True)
class Settings:
    environment: str = "production"
    release: str = ""
    base_url: str = ""
    webhooks: Mapping[str, WebhookSource] = field(default_factory=dict, repr=False)
    discord_api_url: str = "https://discord.com/api/v10"
    mentions: Mapping[str, str] = field(default_factory=dict)
    runbook_url: str | None = None
    disk: Disk = field(default_factory=Disk)
    backups: Backups = field(default_factory=Backups)
    errors: Errors = field(default_factory=Errors)
    payments: Payments = field(default_factory=Payments)
    sentry: Sentry = field(default_factory=Sentry)
    audit: Audit = field(default_factory=Audit)
    delivery: Delivery = field(default_factory=Delivery)
    watch: Watch = field(default_factory=Watch)
    providers: Mapping[str, Any] = field(
        default_factory=lambda: {
            "Mollie": "https://status.mollie.com",
            "DigitalOcean": "https://status.digitalocean.com",
        }
    )
    alert_types: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def webhook_url(self, channel: str) -> str:
        """The channel's webhook URL, read from its file or callable where that is where it is kept; "" if none.

        Never raises: a callable or a file that fails is no webhook, and the system checks say so.
        """
        with contextlib.suppress(Exception):
            return read_webhook(self.webhooks.get(channel))
        return ""


def read_webhook(source: WebhookSource) -> str:
    """The URL behind one value of ``WEBHOOKS``: itself, the content of the file it names, or what it returns.

    Raises OSError when the file can't be read, and whatever the callable raises.
    """
    value = source() if callable(source) else source
    if isinstance(value, Path) or (isinstance(value, str) and value.startswith("/")):
        value = Path(value).read_text(encoding="utf-8")
    return (value or "").strip()

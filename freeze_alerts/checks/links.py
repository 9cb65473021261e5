"""The addresses in settings, and the pages that cards lead to."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from django.conf import settings as django_settings
from django.urls import NoReverseMatch, reverse

from freeze_alerts import conf
from freeze_alerts.checks.registry import warns
from freeze_alerts.discord.address import safe_url


@warns(13, hint="Write the whole address, beginning with https:// and the name of the host.")
def bad_addresses() -> Iterator[str]:
    settings = conf.current()
    for name, address in {**_linked(settings), "DISCORD_API_URL": settings.discord_api_url}.items():
        if address and not _is_http(address):
            yield f"FREEZE_ALERTS: {name} is {address!r}, which is no http or https address."


@warns(14, deploy_only=True, hint="Discord takes only links to a host with a dot in its name, or to an IPv4 address, "
                                  "without user and password. Others are left out of the cards.")  # fmt: skip
def addresses_discord_refuses() -> Iterator[str]:
    for name, address in _linked(conf.current()).items():
        if address and _is_http(address) and not safe_url(address):
            yield f"FREEZE_ALERTS: Discord takes no link to {name} ({urlsplit(address).hostname})."


@warns(15, deploy_only=True, hint="Set it to where your site is reached: https://shop.example")
def no_base_url() -> Iterator[str]:
    if not conf.current().base_url:
        yield "FREEZE_ALERTS: BASE_URL is not set, so that cards have no buttons to open or acknowledge an alert."


@warns(16, hint="Add django.contrib.admin to INSTALLED_APPS, and admin.site.urls to the URLconf.")
def no_admin_to_lead_to() -> Iterator[str]:
    if conf.current().base_url and not _is_admin_reached():
        yield "The admin has no address here: cards have no buttons to open or acknowledge an alert."


def _linked(settings: conf.Settings) -> dict[str, str]:
    return {"BASE_URL": settings.base_url, "RUNBOOK_URL": settings.runbook_url or ""}


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def _is_admin_reached() -> bool:
    if not getattr(django_settings, "ROOT_URLCONF", None):
        return False
    try:
        return bool(reverse("admin:index"))
    except NoReverseMatch:
        return False

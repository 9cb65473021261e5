"""Who did it, and from where: as text, since the record outlives the account."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core import signing
from django.http import HttpRequest
from django.utils.module_loading import import_string

from freeze_alerts import conf

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LONGEST = {"user_agent": 200, "method": 10, "path": 500, "view": 200, "site": 64, "action": 100, "request_id": 100}


@dataclass(frozen=True)
class Who:
    """Who acted, and who was really at the keyboard where that is somebody else."""

    actor_id: str = ""
    actor: str = ""
    real_actor_id: str = ""
    real_actor: str = ""


@dataclass(frozen=True)
class Where:
    ip: str = ""
    user_agent: str = ""
    method: str = ""
    path: str = ""
    view: str = ""
    site: str = ""
    action: str = ""
    request_id: str = ""


def who_asks(request: HttpRequest) -> Who:
    """The person of a request; AUDIT.ACTOR_RESOLVER names a function that knows better (request → Who)."""
    resolver = conf.current().audit.actor_resolver
    if resolver:
        return _as_text(import_string(resolver)(request))
    actor_id, actor = _named(getattr(request, "user", None))
    real_id, real = _named(_impersonator(request))
    return Who(actor_id, actor, real_id, real) if real_id != actor_id else Who(actor_id, actor)


def _as_text(told: Who) -> Who:
    """What a function of the project's has found, as the record takes it: a key may be a number, a name an account."""
    given = {name: "" if value is None else clean(str(value)) for name, value in vars(told).items()}
    return Who(**{name: text[: 64 if name.endswith("_id") else 255] for name, text in given.items()})


def where_from(request: HttpRequest, site: str = "") -> Where:
    match = getattr(request, "resolver_match", None)
    headers = request.headers
    told = {
        "user_agent": headers.get("User-Agent", ""), "method": request.method or "", "path": request.path,
        "view": getattr(match, "view_name", "") or "", "site": site, "action": _action(request),
        "request_id": headers.get("X-Request-Id") or headers.get("X-Correlation-Id") or "",
    }  # fmt: skip
    cut = {name: clean(value)[: _LONGEST[name]] for name, value in told.items()}
    return Where(ip=client_ip(request.META), **cut)


def clean(text: str) -> str:
    """Text that every database takes: PostgreSQL has no NUL, and none has half a surrogate."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def client_ip(meta: Mapping[str, Any]) -> str:
    """The address a request came from: X-Forwarded-For read from the right, as far as trusted proxies wrote it.

    No address (a Unix socket) is a proxy of this machine. What is no address ends the walk.
    """
    trusted = _networks(conf.current().audit.trusted_proxies)
    nearest = str(meta.get("REMOTE_ADDR") or "")
    address = _parse(nearest)
    if nearest and (address is None or not _is_in(address, trusted)):
        return str(address) if address else ""
    for hop in reversed(str(meta.get("HTTP_X_FORWARDED_FOR") or "").split(",")):
        parsed = _parse(hop)
        if parsed is None:
            break
        address = parsed
        if not _is_in(parsed, trusted):
            break
    return str(address)[:45] if address else ""


def _parse(text: str) -> _Address | None:
    """An address as proxies write it: with a port, in brackets, with a zone, or an IPv4 one in IPv6 dress."""
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=8)
def _networks(names: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    networks = []
    for name in names:
        with contextlib.suppress(ValueError):  # a system check names it
            networks.append(ipaddress.ip_network(name, strict=False))
    return networks


def _is_in(address: _Address, networks: list[Any]) -> bool:
    return any(address in network for network in networks)


def _named(user: Any) -> tuple[str, str]:
    if user is None or getattr(user, "pk", None) is None:
        return "", ""
    name = user.get_username() if hasattr(user, "get_username") else str(user)
    return str(user.pk)[:64], clean(str(name))[:255]


def _impersonator(request: HttpRequest) -> Any:
    """The person behind the account: of django-impersonate, django-hijack, django-loginas."""
    own = getattr(request, "impersonator", None)
    if own is not None:
        return own
    session = getattr(request, "session", None)
    for find in (_hijacker, _logged_in_as) if session is not None else ():
        if (key := find(session)) is not None:
            return get_user_model()._base_manager.filter(pk=key).first() or _Gone(key)
    return None


@dataclass(frozen=True)
class _Gone:
    """An account that is no more."""

    pk: Any

    def get_username(self) -> str:
        return f"user {self.pk}"


def _hijacker(session: Any) -> Any:
    history = session.get("hijack_history") or []
    return history[0] if history else None


def _logged_in_as(session: Any) -> Any:
    flag = getattr(settings, "LOGINAS_FROM_USER_SESSION_FLAG", "loginas_from_user")
    signed = session.get(flag)
    if not signed:
        return None
    try:
        return signing.TimestampSigner().unsign(signed)
    except signing.BadSignature:
        return None


def _action(request: HttpRequest) -> str:
    posted: Callable[..., Any] = request.POST.get if request.method == "POST" else request.GET.get
    return str(posted("action", "") or "")


def columns(told: Who | Where) -> dict[str, str]:
    """What it says, by the record's columns."""
    return {each.name: getattr(told, each.name) for each in fields(told)}

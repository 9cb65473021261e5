"""The providers that settings name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from freeze_alerts import conf

KEYS = ("URL", "COMPONENTS")


@dataclass(frozen=True)
class Provider:
    """A status page, and the components of it that matter; none named means all."""

    name: str
    url: str
    components: tuple[str, ...] = ()


def configured() -> list[Provider]:
    """Every usable one."""
    read = [_read(name, value) for name, value in conf.current().providers.items()]
    return [each for each in read if isinstance(each, Provider)]


def unusable() -> dict[str, str]:
    """What is wrong with the others, by name."""
    read = {str(name): _read(name, value) for name, value in conf.current().providers.items()}
    return {name: each for name, each in read.items() if isinstance(each, str)}


def _read(name: Any, value: Any) -> Provider | str:
    row = {"URL": value} if isinstance(value, str) else value
    if not isinstance(row, Mapping):
        return "is neither an address nor a dict"
    if unknown := [str(key) for key in row if key not in KEYS]:
        return f"has the key {unknown[0]!r}, and knows only {' and '.join(KEYS)}"
    url, components = row.get("URL"), row.get("COMPONENTS", ())
    if not _is_http(url):
        return f"has the address {url!r}, which is no http or https address"
    if not isinstance(components, (list, tuple)) or not all(isinstance(each, str) for each in components):
        return "has COMPONENTS that are no list of names"
    return Provider(str(name), str(url).rstrip("/"), tuple(components))


def _is_http(url: Any) -> bool:
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
    except ValueError:
        return False
    return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)

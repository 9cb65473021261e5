"""Which addresses Discord accepts in a link: it refuses the whole message for one it dislikes."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

_UNFIT = re.compile(r"[\s\x00-\x1f\x7f-\x9f<>\"{}|\\^`]")
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_HOST_LONGEST = 253
_KEPT = "%:/?#@!$&'()*+,;=-._~[]"


def safe_url(url: str, longest: int = 2048) -> str:
    """The address as Discord accepts it in a link; "" where it would refuse the whole message for it.

    It must be http or https, its host a dotted name or an IPv4 address, without user or password, and at most
    ``longest`` characters. What is not ASCII comes out percent-encoded.
    """
    url = url.strip()
    if len(url) > longest or _UNFIT.search(url):
        return ""
    try:
        written = _written(urlsplit(url))
    except ValueError:
        return ""
    return written if len(written) <= longest else ""


def _written(parts: SplitResult) -> str:
    host = (parts.hostname or "").encode("idna").decode()
    if parts.scheme not in {"http", "https"} or "@" in parts.netloc or not _has_a_dot(host):
        return ""
    port = "" if parts.port is None else f":{parts.port}"
    path, query, anchor = (quote(each, safe=_KEPT) for each in parts[2:])
    return urlunsplit((parts.scheme, host + port, path, query, anchor))


def _has_a_dot(host: str) -> bool:
    labels = host.split(".")
    if labels[-1].isdigit():
        return bool(ipaddress.IPv4Address(host))
    named = len(labels) > 1 and len(labels[-1]) > 1 and len(host) <= _HOST_LONGEST
    return named and all(_LABEL.fullmatch(each) for each in labels)

"""The bodies of POST and PATCH as Discord checks them.

Limits: https://discord.com/developers/docs/resources/message#embed-object-embed-limits and
/resources/webhook#execute-webhook.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from freeze_alerts.testing import rules
from freeze_alerts.testing.answers import Tree
from freeze_alerts.testing.rules import Rule, boolean, each_of, integer, shape, snowflake, text, url, wrong

SUPPRESS_EMBEDS = 4
SILENT = 4096
COMPONENTS_V2 = 32768

EMBEDS_TOTAL = 6000
COMPONENTS_TOTAL = 40
ROW, BUTTON, TEXT_DISPLAY = 1, 2, 10
LINK_STYLE = 5
_LAYOUT_TYPES = (ROW, 9, TEXT_DISPLAY, 11, 12, 13, 14, 17)

_TRIMMED = {"content", "username", "title", "description", "name", "value", "text", "label"}

_media = url(schemes=("http", "https", "attachment"))
FIELD: Mapping[str, Rule] = {"name": text(256, 1), "value": text(1024, 1), "inline": boolean}
FOOTER: Mapping[str, Rule] = {"text": text(2048), "icon_url": _media}
AUTHOR: Mapping[str, Rule] = {"name": text(256), "url": url(), "icon_url": _media}
PICTURE: Mapping[str, Rule] = {"url": _media, "description": text(4096)}
EMBED: Mapping[str, Rule] = {
    "title": text(256),
    "description": text(4096),
    "url": url(),
    "color": integer(0, 0xFFFFFF),
    "timestamp": rules.timestamp,
    "footer": shape(FOOTER),
    "author": shape(AUTHOR),
    "image": shape(PICTURE),
    "thumbnail": shape(PICTURE),
    "fields": each_of(shape(FIELD, needed=("name", "value")), 25),
    "type": text(152133),
}
MENTIONS: Mapping[str, Rule] = {
    "parse": each_of(rules.choice("users", "roles", "everyone"), 1521, is_set=True),
    "users": each_of(snowflake, 100, is_set=True),
    "roles": each_of(snowflake, 100, is_set=True),
    "replied_user": boolean,
}
LINK_BUTTON: Mapping[str, Rule] = {
    "type": rules.choice(BUTTON),
    "style": rules.choice(LINK_STYLE),
    "label": text(80, 1),
    "url": url(512),
    "disabled": boolean,
    "emoji": shape({"name": text(100)}),
}


def _embed(value: Any) -> Tree:
    found = shape(EMBED)(value)
    if not found and not _shows_something(value):
        return {"description": rules.required()}
    return found


def _shows_something(embed: Mapping[str, Any]) -> bool:
    inner = ((embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name"))
    return any(embed.get(key) for key in ("title", "description", "fields", "image", "thumbnail")) or any(inner)


def _embeds(value: Any) -> Tree:
    found = each_of(_embed, 10)(value)
    if not found and sum(map(_embed_size, value)) > EMBEDS_TOTAL:
        return wrong("MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {EMBEDS_TOTAL}")
    return found


def _embed_size(embed: Mapping[str, Any]) -> int:
    """What counts towards the 6,000: title, description, field names and values, footer and author."""
    texts = [embed.get("title"), embed.get("description")]
    texts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    texts += [each[key] for each in embed.get("fields") or [] for key in ("name", "value")]
    return sum(len(each or "") for each in texts)


def _allowed_mentions(value: Any) -> Tree:
    found = shape(MENTIONS)(value)
    for kind in ("users", "roles"):
        if not found and kind in (value.get("parse") or []) and value.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            found = wrong("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
    return found


_row = shape(
    {
        "type": rules.choice(ROW),
        "components": each_of(shape(LINK_BUTTON, needed=("type", "style", "label", "url")), 5, 1),
    },
    needed=("type", "components"),
)


def _layout(value: Any) -> Tree:
    """One component of the newer kind, in which text stands in components too."""
    if isinstance(value, dict) and value.get("type") == ROW:
        return _row(value)
    below: dict[str, Rule] = {"components": each_of(_layout, COMPONENTS_TOTAL), "content": text(4000, 1)}
    return shape({"type": rules.choice(*_LAYOUT_TYPES), **below}, needed=("type",))(value)


def _components(value: Any, *, is_v2: bool) -> Tree:
    found = each_of(_layout, COMPONENTS_TOTAL)(value) if is_v2 else each_of(_row, 5)(value)
    if not found and sum(1 for _ in walk_components(value)) > COMPONENTS_TOTAL:
        message = f"The max number of total components of {COMPONENTS_TOTAL} is exceeded"
        return wrong("COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
    return found


def walk_components(components: list[dict[str, Any]] | None) -> Iterator[dict[str, Any]]:
    for each in components or []:
        yield each
        yield from walk_components(each.get("components"))


_EDIT: Mapping[str, Rule] = {
    "content": text(2000),
    "embeds": _embeds,
    "allowed_mentions": _allowed_mentions,
    "attachments": each_of(shape({"id": snowflake}), 10),
    "flags": rules.flags(SUPPRESS_EMBEDS, COMPONENTS_V2),
}
_POST: Mapping[str, Rule] = {
    **_EDIT,
    "flags": rules.flags(SUPPRESS_EMBEDS, SILENT, COMPONENTS_V2),
    "username": rules.username,
    "avatar_url": url(),
    "tts": boolean,
    "thread_name": text(100),
    "applied_tags": each_of(snowflake, 5),
    "poll": shape({}),
}
POST_KEYS = frozenset(_POST) | {"components"}
EDIT_KEYS = frozenset(_EDIT) | {"components"}


def errors(body: Any, *, is_edit: bool, takes_components: bool) -> Tree:
    """All that is wrong with a trimmed body. Without ``with_components`` nobody looks at its components."""
    found = shape(_EDIT if is_edit else _POST)(body)
    if "_errors" in found:
        return found
    is_v2 = "flags" not in found and bool((body.get("flags") or 0) & COMPONENTS_V2)
    if takes_components and body.get("components") is not None:
        wrong_components = _components(body["components"], is_v2=is_v2)
        found |= {"components": wrong_components} if wrong_components else {}
    return found | (_legacy_fields(body) if is_v2 else {})


def _legacy_fields(body: Mapping[str, Any]) -> Tree:
    code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
    message = "The '{}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
    return {key: wrong(code, message.format(key)) for key in ("content", "embeds", "poll") if body.get(key)}


def trimmed(value: Any) -> Any:
    """The body as Discord keeps it: white space at both ends of a text is gone, and not counted."""
    if isinstance(value, list):
        return [trimmed(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: each.strip() if key in _TRIMMED and isinstance(each, str) else trimmed(each)
        for key, each in value.items()
    }


def is_empty(payload: Mapping[str, Any]) -> bool:
    return not any(payload.get(key) for key in ("content", "embeds", "components", "poll", "attachments"))

"""What the official schema rejects, the stand-in rejects too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from freeze_alerts.testing import forms
from tests.testing.calling import button, embeds

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
EXECUTE, EDIT = DATA / "discord-execute-webhook.schema.json", DATA / "discord-edit-message.schema.json"

pytestmark = pytest.mark.skipif(not (EXECUTE.exists() and EDIT.exists()), reason=f"needs Discord's schemas in {DATA}")

REJECTED: list[dict[str, Any]] = [
    embeds({"title": "x" * 257}),
    embeds(*[{"title": "x"}] * 11),
    embeds({"fields": [{"name": "x", "value": "x"}] * 26}),
    embeds({"title": "x", "color": 0x1000000}),
    embeds({"title": "x", "color": -1}),
    embeds({"title": "x", "color": "#ff0000"}),
    {"content": "x" * 2001},
    embeds({"description": "x" * 4097}),
    embeds({"fields": [{"name": "x", "value": "x" * 1025}]}),
    embeds({"fields": [{"name": "x" * 257, "value": "x"}]}),
    embeds({"fields": [{"name": "x"}]}),
    embeds({"footer": {"text": "x" * 2049}}),
    embeds({"author": {"name": "x" * 257}}),
    {"username": "x" * 81},
    {"username": ""},
    {"thread_name": "x" * 101},
    {"flags": "4"},
    {"allowed_mentions": {"roles": [5]}},
    {"allowed_mentions": {"parse": ["all"]}},
    {"allowed_mentions": {"users": ["5", "5"]}},
    {"applied_tags": ["1"] * 6},
    {"tts": "no"},
    button(label="x" * 81),
    button(url="https://a.example/" + "x" * 512),
    button(style="link"),
]

texts = st.one_of(st.none(), st.text(max_size=30), st.integers(255, 260).map("x".__mul__), st.integers())
embed = st.fixed_dictionaries(
    {},
    optional={
        "title": texts,
        "description": texts,
        "color": st.one_of(st.none(), st.integers(-2, 2**25), st.text(max_size=3)),
        "footer": st.one_of(st.none(), st.fixed_dictionaries({}, optional={"text": texts})),
        "fields": st.lists(
            st.fixed_dictionaries({"name": texts}, optional={"value": texts, "inline": st.booleans()}), max_size=27
        ),
    },
)
bodies = st.fixed_dictionaries(
    {},
    optional={
        "content": texts,
        "embeds": st.one_of(st.none(), st.lists(embed, max_size=11)),
        "flags": st.one_of(st.none(), st.integers(), st.booleans(), st.text(max_size=2)),
        "allowed_mentions": st.one_of(
            st.none(),
            st.fixed_dictionaries(
                {},
                optional={
                    "parse": st.lists(st.sampled_from(["users", "roles", "everyone", "all"]), max_size=4),
                    "roles": st.lists(st.one_of(st.integers(), st.integers(0, 2**70).map(str)), max_size=3),
                },
            ),
        ),
    },
)


def is_valid(path: Path, body: Any) -> bool:
    jsonschema = pytest.importorskip("jsonschema")
    return bool(jsonschema.Draft202012Validator(json.loads(path.read_text())).is_valid(body))


@pytest.mark.parametrize("body", REJECTED)
def test_what_the_schema_rejects_is_rejected(body: dict[str, Any]) -> None:
    assert not is_valid(EXECUTE, body)
    assert forms.errors(forms.trimmed(body), is_edit=False, takes_components=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(bodies, st.booleans())
def test_what_the_stand_in_takes_the_schema_takes(body: dict[str, Any], is_edit: bool) -> None:
    trimmed = forms.trimmed(body)
    if not forms.errors(trimmed, is_edit=is_edit, takes_components=True):
        assert is_valid(EDIT if is_edit else EXECUTE, trimmed)

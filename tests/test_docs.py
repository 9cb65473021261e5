"""The pages say what the code says: each fact stands in the code, and is held against its page here."""

from __future__ import annotations

import pkgutil
import re
from collections.abc import Mapping
from dataclasses import Field, fields, is_dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from freeze_alerts import catalog, conf
from freeze_alerts.management import commands
from tests.paths import ROOT

REFERENCE = ROOT / "docs" / "reference"


def _settings_rows() -> list[tuple[str, str]]:
    """Each setting as the beginning of its row, with the section where it stands."""
    rows = []
    for each in fields(conf.Settings):
        default = _default(each)
        if is_dataclass(default):
            rows += [(f"## `{each.name.upper()}`", _row(inner)) for inner in fields(default)]
        else:
            rows.append(("## Whole project", _row(each)))
    return rows


def _default(each: Field[Any]) -> Any:
    return each.default_factory() if callable(each.default_factory) else each.default


def _row(each: Field[Any]) -> str:
    return f"| `{each.name.upper()}` | `{_shown(_default(each))}` |"


def _shown(default: object) -> str:
    if isinstance(default, Path):
        return f'BASE_DIR / "{default.name}"'
    if isinstance(default, Mapping):
        return repr(dict(default))
    plain = list(default) if isinstance(default, tuple) else default
    return repr(plain).replace("'", '"')


@pytest.mark.parametrize(("section", "row"), _settings_rows())
def test_every_setting_is_documented_with_its_default(section: str, row: str) -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    _, _, after = page.partition(f"{section}\n")
    assert row in after.partition("\n## ")[0]


def test_no_setting_is_documented_that_is_none() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^\| `", page, re.MULTILINE)) == len(_settings_rows())


@pytest.mark.parametrize("entry", [*catalog.NINE, catalog.TROUBLE], ids=lambda entry: str(entry.value))
def test_every_alert_type_is_documented_as_the_catalog_has_it(entry: catalog.Entry) -> None:
    page = (REFERENCE / "alerts.md").read_text(encoding="utf-8")
    begins = f"| `{entry.value}` | {entry.title} | #{entry.channel} | {entry.severity} |"
    assert f"{begins} {_in_words(entry.answer_within)} | {entry.nature.value} |" in page
    assert not entry.command or f"`{entry.value}`\n: `{entry.command}`\n" in page


def _in_words(within: timedelta | None) -> str:
    if within is None:
        return "the next business day"
    minutes = within.total_seconds() / 60
    return f"{minutes:.0f} min" if minutes < 60 else f"{minutes / 60:.0f} h"


def test_every_command_is_documented_and_no_other() -> None:
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    documented = re.findall(r"^## `(\w+)`$", page, re.MULTILINE)
    assert sorted(documented) == sorted(module.name for module in pkgutil.iter_modules(commands.__path__))

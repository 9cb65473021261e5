"""What any page shows to be typed or set can be: commands with their options, settings with their keys."""

from __future__ import annotations

import ast
import pkgutil
import re
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from freeze_alerts import conf
from freeze_alerts.management import commands
from freeze_alerts.pages import book
from tests.documents import DOCS, README, examples

OURS = {module.name for module in pkgutil.iter_modules(commands.__path__)}
OTHERS = {"read_freezers"}
"""A reader's own, in an example."""
PAGES = [README, *sorted(DOCS.rglob("*.md")), *sorted(book.FOLDER.glob("*.md"))]
every_page = pytest.mark.parametrize(
    "page", [each for each in PAGES if "_build" not in each.parts], ids=lambda page: f"{page.parent.name}/{page.name}"
)
_TYPED = re.compile(r"manage\.py ([a-z_]+)([^`\n#|&>]*)")


@every_page
def test_every_command_it_shows_exists_with_its_options(page: Path) -> None:
    for command, rest in _TYPED.findall(page.read_text(encoding="utf-8")):
        assert command in {*get_commands(), *OTHERS}, command
        if command in OURS:
            assert set(re.findall(r"(?<!\S)--[a-z-]+", rest)) <= _options(command), f"{command}{rest}"


def _options(command: str) -> set[str]:
    return set(_walk(load_command_class("freeze_alerts", command).create_parser("manage.py", command)))


def _walk(parser: ArgumentParser) -> Iterator[str]:
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action, _SubParsersAction):
            for each in action.choices.values():
                yield from _walk(each)


@every_page
def test_every_setting_it_shows_is_one(page: Path) -> None:
    shown = {key for example in examples(page) for key in _settings(ast.parse(example))}
    assert shown <= _known(), page


def _known() -> set[str]:
    known = set()
    for each in fields(conf.Settings):
        default = each.default_factory() if callable(each.default_factory) else each.default
        inner = fields(default) if is_dataclass(default) else ()
        known |= {each.name.upper(), *(f"{each.name.upper()}.{key.name.upper()}" for key in inner)}
    return known


def _settings(tree: ast.Module) -> Iterator[str]:
    """Dotted keys of ``FREEZE_ALERTS = {…}`` and ``FREEZE_ALERTS["SECTION"] = {…}``, sections one level deep."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
            continue
        target = node.targets[0]
        if isinstance(target, ast.Name) and target.id == "FREEZE_ALERTS":
            for key, value in _items(node.value):
                yield key
                yield from _below(key, value)
        elif isinstance(target, ast.Subscript) and ast.unparse(target.value) == "FREEZE_ALERTS":
            key = str(ast.literal_eval(target.slice))
            yield key
            yield from _below(key, node.value)


def _below(section: str, value: ast.expr) -> Iterator[str]:
    sections = {each.name.upper() for each in fields(conf.Settings) if callable(each.default_factory)
                and is_dataclass(each.default_factory())}  # fmt: skip
    if section in sections and isinstance(value, ast.Dict):
        yield from (f"{section}.{key}" for key, _ in _items(value))


def _items(node: ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if key is not None:
            yield str(ast.literal_eval(key)), value

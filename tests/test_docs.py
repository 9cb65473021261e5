"""The pages say what the code says: each fact stands in the code, and is held against its page here."""

from __future__ import annotations

import inspect
import pkgutil
import re
from argparse import Action, ArgumentParser, _SubParsersAction
from collections.abc import Iterator, Mapping
from dataclasses import Field, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest
from django.core.management import BaseCommand, load_command_class
from django.db.models import Model, TextChoices
from django.dispatch import Signal
from django.test import override_settings

from freeze_alerts import catalog, conf, models, signals, switchboard
from freeze_alerts.checks.alert_types import KEYS
from freeze_alerts.management import commands
from freeze_alerts.management.commands import check_disk
from freeze_alerts.outbox.models import Message
from freeze_alerts.schedule import BEAT_SCHEDULE
from freeze_alerts.testing.discord import DiscordServer
from freeze_alerts.watch import outside
from tests.documents import DOCS, examples, in_words

PAGES = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
COMMANDS = sorted(module.name for module in pkgutil.iter_modules(commands.__path__))
SIGNALS = {name: each for name, each in vars(signals).items() if isinstance(each, Signal)}
OUTWARD = {"alert_opened": "alert", "alert_worsened": "alert", "alert_resolved": "alert",
           "message_delivered": "message", "message_dead": "message"}  # fmt: skip


def _page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def _section(page: str, heading: str) -> str:
    """What stands below a heading, up to the next one of any level."""
    _, found, after = page.partition(f"{heading}\n")
    assert found, f"there is no heading {heading}"
    return re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0]


def _rows(text: str) -> list[str]:
    """The first cells of the tables in a text, without what stands between their first back ticks."""
    return re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)


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
        return repr(dict(default)).replace("'", '"')
    plain = list(default) if isinstance(default, tuple) else default
    return repr(plain).replace("'", '"')


@pytest.mark.parametrize(("section", "row"), _settings_rows())
def test_every_setting_is_documented_with_its_default(section: str, row: str) -> None:
    assert row in _section(_page("reference/settings.md"), section)


def test_no_setting_is_documented_that_is_none() -> None:
    page = _page("reference/settings.md")
    assert len(re.findall(r"^\| `", page, re.MULTILINE)) == len(_settings_rows())


@pytest.mark.parametrize(
    "entry",
    [*catalog.NINE, catalog.TROUBLE, *catalog.ORDERS, catalog.BACKUP_SUMMARY],
    ids=lambda entry: str(entry.value),
)
def test_every_alert_type_is_documented_as_the_catalog_has_it(entry: catalog.Entry) -> None:
    page = _page("reference/alerts.md")
    begins = f"| `{entry.value}` | {entry.title} | #{entry.channel} | {entry.severity} |"
    assert f"{begins} {in_words(entry.answer_within)} | {entry.nature.value} |" in page
    assert not entry.command or f"`{entry.value}`\n: `{entry.command}`\n" in page


def test_what_an_alert_type_of_ones_own_may_say_is_documented() -> None:
    assert sorted(_rows(_page("how-to/add-an-alert-type.md"))) == sorted(KEYS)


def test_every_command_is_documented_and_no_other() -> None:
    documented = re.findall(r"^## `(\w+)`$", _page("reference/commands.md"), re.MULTILINE)
    assert sorted(documented) == COMMANDS


def _parsers() -> Iterator[tuple[str, ArgumentParser]]:
    """Every command and subcommand, by its heading."""
    for name in COMMANDS:
        parser = load_command_class("freeze_alerts", name).create_parser("manage.py", name)
        yield f"## `{name}`", parser
        for action in parser._actions:
            if isinstance(action, _SubParsersAction):
                yield from ((f"### `{name} {word}`", each) for word, each in action.choices.items())


def _own(parser: ArgumentParser) -> list[str]:
    """Its options and arguments as a row names them, without those of Django's."""
    djangos = BaseCommand().create_parser("manage.py", "any")
    known = {option for action in djangos._actions for option in action.option_strings}
    actions = [each for each in parser._actions if not isinstance(each, _SubParsersAction)]
    return [_shown_argument(each) for each in actions if not known.intersection(each.option_strings)]


def _shown_argument(action: Action) -> str:
    value = str(action.metavar or action.dest)
    if not action.option_strings:
        return value
    return action.option_strings[-1] if action.nargs == 0 else f"{action.option_strings[-1]} {value}"


@pytest.mark.parametrize(("heading", "parser"), [pytest.param(*each, id=each[0].strip("#` ")) for each in _parsers()])
def test_every_option_of_a_command_is_documented_and_no_other(heading: str, parser: ArgumentParser) -> None:
    section = _section(_page("reference/commands.md"), heading)
    assert sorted(_rows(section)) == sorted(_own(parser))


def test_no_subcommand_is_documented_that_is_none() -> None:
    documented = re.findall(r"^### (`.*`)$", _page("reference/commands.md"), re.MULTILINE)
    assert sorted(documented) == sorted(heading[4:] for heading, _ in _parsers() if heading.startswith("###"))


def test_the_exit_codes_of_check_disk_are_documented_worst_first() -> None:
    section = _section(_page("reference/commands.md"), "## `check_disk`")
    assert re.findall(r"`(\d)`", section) == [str(code) for code in check_disk._WORST_FIRST]


def test_every_signal_is_documented_and_no_other() -> None:
    assert re.findall(r"^### `(\w+)`$", _page("reference/signals.md"), re.MULTILINE) == list(SIGNALS)


@pytest.mark.parametrize("name", SIGNALS)
def test_a_signal_is_documented_with_the_arguments_it_carries(name: str) -> None:
    assert sorted(_rows(_section(_page("reference/signals.md"), f"### `{name}`"))) == sorted(_carried(name))


def _carried(name: str) -> list[str]:
    """What its docstring names; ours is what the receiver must at least take."""
    told = re.split(r"\n(?=``)", str(signals.__doc__).partition("Out (")[0])
    if name in OUTWARD:
        return [OUTWARD[name]]
    about = next(each for each in told if each.startswith(f"``{name}``"))
    arguments = [each for each in re.findall(r"``(\w+)``", about)[1:] if each != name]
    taken = inspect.signature({**outside.RECEIVERS, **switchboard.RECEIVERS}[SIGNALS[name]]).parameters.values()
    assert {each.name for each in taken if each.kind is each.KEYWORD_ONLY} <= set(arguments)
    return sorted(set(arguments))


@pytest.mark.parametrize("name", models.__all__)
def test_every_column_of_a_model_is_documented_in_its_order(name: str) -> None:
    model: type[Model] = getattr(models, name)
    columns = [each.name for each in model._meta.concrete_fields if each.name != "id"]
    assert _rows(_section(_page("reference/models.md"), f"## `{name}`")) == columns


def test_no_model_is_documented_that_is_none() -> None:
    assert sorted(re.findall(r"^## `(\w+)`$", _page("reference/models.md"), re.MULTILINE)) == models.__all__


@pytest.mark.parametrize("choices", [models.Alert.Status, Message.State, Message.Kind], ids=lambda each: each.__name__)
def test_every_word_a_column_may_say_is_documented(choices: type[TextChoices]) -> None:
    page = _page("reference/models.md")
    assert [each for each in choices.values if f"`{each}`" not in page] == []


def test_every_state_of_a_message_is_explained_as_the_admin_calls_it() -> None:
    page = _page("how-to/find-a-missing-alert.md")
    begins = [f"| `{state.value}` | {state.label.lower()} |" for state in Message.State]
    assert [each for each in begins if each not in page] == []


def test_what_beat_runs_is_documented_as_it_is_scheduled() -> None:
    page = _page("how-to/schedule-with-celery-beat.md")
    for name, entry in BEAT_SCHEDULE.items():
        seconds = int(entry["schedule"].total_seconds())
        often = f"{seconds} s" if seconds < 60 else f"{seconds // 60} min"
        assert f"| `{name}` | every {often} |" in page


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(DOCS)))
def test_every_python_example_can_be_compiled(path: Path) -> None:
    for example in examples(path):
        compile(example, str(path), "exec")


def _run(example: str) -> dict[str, Any]:
    """What an example defines, once it has been run."""
    defined: dict[str, Any] = {}
    exec(example, defined)  # noqa: S102 - our own pages
    return defined


@pytest.mark.django_db
def test_the_example_of_a_test_passes(discord: DiscordServer) -> None:
    page = DOCS / "how-to" / "test-alerts-in-your-project.md"
    example = next(each for each in examples(page) if "import pytest" in each)
    _run(example)["test_a_failed_backup_is_told_and_its_card_turns_green"](discord)


@pytest.mark.django_db
def test_the_example_of_an_alert_type_of_ones_own_opens_and_ends(discord: DiscordServer) -> None:
    settings, raising, silent, *_ = examples(DOCS / "how-to" / "add-an-alert-type.md")
    with override_settings(FREEZE_ALERTS=_run(settings)["FREEZE_ALERTS"]):
        _run(raising)
        _run(silent)
    alert = models.Alert.objects.get()
    assert (alert.type, alert.severity, alert.ended, alert.peak_value) == ("warehouse.cold", "critical", True, -9)

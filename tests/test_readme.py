"""What README and the quick start tell a reader to type is typed here, word for word, into a fresh project."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from freeze_alerts import catalog
from freeze_alerts.testing.discord import CHANNELS, DiscordServer, Message
from tests.documents import QUICK_START, README, examples, in_words, steps
from tests.paths import ROOT

TYPED_BY_HAND = ("python -m pip install", "make ", "python -m freeze_alerts.testing.discord")
"""Not typed here: the package is installed, its targets have tests of their own, and so has the stand-in."""
FOR_EVER = re.compile(r"(alerts deliver) --loop$|(watchdog)$")
"""What goes on until somebody ends it is typed with --once."""
STAND_IN = "http://127.0.0.1:8099/api/v10"
_CRON = re.compile(r"^[*/0-9 ]{9,}cd \S+ && (.*?)(?: >/dev/null)?$")


@dataclass
class Fresh:
    """A project as ``django-admin startproject shop`` makes it, and a stand-in for Discord."""

    folder: Path
    discord: DiscordServer

    def paste(self, python: str) -> None:
        """Put a block at the end of the settings."""
        with (self.folder / "shop" / "settings.py").open("a", encoding="utf-8") as settings:
            settings.write(f"\n{python.replace(STAND_IN, self.discord.api_url)}")

    def take_away(self, python: str) -> None:
        settings = self.folder / "shop" / "settings.py"
        settings.write_text(settings.read_text(encoding="utf-8").replace(f"\n{python}", ""), encoding="utf-8")

    def type(self, line: str) -> subprocess.CompletedProcess[str]:
        """Type one line that begins with ``python manage.py``."""
        words = shlex.split(line, comments=True)
        assert words[:2] == ["python", "manage.py"], f"nobody has tried: {line}"
        inherited = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
        webhooks = {f"DISCORD_WEBHOOK_{each.upper()}": self.discord.webhook(each) for each in CHANNELS}
        return subprocess.run(
            [sys.executable, *words[1:]],
            cwd=self.folder, env={**inherited, **webhooks}, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    def about_the_disk(self) -> list[Message]:
        return [each for each in self.discord.messages("errors") if "Disk space" in each.payload["content"]]


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Fresh]:
    subprocess.run([sys.executable, "-m", "django", "startproject", "shop", str(tmp_path)], check=True)
    with DiscordServer() as discord:
        yield Fresh(tmp_path, discord)


def _commands(block: str) -> list[str]:
    """The lines of a block that are typed, or that cron types."""
    lines = [found[1] if (found := _CRON.match(line)) else line for line in block.splitlines() if line]
    return [FOR_EVER.sub(r"\1\2 --once", line) for line in lines if not line.startswith(TYPED_BY_HAND)]


def _is_settings(block: str) -> bool:
    return "FREEZE_ALERTS" in block or "CELERY_" in block


def test_readme_installs_and_every_channel_hears_a_drill(fresh: Fresh) -> None:
    for language, block in steps(README):
        if language == "python" and _is_settings(block):
            fresh.paste(block)
    fresh.paste(f'FREEZE_ALERTS["DISCORD_API_URL"] = "{STAND_IN}"\n')
    for language, block in steps(README):
        for line in _commands(block) if language != "python" else ():
            done = fresh.type(line)
            assert done.returncode == 0 or "check_disk" in line, f"{line}\n{done.stdout}{done.stderr}"
            assert "WARNINGS" not in done.stderr, done.stderr
    drills = [each.payload["content"] for each in fresh.discord.messages()]
    assert [channel for channel in CHANNELS if not any(f"Drill for #{channel}" in each for each in drills)] == []
    assert fresh.discord.complaints == []


def test_readme_opens_and_ends_an_alert_from_code(fresh: Fresh) -> None:
    settings, *_, code = examples(README)
    fresh.paste(settings)
    fresh.paste(f'FREEZE_ALERTS |= {{"DISCORD_API_URL": "{STAND_IN}", "DELIVERY": {{"DOORBELL": "none"}}}}\n')
    fresh.type("python manage.py migrate")
    done = fresh.type(f"python manage.py shell -c {shlex.quote(code)}")
    assert done.returncode == 0, done.stderr
    fresh.type("python manage.py alerts deliver --once")
    [card, *_] = fresh.discord.messages("backups")
    assert "ENDED" in card.payload["content"]
    assert "nightly copy" in card.payload["content"]


def test_the_quick_start_leads_to_a_real_alert_and_to_its_end(fresh: Fresh) -> None:
    lowered = next(block for _, block in steps(QUICK_START) if "WARNING_PERCENT" in block)
    for language, block in steps(QUICK_START):
        if language == "python":
            fresh.paste(block)
            continue
        if "resolve" in block:
            assert "acknowledged" in str(fresh.about_the_disk()[0].payload["embeds"])
            fresh.take_away(lowered)
        for line in _commands(block):
            done = fresh.type(line)
            assert (done.returncode in (1, 2)) is ("check_disk" in line), f"{line}\n{done.stdout}{done.stderr}"
    [card] = fresh.about_the_disk()
    assert "ENDED" in card.payload["content"]
    assert "it was an exercise" in str(card.payload["embeds"])


def test_readme_lists_the_nine_as_the_catalog_has_them() -> None:
    rows = re.findall(
        r"^\| (.+) \| (#\w+) \| (\w+) \| (.+) \| (.+) \|$", README.read_text(encoding="utf-8"), re.MULTILINE
    )
    nine = [
        (each.title, f"#{each.channel}", each.severity.value, in_words(each.answer_within)) for each in catalog.NINE
    ]
    assert [row[:4] for row in rows] == nine


def test_readme_stays_short_and_leads_nowhere_into_the_void() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.count("\n") <= 150
    linked = re.findall(r"\]\(([^)#]+)|src=\"([^\"]+)\"", text)
    assert [path for pair in linked if not (ROOT / (path := "".join(pair))).exists()] == []

"""The house's rules that no linter knows."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import freeze_alerts
from tests.paths import ROOT
from tests.processes import run_python

PACKAGE = Path(freeze_alerts.__file__).parent
FILE_LINES, FUNCTION_LINES = 300, 40

# Put together here, so that this file does not name them either.
FORBIDDEN = (
    "py" + "pi.org",
    "files.python" + "hosted.org",
    "registry.npm" + "js.org",
    "deb.debian" + ".org",
    "shared/" + "facts",
    "shared/" + "DESIGN",
    "shared/" + "STYLE",
)


def test_the_installed_version_is_the_one_the_package_says() -> None:
    assert metadata.version("freeze-alerts") == freeze_alerts.__version__


def test_the_changelog_has_an_entry_for_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {re.escape(freeze_alerts.__version__)}\b", changelog, re.MULTILINE)


def test_type_checkers_are_told_that_the_package_is_typed() -> None:
    assert (PACKAGE / "py.typed").is_file()


def test_no_file_names_what_is_not_the_projects_own() -> None:
    named = [
        f"{path.relative_to(ROOT)} names {words}"
        for path in _project_files()
        for words in FORBIDDEN
        if words.encode() in path.read_bytes()
    ]
    assert not named


def test_every_file_is_short_enough_to_be_read_at_once() -> None:
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in _modules()}
    assert not {str(path): lines for path, lines in lengths.items() if lines > FILE_LINES}


def test_every_function_is_short_enough_to_be_one_thing() -> None:
    lengths = {f"{path}:{function.lineno} {function.name}": _lines(function) for path, function in _functions()}
    assert not {where: lines for where, lines in lengths.items() if lines > FUNCTION_LINES}


def test_djangos_start_opens_no_database_and_loads_nothing_heavy() -> None:
    told = run_python(
        """
        import sys
        from django.db import connections
        assert all(each.connection is None for each in connections.all())
        heavy = "requests", "psutil", "celery", "kombu", "sentry_sdk", "redis", "zstandard"
        print(*[name for name in heavy if name in sys.modules])
        """
    )
    assert (told.returncode, told.stdout.strip()) == (0, ""), told.stderr


def _project_files() -> list[Path]:
    """What git would commit; from an unpacked source distribution, everything."""
    if not (ROOT / ".git").exists():
        return [path for path in ROOT.rglob("*") if path.is_file()]
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def _modules() -> list[Path]:
    return [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent.name != "migrations"]


def _functions() -> Iterator[tuple[Path, ast.FunctionDef | ast.AsyncFunctionDef]]:
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield path, node


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sources.disk.mounts import mounted

Mount = Callable[[str], Path]


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a tmpfs with the options given; skips where that is not permitted."""
    with contextlib.ExitStack() as mounts:
        yield lambda options: mounts.enter_context(mounted(tmp_path, options))


@pytest.fixture
def du(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the place of ``du``."""

    def install(script: str) -> None:
        directory = tmp_path / "bin"
        directory.mkdir()
        (directory / "du").write_text(f"#!/bin/sh\n{script}\n")
        (directory / "du").chmod(0o755)
        monkeypatch.setenv("PATH", str(directory), prepend=":")

    return install

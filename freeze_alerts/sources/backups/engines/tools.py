"""Finding the programs that come with a database server, and refusing those that are too old for it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from freeze_alerts.sources.backups import children
from freeze_alerts.sources.backups.engines.engine import Tool
from freeze_alerts.sources.backups.trouble import Trouble

HOMES = "/usr/lib/postgresql/*/bin"
"""Where Debian keeps the programs of each PostgreSQL; the one on PATH is only the newest of them, or the first."""


def postgresql(program: str, major: int, *, stage: str = "preflight") -> Tool:
    """The program of exactly that version where there is one, else any later one. Raises Trouble."""
    found = [_asked(path, stage) for path in _postgresql_paths(program)]
    usable = sorted((each for each in found if each.major >= major), key=lambda each: each.major)
    if usable:
        return usable[0]
    what = f"{program} {found[0].version} is older than" if found else f"{program} is not installed, to go with"
    raise Trouble(
        f"{what} the server, PostgreSQL {major}; install postgresql-client-{major} (Debian, Ubuntu) or "
        f"postgresql{major}-client (Alpine)",
        stage=stage,
    )


def mysql(programs: Iterable[str], server: str, *, stage: str = "preflight") -> Tool:
    """The first of these programs that is there. Raises Trouble."""
    path = next(filter(None, map(shutil.which, programs)), None)
    package = "mariadb-client" if "mariadb" in server.lower() else "default-mysql-client"
    if path is None:
        raise Trouble(f"{' or '.join(programs)} is not installed; install {package}", stage=stage)
    tool = _asked(path, stage)
    if tool.major < int(server.split(".", maxsplit=1)[0]):
        raise Trouble(
            f"{path} {tool.version} is older than the server, {server}; install a later {package}", stage=stage
        )
    return tool


def version(text: str) -> str:
    """``pg_dump (PostgreSQL) 15.20 (Debian …)`` → ``15.20``; MariaDB's own one, not that of its client's protocol."""
    for before in (r"PostgreSQL\) ", "Distrib ", "from ", "Ver "):
        if found := re.search(before + r"(\d+(?:\.\d+)*)", text):
            return found[1]
    return "0"


def _postgresql_paths(program: str) -> list[str]:
    homes = sorted(Path("/").glob(f"{HOMES.lstrip('/')}/{program}"))
    on_path = shutil.which(program)
    return [*([on_path] if on_path else []), *map(str, homes)]


def _asked(path: str, stage: str) -> Tool:
    return Tool(path, version(children.run([path, "--version"], stage=stage)))

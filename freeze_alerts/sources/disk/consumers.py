"""What eats the space: the known suspects of a Django shop, each measured on its own and against the clock.

A walk over the whole disk with a deadline lies (it misses whatever it did not reach, often the largest), so each
suspect has its own ``du``, which either finishes or says that it did not.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from django.conf import settings
from django.db import connections

from freeze_alerts import conf
from freeze_alerts.sources.disk import databases, words
from freeze_alerts.sources.disk.reading import device_number

AT_ONCE = 4
_KILOBYTE = 1024
_LOWEST_OF_BEST_EFFORT = 7
_GRACE_AFTER_KILL_SECONDS = 0.5


@dataclass(frozen=True)
class Suspect:
    """A directory or file that may be large."""

    name: str
    path: str


@dataclass(frozen=True)
class Size:
    """How large a suspect is: ``size_bytes``, or None and ``trouble`` says why.

    ``partial``: some of it could not be read, so it is at least this. ``located``: it is known to lie on the disk
    asked about, and not just on this machine or near it.
    """

    name: str
    path: str
    size_bytes: int | None
    trouble: str = ""
    partial: bool = False
    located: bool = True

    @property
    def words(self) -> str:
        if self.size_bytes is None:
            return self.trouble or "not known"
        least = "at least " if self.partial else ""
        return f"{least}{words.size(self.size_bytes)}" + ("" if self.located else " (perhaps on another disk)")


def suspects() -> list[Suspect]:
    """Every place worth measuring that exists here, each once."""
    found: dict[str, Suspect] = {}
    for name, path in _places():
        real = os.path.realpath(path)
        if path and os.path.exists(real):
            found.setdefault(real, Suspect(name, real))
    return list(found.values())


def measure(path: str, *, each_seconds: float, total_seconds: float) -> list[Size]:
    """The suspects on the same disk as ``path``, and the databases that may be, largest first."""
    deadline = time.monotonic() + total_seconds
    number = device_number(path)
    here = [suspect for suspect in suspects() if device_number(suspect.path) == number]
    sizes: list[Size] = []
    gate = threading.BoundedSemaphore(AT_ONCE)

    def weigh(suspect: Suspect) -> None:
        with gate:
            sizes.append(_until(deadline, suspect, each_seconds))

    # Plain threads: an executor refuses work while its process ends, and a command's last card is drawn just then.
    threads = [threading.Thread(target=weigh, args=(each,), name="freeze-alerts du", daemon=True) for each in here]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sizes += [Size(each.name, each.path, each.size_bytes, located=False) for each in databases.sizes()]
    return sorted(sizes, key=lambda each: each.size_bytes or 0, reverse=True)


def disk_usage(suspect: Suspect, seconds: float) -> Size:
    """One suspect by its own ``du``, killed with all its children when ``seconds`` are over."""
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
    try:
        process = subprocess.Popen(
            ["du", "-xsk", "--", suspect.path],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            start_new_session=True,
        )
    except OSError as problem:
        return Size(suspect.name, suspect.path, None, f"du: {problem.strerror}")
    return _counted(suspect, process, seconds)


def explained_bytes(sizes: list[Size]) -> int:
    """What the located suspects take together; one inside another is counted once."""
    located = [each for each in sizes if each.located and each.size_bytes is not None]
    inside = {each.path for each in located for other in located if _is_inside(each.path, other.path)}
    return sum(each.size_bytes or 0 for each in located if each.path not in inside)


def _places() -> Iterator[tuple[str, str]]:
    yield "backups", str(conf.current().backups.directory)
    yield "media", str(settings.MEDIA_ROOT or "")
    yield "static files", str(settings.STATIC_ROOT or "")
    for alias in connections:
        if connections[alias].vendor == "sqlite":
            yield f"database {alias}", str(connections[alias].settings_dict["NAME"])
    yield from _log_places()
    yield "system logs", "/var/log"
    yield "Docker", "/var/lib/docker"


def _log_places() -> Iterator[tuple[str, str]]:
    """The directory of each log file, or the file alone where the directory holds the whole project."""
    handlers: Mapping[str, Any] = (getattr(settings, "LOGGING", None) or {}).get("handlers", {})
    project = Path(getattr(settings, "BASE_DIR", None) or Path.cwd()).resolve()
    for handler in handlers.values():
        if filename := handler.get("filename"):
            log = Path(filename).resolve()
            holds_project = project.is_relative_to(log.parent)
            yield (f"log {log.name}", str(log)) if holds_project else ("logs", str(log.parent))


def _until(deadline: float, suspect: Suspect, each_seconds: float) -> Size:
    seconds = min(each_seconds, deadline - time.monotonic())
    if seconds <= 0:
        return Size(suspect.name, suspect.path, None, "not measured: no time left")
    return disk_usage(suspect, seconds)


def _counted(suspect: Suspect, process: subprocess.Popen[bytes], seconds: float) -> Size:
    _step_back(process.pid)
    try:
        output, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return Size(suspect.name, suspect.path, None, f"timed out after {seconds:.2g} s")
    kilobytes = output.split(maxsplit=1)[:1]
    if not kilobytes or not kilobytes[0].isdigit():
        return Size(suspect.name, suspect.path, None, f"du ended with {process.returncode}")
    return Size(suspect.name, suspect.path, int(kilobytes[0]) * _KILOBYTE, partial=process.returncode != 0)


def _step_back(pid: int) -> None:
    """Let everybody else read first: a drowning disk has better things to do than to be measured."""
    with contextlib.suppress(psutil.Error, OSError, AttributeError):
        child = psutil.Process(pid)
        child.nice(19)
        child.ionice(psutil.IOPRIO_CLASS_BE, value=_LOWEST_OF_BEST_EFFORT)


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    with contextlib.suppress(subprocess.TimeoutExpired):  # a dead mount keeps even a killed process
        process.communicate(timeout=_GRACE_AFTER_KILL_SECONDS)
    if process.stdout:
        process.stdout.close()


def _is_inside(path: str, other: str) -> bool:
    return path != other and Path(path).is_relative_to(other)

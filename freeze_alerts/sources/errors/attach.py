"""Where errors come to light, without loading sentry-sdk before there is one.

Whatever the project's own sentry-sdk client captures is listened to from the moment sentry-sdk is loaded. Where the
project has no client, the first error makes one (:mod:`client`), and what comes by these doors is told to it.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.util
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType, TracebackType
from typing import Any

from django.core.signals import got_request_exception

from freeze_alerts.sources.errors import intake

logger = logging.getLogger("freeze_alerts")

SENTRY = "sentry_sdk"
LAST_WORDS_SECONDS = 3.0


def install() -> None:
    """Open the doors, once a process. Loads nothing."""
    from freeze_alerts.sources.errors import booking  # noqa: F401 - now, lest a process forks while a thread loads it

    if _installed:
        return
    _installed.append(True)
    if SENTRY in sys.modules:
        _on_loaded()
    else:
        sys.meta_path.insert(0, _Watch())
    logging.setLogRecordFactory(_noticing(logging.getLogRecordFactory()))
    sys.excepthook = _telling(sys.excepthook)
    threading.excepthook = _telling_of_threads(threading.excepthook)
    got_request_exception.connect(on_request_exception, dispatch_uid="freeze_alerts.on_request_exception")


def on_request_exception(*, request: Any = None, **_: Any) -> None:
    """A view, or something around it, has raised."""
    _capture(sys.exc_info()[1], _page(request), "route", request)


def on_task_failure(*, sender: Any = None, exception: BaseException | None = None, **_: Any) -> None:
    """A Celery task has failed for good: a retry is no failure, nor is what the task says that it throws."""
    if not isinstance(exception, tuple(getattr(sender, "throws", ()) or ())):
        _capture(exception, getattr(sender, "name", "") or "task", "task")


def _page(request: Any) -> str:
    match = getattr(request, "resolver_match", None)
    route = getattr(match, "route", None)
    return f"/{route.lstrip('^/')}" if route is not None else str(getattr(request, "path", ""))


def _capture(error: BaseException | None, name: str, source: str, request: Any = None) -> None:
    with _safely():
        from freeze_alerts.sources.errors import client  # loads sentry-sdk: not before there is an error

        if isinstance(error, Exception) and client.ensure():
            client.capture(error, name=name, source=source, request=request)


@contextlib.contextmanager
def _safely() -> Iterator[None]:
    """Nothing of ours gets out of a door that stands in somebody's request."""
    before, _here.inside = getattr(_here, "inside", False), True
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the door's
        logger.debug("an error could not be captured: %r", error)
    finally:
        _here.inside = before


def _noticing(previous: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    """Make the first line that is logged as an error make a client, which then captures this very line."""

    def factory(name: str, level: int, *rest: Any, **more: Any) -> logging.LogRecord:
        if level >= logging.ERROR and not getattr(_here, "inside", False):
            with _safely():
                _have_client(factory, previous)
        return previous(name, level, *rest, **more)

    return factory


def _have_client(factory: Any, previous: Callable[..., logging.LogRecord]) -> None:
    from freeze_alerts.sources.errors import client  # loads sentry-sdk: not before there is an error

    client.ensure()
    if logging.getLogRecordFactory() is factory:
        logging.setLogRecordFactory(previous)


Hook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


def _telling(previous: Hook) -> Hook:
    """For what ends the process: a management command, a script."""

    def hook(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
        if not hasattr(sys, "ps1"):
            _capture(error, f"{os.path.basename(sys.argv[0] or 'python')} {' '.join(sys.argv[1:2])}".strip(), "custom")
        previous(kind, error, traceback)
        with _safely():
            intake.flush(LAST_WORDS_SECONDS)  # while threads may still begin: who delivers needs one

    return hook


def _telling_of_threads(previous: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def hook(told: Any) -> None:
        _capture(told.exc_value, f"thread {told.thread.name if told.thread else ''}".strip(), "custom")
        previous(told)

    return hook


class _Watch(importlib.abc.MetaPathFinder):
    """Waits for somebody to load sentry-sdk, whenever that is, and then steps aside."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != SENTRY:
            return None
        with contextlib.suppress(ValueError):
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.loader.exec_module(module)
        _on_loaded()


def _on_loaded() -> None:
    with _safely():
        from freeze_alerts.sources.errors import capture

        capture.register()


_here = threading.local()
_installed: list[bool] = []

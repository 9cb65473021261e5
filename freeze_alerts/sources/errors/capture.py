"""Listening to sentry-sdk: each event it sends is looked at on its way, and goes on unchanged.

The client that is current when an error happens is the one listened to, so that it does not matter when the project
calls ``sentry_sdk.init()``, nor how often, nor whether it has a DSN.
"""

from __future__ import annotations

import logging
from fnmatch import fnmatchcase
from typing import Any

import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations import Integration
from sentry_sdk.scope import add_global_event_processor
from sentry_sdk.transport import Transport

from freeze_alerts import conf
from freeze_alerts.sources.errors import intake, scope
from freeze_alerts.sources.errors.record import Record, read
from freeze_alerts.sources.errors.settled import once_per_settings

logger = logging.getLogger("freeze_alerts")

OUR_LOGGERS = "freeze_alerts*"
NOISE = (("gunicorn.error", "Worker (pid:%s) was sent %s!"),)
"""What a server logs as an error when it is merely told to stop: logger, and how the message begins."""
_MARK = "_freeze_alerts_listens"


class FreezeAlertsIntegration(Integration):
    """For ``sentry_sdk.init(integrations=[…])``, where the project wants to say that we listen; we do so anyway."""

    identifier = "freeze_alerts"

    @staticmethod
    def setup_once() -> None:
        register()


class Listener(Transport):
    """Stands where a client without a DSN has no transport at all."""

    def capture_envelope(self, envelope: Envelope) -> None:
        take(envelope)


def register() -> None:
    """Listen to whichever client captures an event from now on. Doing it twice changes nothing."""
    from sentry_sdk.scope import global_event_processors

    if _attach not in global_event_processors:
        add_global_event_processor(_attach)
    scope.listen()


def take(envelope: Envelope) -> None:
    """Count the error in an envelope, if there is one. Never raises: this is somebody's request."""
    try:
        event = envelope.get_event() if _judges_here() else None
        record = None if event is None else read(event)
        if record is not None and not is_noise(record):
            intake.put(record)
    except Exception as error:  # noqa: BLE001 - the hook inside somebody's request
        logger.debug("an error could not be counted: %r", error)


def is_noise(record: Record) -> bool:
    """What our own parts log, what the settings ignore, and what servers say when they stop."""
    if not record.logger:
        return False
    if any(fnmatchcase(record.logger, each) for each in (OUR_LOGGERS, *_ignored_loggers())):
        return True
    return any(record.logger == name and record.template.startswith(begins) for name, begins in NOISE)


def _attach(event: Any, _hint: Any) -> Any:
    """Called for each event before it reaches its transport; looks at the transport, not at the event."""
    try:
        client = sentry_sdk.get_client()
        if client.transport is None and client.is_active() and _judges_here():
            client.transport = Listener()
        elif client.transport is not None and not _listens(client.transport) and _judges_here():
            _listen(client.transport)
    except Exception as error:  # noqa: BLE001 - the hook inside somebody's request
        logger.debug("nobody listens to sentry-sdk: %r", error)
    return event


def _listens(transport: Transport) -> bool:
    return isinstance(transport, Listener) or hasattr(transport, _MARK)


def _listen(transport: Transport) -> None:
    """Look at what a live transport is given. It stays itself, with its queue, its limits and its class."""
    sends = transport.capture_envelope

    def capture_envelope(envelope: Envelope) -> Any:
        take(envelope)
        return sends(envelope)

    setattr(transport, "capture_envelope", capture_envelope)  # noqa: B010 - a method of this one transport
    setattr(transport, _MARK, True)


@once_per_settings
def _judges_here() -> bool:
    return conf.current().errors.judge == "local"


@once_per_settings
def _ignored_loggers() -> tuple[str, ...]:
    return conf.current().errors.ignore_loggers

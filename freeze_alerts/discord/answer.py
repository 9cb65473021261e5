"""Discord's four answers to a message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Scope(Enum):
    """Who has to wait."""

    WEBHOOK = "webhook"
    GLOBAL = "global"
    """Every webhook."""
    HOST = "host"
    """Every webhook: what stands before Discord keeps this host out."""
    MESSAGE = "message"
    """This edit alone: the message is old, and was edited too often."""


class Refusal(Enum):
    """What was refused for good."""

    PAYLOAD = "payload"
    WEBHOOK_GONE = "webhook gone"
    """It must not be called again: who goes on is locked out."""
    THREAD_GONE = "thread gone"
    MESSAGE_GONE = "message gone"
    ACCESS = "access"
    """The webhook is there and may not do this: somebody has to change its channel, or our settings."""
    OTHER = "other"


@dataclass(frozen=True)
class Pace:
    """How many more calls Discord takes from this webhook before ``reset_after_seconds``; None where it didn't say."""

    remaining: int | None = None
    reset_after_seconds: float | None = None


@dataclass(frozen=True)
class Delivered:
    """Discord has it. ``message_id`` is "" where its answer didn't tell."""

    message_id: str
    pace: Pace


@dataclass(frozen=True)
class RetryAfter:
    """It was not delivered, and may be in ``seconds``; None: nobody said when, so the caller backs off.

    ``status`` is None where no answer came.
    """

    seconds: float | None
    scope: Scope
    reason: str
    status: int | None


@dataclass(frozen=True)
class Refused:
    """It was not delivered, and the same again will not be."""

    refusal: Refusal
    reason: str
    status: int | None


@dataclass(frozen=True)
class Unknown:
    """It may have been delivered: sending it again may show it twice."""

    reason: str
    status: int | None


Answer = Delivered | RetryAfter | Refused | Unknown

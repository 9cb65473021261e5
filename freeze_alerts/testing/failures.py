"""Everything that goes wrong between a client and Discord, as values for :meth:`DiscordServer.fail`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Self

from freeze_alerts.testing import answers
from freeze_alerts.testing.answers import Answer


class Point(Enum):
    """Where on its way a call goes wrong."""

    BEFORE_READING = "before reading"
    INSTEAD_OF_SAVING = "instead of saving"
    AFTER_SAVING = "after saving"


@dataclass(frozen=True)
class Failure:
    """One way to go wrong. Made by its class methods; ``seconds`` is how long it hangs, or asks to wait."""

    name: str
    point: Point
    seconds: float = 0.0
    is_drop: bool = False
    answer: Answer | None = None
    scope: str = ""
    """Of a 429 with ``retry_after``: user, shared or global."""
    only_method: str = ""
    is_unsaved_message: bool = False
    """The message could not be saved: told only to those who wait for it."""

    @classmethod
    def hang(cls, seconds: float) -> Self:
        """Reads nothing for so long. A client that leaves meanwhile has sent nothing; one that waits is served."""
        return cls("hang", Point.BEFORE_READING, seconds)

    @classmethod
    def hang_after_saving(cls, seconds: float) -> Self:
        """The message is there at once, the answer only after so long."""
        return cls("hang after saving", Point.AFTER_SAVING, seconds)

    @classmethod
    def drop(cls) -> Self:
        """The connection closes before anything is read."""
        return cls("drop", Point.BEFORE_READING, is_drop=True)

    @classmethod
    def save_then_drop(cls) -> Self:
        """The message is there, and the connection closes without an answer."""
        return cls("save, then drop", Point.AFTER_SAVING, is_drop=True)

    @classmethod
    def status(cls, code: int, body: str | None = None) -> Self:
        """A bare status, as gateways give it: HTML unless ``body`` says otherwise; nothing is saved.

        A 3xx leads to the same address: a client that follows it with GET reads the webhook itself, with 200.
        """
        answer = answers.edge_page(code, _phrase(code))
        if body is not None:
            answer = Answer(code, body.encode(), "text/html; charset=UTF-8")
        return cls(f"status {code}", Point.INSTEAD_OF_SAVING, answer=answer)

    @classmethod
    def error(cls, http_status: int, code: int, message: str) -> Self:
        """One of Discord's JSON errors. A 400 to a POST without ``wait`` stays untold, as it does there."""
        return cls(
            f"error {code}",
            Point.INSTEAD_OF_SAVING,
            answer=answers.refusal(http_status, code, message),
            is_unsaved_message=http_status == HTTPStatus.BAD_REQUEST,
        )

    @classmethod
    def rate_limited(cls, seconds: float, scope: str = "user") -> Self:
        """A 429 that asks to wait. ``scope``: user, shared (Remaining stays above 0) or global."""
        return cls(f"{scope} rate limit", Point.INSTEAD_OF_SAVING, seconds, scope=scope)

    @classmethod
    def unversioned_rate_limit(cls, milliseconds: int) -> Self:
        """A 429 as API version 6 gives it, which serves unversioned addresses: it counts milliseconds."""
        answer = answers.rate_limited(milliseconds / 1000, version=6)
        return cls("unversioned rate limit", Point.INSTEAD_OF_SAVING, answer=answer)

    @classmethod
    def cloudflare_ban(cls) -> Self:
        """A 429 without ``Retry-After`` and ``Via``: the whole address is banned for about an hour."""
        return cls("Cloudflare ban", Point.INSTEAD_OF_SAVING, answer=answers.cloudflare_ban())

    @classmethod
    def cloudflare_blocked(cls) -> Self:
        """A 403 in plain text: no fault of the webhook."""
        return cls("Cloudflare block", Point.INSTEAD_OF_SAVING, answer=answers.cloudflare_blocked())

    @classmethod
    def old_edit(cls) -> Self:
        """A message older than an hour was edited too often. Goes wrong on PATCH alone."""
        text = "Maximum number of edits to messages older than 1 hour reached. Try again later"
        answer = answers.refusal(429, 30046, text)
        return cls("old edit", Point.INSTEAD_OF_SAVING, answer=answer, only_method="PATCH")

    def answer_to(self, version: int) -> Answer | None:
        """The answer in place of the true one; None where the call is served."""
        return answers.rate_limited(self.seconds, self.scope, version=version) if self.scope else self.answer

    def concerns(self, method: str) -> bool:
        return self.only_method in ("", method)


def _phrase(code: int) -> str:
    try:
        return HTTPStatus(code).phrase
    except ValueError:
        return "Web server is returning an unknown error"

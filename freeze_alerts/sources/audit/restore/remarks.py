"""What there is to say of a restore before it writes anything: what is in its way, and what it can't bring back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    RESTORED = "restored"
    UNCONFIRMED = "unconfirmed"
    KEYS_ONLY = "keys_only"
    DATABASE_GONE = "database_gone"
    NOTHING = "nothing"
    NOT_IN_IT = "not_in_it"
    MODEL_GONE = "model_gone"
    KEY_IN_USE = "key_in_use"
    NOT_UNIQUE = "not_unique"
    PARENT_GONE = "parent_gone"
    NEW_COLUMN = "new_column"
    MASKED = "masked"
    REFUSED = "refused"
    """The database, or a field, would not take a value: it said so itself."""

    COLUMN_GONE = "column_gone"
    FILLED = "filled"
    GIVEN = "given"
    BLANKED = "blanked"
    PASSWORD = "password"  # noqa: S105 - not one
    REDACTED = "redacted"
    FILE_GONE = "file_gone"
    PARENT_LOST = "parent_lost"
    LEFT_OUT = "left_out"
    LINK_KEPT = "link_kept"
    UNRECORDED = "unrecorded"


_LOSSES = frozenset(list(Kind)[list(Kind).index(Kind.COLUMN_GONE) :])


@dataclass(frozen=True)
class Remark:
    """``model`` and ``key`` say of which row, where it is of one."""

    kind: Kind
    text: str
    model: str = ""
    key: str = ""

    @property
    def is_conflict(self) -> bool:
        """Whether nothing can be put back while it stands; else it is a loss: all the rest can."""
        return self.kind not in _LOSSES

    @property
    def sentence(self) -> str:
        about = f"{self.model}:{self.key}" if self.key else self.model
        return f"{about}: {self.text}" if about else self.text


def name_of(key: Any) -> str:
    """A row's key as text: ``7``, or ``3,7`` for a key of several columns."""
    return ",".join(map(str, key)) if isinstance(key, tuple) else str(key)


def counted(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"

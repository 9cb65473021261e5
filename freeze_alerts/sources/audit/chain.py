"""The chain that shows whether a record was touched: each link carries the hash of the one before.

A link is made after the delete has been committed, in a moment of its own: no delete waits for another's, however
long they take. SQLite has one writer at a time, so there the link is written with the record. Two that come at once
are told apart by the position, which is unique. The hashes are keyed with
SECRET_KEY, so whoever can write to the database alone can't make a chain that holds.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connections, router, transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from freeze_alerts import conf
from freeze_alerts.sources.audit import sql
from freeze_alerts.sources.audit.models import ChainLink, DeletedRoot, DeletedRows, Deletion

RECORDED, RESTORED, FORGOTTEN, PRUNED = "recorded", "restored", "forgotten", "pruned"
BEGINNING = sql.BEGINNING[1]
_SALT = b"freeze_alerts.audit.chain:"
_RACES = 100
JUST_NOW = timedelta(minutes=1)
"""A record this young without a link may still be about to get it."""
_MYSQL_DEADLOCK = 1213


class Named(Protocol):
    """An object that was chosen, as the index has it."""

    @property
    def model(self) -> str: ...
    @property
    def object_id(self) -> str: ...
    @property
    def repr(self) -> str: ...


class ChainTooBusy(conf.FreezeAlertsError):
    """Others were quicker at every try to add a link to the chain."""


def append(deletion: Deletion, reason: str) -> ChainLink:
    """Seal a record as it stands in the database now; last in the transaction that changed it, or after its commit."""
    stands = Deletion.objects.using(router.db_for_write(Deletion)).get(pk=deletion.pk)
    return _link(reason, deletion_id=deletion.pk, digest=digest(stands))


def seal(deletion: Deletion, after: sql.Link | None = None) -> ChainLink:
    """:func:`append` for a record that was just written: it stands in the database as it is here.

    ``after`` is the chain's end as it was a moment ago: tried first, since it mostly still is.
    """
    return _link(RECORDED, deletion_id=deletion.pk, digest=digest(deletion), after=after)


def is_sealed_within(using: str) -> bool:
    """Whether a record is sealed in the transaction that writes it, rather than after its commit."""
    return connections[using].vendor == "sqlite" and router.db_for_write(ChainLink) == using


def is_sealed_early(deletion: Deletion) -> bool:
    """Whether verify_audit has sealed a record to which its scope, open for long, goes on to add."""
    if deletion.at > timezone.now() - JUST_NOW / 2:
        return False
    return ChainLink.objects.using(router.db_for_write(ChainLink)).filter(deletion_id=deletion.pk).exists()


def append_gap(note: str) -> ChainLink:
    """Sign for records that were pruned; ``note`` names them."""
    return _link(PRUNED, note=note, digest=hashlib.sha256(note.encode()).hexdigest())


def unsealed() -> QuerySet[Deletion]:
    """Records without a link: their process died between the commit and the link, or is just there."""
    links = ChainLink.objects.filter(deletion_id=OuterRef("pk"))
    return Deletion.objects.filter(~Exists(links)).order_by("pk")


def digest(deletion: Deletion) -> str:
    """Of all that a record says; of its rows by ``content_hash``, which :func:`content_hash` must equal."""
    said = {field.attname: getattr(deletion, field.attname) for field in deletion._meta.concrete_fields}
    return hashlib.sha256(json.dumps(said, sort_keys=True, default=_text).encode()).hexdigest()


def content_hash(deletion: Deletion) -> str:
    """Of the rows and roots as they stand in the database."""
    roots: dict[int, list[DeletedRoot]] = {}
    using = router.db_for_write(Deletion)
    for root in DeletedRoot.objects.using(using).filter(deletion=deletion).order_by("pk").iterator():
        roots.setdefault(root.chunk, []).append(root)
    rolled = ""
    chunks = DeletedRows.objects.using(using).filter(deletion=deletion).order_by("number")
    for chunk in chunks.iterator(chunk_size=20):
        rolled = roll(rolled, chunk.number, bytes(chunk.data), roots.pop(chunk.number, []))
    return roll(rolled, 0, b"", [each for left in roots.values() for each in left]) if roots else rolled


def roll(before: str, number: int, data: bytes, roots: Iterable[Named]) -> str:
    """The hash of the rows up to this chunk, its roots included."""
    named = [[each.model, each.object_id, each.repr] for each in roots]
    rolled = hashlib.sha256(f"{before}:{number}:".encode())
    rolled.update(data)
    rolled.update(json.dumps(named).encode())
    return rolled.hexdigest()


def signature(link: ChainLink, key: str | bytes) -> str:
    said = [link.position, _text(link.at), link.reason, link.deletion_id, link.note, link.digest, link.previous]
    secret = key if isinstance(key, bytes) else key.encode()
    return hmac.new(_SALT + secret, json.dumps(said).encode(), hashlib.sha256).hexdigest()


def is_signed(link: ChainLink) -> bool:
    keys = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(hmac.compare_digest(link.hash, signature(link, key)) for key in keys)


def links() -> Iterator[ChainLink]:
    return ChainLink.objects.order_by("position").iterator()


def _link(
    reason: str, *, digest: str, deletion_id: int | None = None, note: str = "", after: sql.Link | None = None
) -> ChainLink:  # fmt: skip
    using = router.db_for_write(ChainLink)
    for _ in range(_RACES):
        position, previous = after or sql.newest_link(using)
        after = None
        link = ChainLink(
            position=position + 1, reason=reason, deletion_id=deletion_id, note=note, digest=digest, previous=previous
        )
        link.hash = signature(link, settings.SECRET_KEY)
        try:
            with _savepoint(using):
                _write(link, using)
        except IntegrityError:
            continue
        except DatabaseError as error:
            if not _is_deadlock(error):
                raise
            continue
        return link
    raise ChainTooBusy


def _write(link: ChainLink, using: str) -> None:
    at = connections[using].ops.adapt_datetimefield_value(link.at)
    said = [link.position, at, link.reason, link.deletion_id, link.note, link.digest, link.previous, link.hash]
    sql.insert_link(said, using)


def _savepoint(using: str) -> AbstractContextManager[object]:
    """What a lost race is undone to. The one statement is a transaction by itself where there is none."""
    connection = transaction.get_connection(using)
    return transaction.atomic(using=using) if connection.in_atomic_block else nullcontext()


def _text(value: Any) -> str:
    """A value as the same text whatever clock the connection is set to; without time zones, as its clock shows it."""
    if not isinstance(value, datetime):
        return str(value)
    return (value.astimezone(UTC) if value.tzinfo else value).isoformat()


def _is_deadlock(error: Exception) -> bool:
    """MySQL may call two inserts of the same position a deadlock."""
    return bool(error.args) and error.args[0] == _MYSQL_DEADLOCK

"""What each delete asks of our own tables, worded here: the ORM takes longer for that than the database to answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections

from freeze_alerts.insert import insert_rows
from freeze_alerts.sources.audit.models import ChainLink, Deletion

Link = tuple[int, str]
"""A link's position and its hash."""
BEGINNING: Link = (0, "0" * 64)
_DISK_LATER = " RETURNING set_config('synchronous_commit', 'off', true)"
_NEWEST_LINK = f"SELECT position, hash FROM {ChainLink._meta.db_table} ORDER BY position DESC LIMIT 1"  # noqa: S608
_BURST_AND_LINK = f"""
    SELECT (
        SELECT card FROM {Deletion._meta.db_table}
        WHERE actor_id = %s AND actor = %s AND real_actor_id = %s AND at >= %s
            AND root_count = 1 AND card = uid AND confirmed
        ORDER BY at DESC LIMIT 1
    ), newest.position, newest.hash
    FROM (SELECT 1) AS one LEFT JOIN ({_NEWEST_LINK}) AS newest ON 1 = 1
"""  # noqa: S608 - names of our own


def insert_link(said: Sequence[Any], using: str) -> None:
    """Insert a link. Where that is a transaction of its own, PostgreSQL does not wait for the disk.

    A link that a crash takes then is made anew when the chain is next verified, as one that was never made.
    """
    connection = connections[using]
    is_alone = connection.vendor == "postgresql" and not connection.in_atomic_block
    insert_rows(ChainLink, [said], using, returning=_DISK_LATER if is_alone else "")


def newest_link(using: str) -> Link:
    """The chain's end."""
    with connections[using].cursor() as cursor:
        cursor.execute(_NEWEST_LINK)
        found = cursor.fetchone()
    return (found[0], found[1]) if found else BEGINNING


def first_of_burst(deletion: Deletion, since: datetime, using: str) -> tuple[UUID | None, Link]:
    """The card of the newest single object that the same person deleted since then, if it has a card of its own.

    With it comes the chain's end, which is wanted soon.
    """
    connection = connections[using]
    who = [deletion.actor_id, deletion.actor, deletion.real_actor_id]
    with connection.cursor() as cursor:
        cursor.execute(_BURST_AND_LINK, [*who, connection.ops.adapt_datetimefield_value(since)])
        card, position, link_hash = cursor.fetchone()
    return UUID(str(card)) if card else None, (position, link_hash) if position else BEGINNING

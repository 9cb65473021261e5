"""Holds every record against the chain."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from django.utils import timezone

from freeze_alerts.sources.audit import chain
from freeze_alerts.sources.audit.models import ChainLink, Deletion
from freeze_alerts.sources.audit.pruning import numbers


@dataclass
class Verdict:
    """``faults`` is empty where nothing was touched; ``head`` (``position:hash``) is worth keeping elsewhere."""

    records: int = 0
    links: int = 0
    pruned: int = 0
    sealed_late: int = 0
    faults: list[str] = field(default_factory=list)
    head: str = ""


@dataclass
class _Sealed:
    """What the chain says there must be: the newest digest of each record, and which were pruned."""

    digests: dict[int, str] = field(default_factory=dict)
    pruned: set[int] = field(default_factory=set)
    heads: dict[int, str] = field(default_factory=dict)


def verify(expected_head: str = "") -> Verdict:
    """Find every record that was changed, removed or put in another order, and every link that was.

    ``expected_head`` is the head of an earlier verdict: it finds a chain that was cut off at its end.
    """
    verdict, sealed = Verdict(), _Sealed()
    verdict.faults += _broken_links(verdict, sealed, _position(expected_head))
    verdict.faults += _touched_records(verdict, sealed)
    missing = [each for each in sealed.digests.keys() - sealed.pruned if not Deletion.objects.filter(pk=each).exists()]
    sealed.pruned |= _pruned_since(verdict.head) if missing else set()
    verdict.faults += [f"record {number} was removed" for number in sorted({*missing} - sealed.pruned)]
    verdict.pruned = len(sealed.pruned)
    position = _position(expected_head)
    if expected_head and sealed.heads.get(position) != expected_head.partition(":")[2]:
        verdict.faults.append(f"link {position} is not the one that was expected: the chain was cut or made anew")
    return verdict


def _broken_links(verdict: Verdict, sealed: _Sealed, remembered: int) -> Iterator[str]:
    position, previous = 0, chain.BEGINNING
    for link in chain.links():
        if link.position != position + 1:
            yield f"links {position + 1} to {link.position - 1} are missing"
        elif link.previous != previous:
            yield f"link {link.position} does not follow the one before"
        if not chain.is_signed(link):
            yield f"link {link.position} was changed, or is signed with a key that is not known any more"
        _note(link, sealed)
        position, previous = link.position, link.hash
        verdict.links += 1
        if position == remembered:
            sealed.heads[position] = link.hash
    verdict.head = f"{position}:{previous}" if position else ""


def _pruned_since(head: str) -> set[int]:
    """The records that were pruned while the chain was read."""
    newer = ChainLink.objects.filter(reason=chain.PRUNED, position__gt=_position(head))
    return {number for link in newer if chain.is_signed(link) for number in numbers(link.note)}


def _note(link: ChainLink, sealed: _Sealed) -> None:
    if link.reason == chain.PRUNED:
        sealed.pruned |= numbers(link.note)
    elif link.deletion_id is not None:
        sealed.digests[link.deletion_id] = link.digest


def _touched_records(verdict: Verdict, sealed: _Sealed) -> Iterator[str]:
    just_now = timezone.now() - chain.JUST_NOW
    for deletion in Deletion.objects.order_by("pk").iterator(chunk_size=200):
        verdict.records += 1
        if deletion.pk in sealed.digests:
            if not _is_whole(deletion, sealed.digests[deletion.pk]):
                yield f"record {deletion.pk} was changed"
        elif deletion.at < just_now and deletion.confirmed and not _newest(deletion):
            chain.append(deletion, chain.RECORDED)
            verdict.sealed_late += 1


def _is_whole(deletion: Deletion, digest: str) -> bool:
    if chain.digest(deletion) != digest:
        deletion.refresh_from_db()  # it may just have been restored, and sealed again
        if chain.digest(deletion) != _newest(deletion):
            return False
    return chain.content_hash(deletion) == deletion.content_hash


def _newest(deletion: Deletion) -> str:
    newest = ChainLink.objects.filter(deletion_id=deletion.pk).order_by("-position").first()
    return newest.digest if newest else ""


def _position(head: str) -> int:
    number = head.partition(":")[0]
    return int(number) if number.isdigit() else 0

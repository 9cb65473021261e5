"""A deletion as a person says it: who, what, how many; never a field's value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.utils import timezone

from freeze_alerts.sources.audit.models import Deletion
from freeze_alerts.sources.audit.rows import find_model

KINDS_NAMED = 8
NOBODY = "Somebody unknown"
NO_UNDO = "So many rows that only their keys were kept: this can't be undone."


def title(together: Sequence[Deletion]) -> str:
    """``ada deleted 3 orders``"""
    return f"{who(together[0])} deleted {chosen(together)}"


def text(together: Sequence[Deletion]) -> str:
    """One sentence: who, what, and how much went with it."""
    along = _total(taken_along(each) for each in together)
    said = f"{who(together[0])} deleted {chosen(together)}"
    if along:
        said += f", and with {_pronoun(together)} {sum(along.values()):,} more {_plural('row', sum(along.values()))}"
    unseen = _unseen(together)
    if unseen:
        said += f"; SQL took {', '.join(unseen)} without a snapshot"
    return f"{said}." if all(each.complete for each in together) else f"{said}. {NO_UNDO}"


def fields(together: Sequence[Deletion], names: Sequence[str]) -> list[tuple[str, str, bool]]:
    """The fields of the card, each with whether it is a short one; what is not known is left out."""
    first = together[0]
    more = sum(each.root_count for each in together) - len(names)
    named = [*names, f"and {more:,} more"] if names and more > 0 else list(names)
    along = _total(taken_along(each) for each in together)
    told = [
        ("Deleted", "\n".join(named), False),
        ("Went with it", kinds(along), False),
        ("Not kept", kinds(_total(each.left_out for each in together)), True),
        ("Without a snapshot", "\n".join(_unseen(together)), False),
        ("When", f"{_local(first.at):%d %b %Y %H:%M:%S %Z}", True),
        ("IP", ", ".join(dict.fromkeys(each.ip for each in together if each.ip)), True),
        ("Where", " · ".join(filter(None, (first.action, first.view or first.path))), True),
        ("Database", first.database if first.database != "default" else "", True),
        ("Reason", first.reason, False),
    ]
    return [(name, value, short) for name, value, short in told if value]


def _local(at: datetime) -> datetime:
    return timezone.localtime(at) if timezone.is_aware(at) else at


def who(deletion: Deletion) -> str:
    """``ada``, or ``ada as bob`` where ada was at the keyboard."""
    actor = deletion.actor or NOBODY
    return f"{deletion.real_actor} as {actor}" if deletion.real_actor else actor


def taken_along(deletion: Deletion) -> Counter[str]:
    """The rows beside the chosen objects, by model."""
    return Counter(deletion.counts) - Counter(deletion.roots)


def kinds(counts: Mapping[str, int]) -> str:
    """``12 order lines, 3 tags``: the most frequent first, whatever order the database gave them in."""
    ordered = Counter(dict(sorted(counts.items()))).most_common()
    named = [f"{count:,} {kind(label, count)}" for label, count in ordered[:KINDS_NAMED]]
    if rest := ordered[KINDS_NAMED:]:
        named.append(f"{sum(count for _, count in rest):,} rows of {len(rest)} other kinds")
    return ", ".join(named)


def kind(label: str, count: int = 1) -> str:
    """What a model calls itself; its label where it is gone."""
    model = find_model(label)
    if model is None:
        return label
    return str(model._meta.verbose_name if count == 1 else model._meta.verbose_name_plural)


def chosen(together: Sequence[Deletion]) -> str:
    """``3 orders, 1 customer``"""
    roots = _total(each.roots for each in together)
    if roots:
        return kinds(roots)
    rows = sum(each.row_count for each in together)
    return f"{rows:,} {_plural('row', rows)}" if rows else "rows with SQL"


def _unseen(together: Sequence[Deletion]) -> list[str]:
    unseen: dict[str, int | None] = {}
    for each in together:
        for table, rows in each.without_snapshot.items():
            unseen[table] = None if rows is None else (unseen.get(table, 0) or 0) + rows
    return [
        f"all rows of {table}" if rows is None else f"{rows:,} {_plural('row', rows)} of {table}"
        for table, rows in unseen.items()
    ]


def _total(counts: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return total


def _pronoun(together: Sequence[Deletion]) -> str:
    return "it" if sum(each.root_count for each in together) == 1 else "them"


def _plural(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"

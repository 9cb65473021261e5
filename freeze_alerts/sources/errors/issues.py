"""The issues: found once, counted, resolved by a person, and back again once."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Value
from django.db.models.functions import Greatest
from django.utils import timezone

from freeze_alerts import conf, signals
from freeze_alerts.sources.errors import fingerprint
from freeze_alerts.sources.errors.models import Issue, IssueRelease, IssueUser, database
from freeze_alerts.sources.errors.record import Frame, Record, reworded
from freeze_alerts.sources.errors.scrub import keyed, plain, scrub, storable
from freeze_alerts.sources.errors.tally import Group, Kind
from freeze_alerts.sources.errors.upsert import insert_new

USERS_MOST = 10_000
"""From then on an issue's people are no longer told apart."""
SAMPLE_FRAMES = 8
_AT_ONCE = 500
_PLACEHOLDER, _WORD = re.compile(r"%(?:\(\w{1,50}\))?[-+ #0-9.]{0,10}[a-zA-Z]|\{[^{}]{0,50}\}"), re.compile(r"\w\w")


class News(Enum):
    FOUND = "new"
    REGRESSED = "regression"
    NONE = ""


@dataclass(frozen=True)
class Seen:
    """An issue that was met again, or for the first time."""

    issue: Issue
    group: Group
    news: News
    release: str
    """The newest it was met in."""


def digests(kinds: Iterable[Kind]) -> dict[Kind, str]:
    return {kind: fingerprint.digest(kind) for kind in kinds}


def known(digests: Iterable[str]) -> dict[str, Issue]:
    """The issues of these fingerprints that there are, by fingerprint."""
    wanted, found = list(digests), {}
    for start in range(0, len(wanted), _AT_ONCE):
        chunk = wanted[start : start + _AT_ONCE]
        rows = Issue.objects.using(database()).defer("sample")
        for issue in rows.filter(fingerprint_version=fingerprint.VERSION, fingerprint__in=chunk):
            found[issue.fingerprint] = issue
    return found


def see(digest: str, issue: Issue | None, group: Group) -> Seen:
    """Count the group on its issue, which is made where there is none. To be called in a transaction."""
    release = _newest_release(group)
    for _ in range(3):
        if issue is not None and (seen := _again(issue, group, release)):
            return seen
        try:
            with transaction.atomic(using=database()):
                return _find(digest, group, release)
        except IntegrityError:
            issue = known([digest]).get(digest)  # somebody else has found it in between
    raise conf.FreezeAlertsError(f"the issue {digest} can be neither found nor made")


def resolve(issue: Issue, *, by: str, next_release: bool = False) -> bool:
    """Say that it is mended, or will be with the next release. False if it was said already, or is ignored."""
    mode = Issue.Mode.NEXT_RELEASE if next_release else Issue.Mode.NOW
    now = timezone.now()
    same = Issue.objects.using(database()).filter(pk=issue.pk, status=Issue.Status.OPEN)
    with transaction.atomic(using=database()):
        if not same.update(status=Issue.Status.RESOLVED, resolved_at=now, resolved_by=by[:150], resolve_mode=mode):
            return False
        if running := release_or_running(""):
            insert_new(IssueRelease, ("issue", "release", "seen_at"), [(issue.pk, running, now)])
        _tell_resolved(issue, by, "resolved in the next release" if next_release else "resolved")
    return True


def ignore(issue: Issue, *, by: str) -> bool:
    """Hear no more of it: it is counted, but neither told nor part of any spike. False if it was ignored already."""
    others = Issue.objects.using(database()).filter(pk=issue.pk).exclude(status=Issue.Status.IGNORED)
    with transaction.atomic(using=database()):
        if not others.update(status=Issue.Status.IGNORED, resolved_at=timezone.now(), resolved_by=by[:150]):
            return False
        _tell_resolved(issue, by, "ignored from now on")
    return True


def reopen(issue: Issue) -> bool:
    """Take a resolving or ignoring back. False if it is open."""
    others = Issue.objects.using(database()).filter(pk=issue.pk).exclude(status=Issue.Status.OPEN)
    return bool(others.update(status=Issue.Status.OPEN, resolved_at=None, resolved_by="", resolve_mode=""))


def _tell_resolved(issue: Issue, by: str, reason: str) -> None:
    signals.issue_resolved.send_robust(sender=Issue, key=issue.key, by=by, reason=reason)


def _find(digest: str, group: Group, release: str) -> Seen:
    record = reworded(group.record, storable)  # what can't be booked would keep all that comes after it waiting
    issue = Issue(
        fingerprint_version=fingerprint.VERSION, fingerprint=digest, title=title(record), culprit=culprit(record),
        level=record.level, payment=record.payment, sample=sample(record), environment=record.environment,
        first_release=release, last_release=release, found_at=timezone.now(), first_seen_at=moment(group.first_at),
        last_seen_at=moment(group.last_at), occurrences=group.count, users=len(group.users),
    )  # fmt: skip
    issue.save(force_insert=True, using=database())
    insert_new(IssueUser, ("issue", "user"), _users(issue, group))
    _note_releases(issue, group)
    return Seen(issue, group, News.FOUND, release)


def _again(issue: Issue, group: Group, release: str) -> Seen | None:
    """None where the issue is gone meanwhile."""
    regressed = issue.status == Issue.Status.RESOLVED and _is_back(issue, group) and _regress(issue, group)
    more = insert_new(IssueUser, ("issue", "user"), _users(issue, group)) if issue.users < USERS_MOST else 0
    last = Value(moment(group.last_at), output_field=models.DateTimeField())
    counted = Issue.objects.using(database()).filter(pk=issue.pk).update(
        occurrences=F("occurrences") + group.count, users=F("users") + more,
        last_seen_at=Greatest(F("last_seen_at"), last), **({"last_release": release} if release else {}),
    )  # fmt: skip
    if not counted:
        return None
    _note_releases(issue, group)
    if regressed:
        issue.refresh_from_db(using=database())
    return Seen(issue, group, News.REGRESSED if regressed else News.NONE, release)


def _is_back(issue: Issue, group: Group) -> bool:
    """Whether it was met after its resolving: for good, and in a release that was not known then, if so agreed."""
    grace = timedelta(seconds=conf.current().errors.regression_grace_seconds)
    since = (issue.resolved_at + grace).timestamp() if issue.resolved_at else 0.0
    later = {release_or_running(release) for release, at in group.releases.items() if at > since}
    if issue.resolve_mode != Issue.Mode.NEXT_RELEASE:
        return bool(later)
    known_then = IssueRelease.objects.using(database()).filter(release__in=later, seen_at__lte=issue.resolved_at)
    return bool(later - {""} - set(known_then.values_list("release", flat=True)))


def _regress(issue: Issue, group: Group) -> bool:
    same = Issue.objects.using(database()).filter(pk=issue.pk, status=Issue.Status.RESOLVED)
    return bool(
        same.filter(resolved_at=issue.resolved_at).update(
            status=Issue.Status.OPEN, regressed_at=moment(group.last_at), times_regressed=F("times_regressed") + 1
        )
    )


def _note_releases(issue: Issue, group: Group) -> None:
    named = {release_or_running(release): at for release, at in group.releases.items()}
    rows = [(issue.pk, release, moment(at)) for release, at in sorted(named.items()) if release]
    insert_new(IssueRelease, ("issue", "release", "seen_at"), rows)


def _users(issue: Issue, group: Group) -> list[tuple[Any, str]]:
    return [(issue.pk, user) for user in sorted(keyed(user) for user in group.users)]


def _newest_release(group: Group) -> str:
    named = {release: at for release, at in group.releases.items() if release}
    return release_or_running(max(named, key=lambda release: named[release], default=""))


def release_or_running(release: str) -> str:
    """In characters that every database has room for and can look for."""
    return plain(storable(release) or conf.current().release[:255])


def title(record: Record) -> str:
    """Its type and what it said, scrubbed; for a log line what it said."""
    said = " ".join(scrub(said_of(record), 400).split())
    return (f"{record.type}: {said}" if record.type and said else record.type or said or record.logger or "?")[:256]


def said_of(record: Record) -> str:
    """An exception's message; of a log line what stands in the code, since its arguments may be anything at all."""
    if record.type or not _WORD.search(_PLACEHOLDER.sub("", record.template)):
        return record.message
    return record.template


def culprit(record: Record) -> str:
    """The project's own call nearest to the error, else the logger."""
    frame = nearest(record.frames)
    return (f"{frame.module}.{frame.function}" if frame else record.logger)[:255]


def nearest(frames: tuple[Frame, ...]) -> Frame | None:
    own = [each for each in frames if each.in_app]
    return next(reversed(own or frames), None)


def sample(record: Record) -> dict[str, Any]:
    """What is kept of one occurrence. Source lines are scrubbed too: they may hold a password."""
    frames = [each._asdict() | {"code": scrub(each.code.strip(), 200)} for each in record.frames[-SAMPLE_FRAMES:]]
    return {
        "type": record.full_type, "message": scrub(said_of(record), 400), "logger": record.logger, "frames": frames,
        "transaction": scrub(record.transaction, 200), "source": record.source, "method": record.method,
        "path": scrub(record.path, 200), "server": record.server,
    }  # fmt: skip


def moment(at: float) -> datetime:
    moment = datetime.fromtimestamp(at, tz=UTC)
    return moment if timezone.is_aware(timezone.now()) else timezone.make_naive(moment)

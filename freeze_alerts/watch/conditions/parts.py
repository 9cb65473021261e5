"""Is everybody alive who is waited for?"""

from __future__ import annotations

from collections.abc import Iterable

from freeze_alerts import conf
from freeze_alerts.watch import heartbeats, parts
from freeze_alerts.watch.health import Condition, State

_LIMITS = {
    heartbeats.BEAT: parts.BEAT_SILENT_AFTER,
    heartbeats.CANARY: parts.CANARY_LATE_AFTER,
    heartbeats.WATCHDOG: parts.WATCHDOG_SILENT_AFTER,
    heartbeats.BROKER: None,
    heartbeats.PING: None,
}


def living() -> Iterable[Condition]:
    """Each part that ever gave a sign, and each duty that is dead; the value is the age of the last sign."""
    signs = parts.read()
    dead = {death.part: death for death in parts.judge(signs) if death.part != parts.OUTBOX}
    for name, limit in _LIMITS.items():
        row = signs.hearts.get(name)
        if row is None or (name == heartbeats.PING and not conf.current().watch.ping_url):
            continue
        is_ill = name in dead or row.failures > 0
        yield Condition(
            name,
            State.WARNING if is_ill else State.OK,
            value=round((signs.now - row.at).total_seconds()) if row.at else None,
            unit="seconds",
            threshold=None if limit is None else limit.total_seconds(),
            since=(row.silent_since or row.at) if is_ill else None,
            at=row.at,
        )
    for name, death in dead.items():
        if name not in _LIMITS:
            yield Condition(name, State.WARNING, since=death.since, at=signs.now)

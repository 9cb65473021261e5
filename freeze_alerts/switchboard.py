"""Which signal opens, worsens or ends which alert: the one page that says it, a small receiver each."""

from __future__ import annotations

import logging
import shlex
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from functools import wraps
from typing import Any

from django.db import router, transaction

from freeze_alerts import conf, signals
from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.alerts.models import Alert
from freeze_alerts.alerts.states import end_unwatched, report_state
from freeze_alerts.catalog import AlertType, Severity, manage
from freeze_alerts.outbox import spare
from freeze_alerts.outbox.models import Message

logger = logging.getLogger("freeze_alerts")

Receiver = Callable[..., object]


def door(receiver: Receiver) -> Receiver:
    """A failure of ours never reaches whoever sent the signal. Logged here: ``send_robust`` is silent."""

    @wraps(receiver)
    def guarded(**told: Any) -> None:
        try:
            with _apart():
                receiver(**{name: value for name, value in told.items() if name not in ("signal", "sender")})
        except Exception:  # the door between sources and alerts
            logger.exception("the alert for %s was not opened or ended", receiver.__name__)

    return guarded


def _apart() -> AbstractContextManager[object]:
    """A savepoint inside somebody's transaction, so that a failed statement of ours does not spoil theirs."""
    using = router.db_for_write(Alert)
    in_transaction = transaction.get_connection(using).in_atomic_block
    return transaction.atomic(using=using) if in_transaction else nullcontext()


@door
def on_disk_measured(
    *, host: str, device: str, path: str, used_percent: float, severity: Severity | None, held: Severity | None,
    text: str, fields: list[tuple[str, str]], also: Sequence[str] = (), **_: Any,
) -> None:  # fmt: skip
    report_state(
        AlertType.DISK_SPACE, key=f"disk:{host}:{device}", severity=severity, held=held,
        hold=timedelta(minutes=conf.current().disk.hold_minutes), title=f"{path} on {host}", text=text,
        fields=fields, value=used_percent, host=host,
    )  # fmt: skip
    for readable in (path, *also):
        resolve_alert(AlertType.TROUBLE, key=_unreadable(host, readable), reason="it can be read again")


@door
def on_disk_unreadable(*, host: str, path: str, error: str, **_: Any) -> None:
    open_alert(
        AlertType.TROUBLE, key=_unreadable(host, path), title=f"{path} can't be read", host=host,
        text=f"The disk under {path} on {host} is not being watched: {error}",
        command=manage(f"check_disk --path {shlex.quote(path)}"),
    )  # fmt: skip


@door
def on_disks_checked(**_: Any) -> None:
    end_unwatched(AlertType.DISK_SPACE)


@door
def on_webhook_disabled(*, channel: str, webhook: str, reason: str, **_: Any) -> None:
    text = (
        f"Discord refuses the webhook of #{channel} ({webhook}): {reason}. Its messages take another channel. "
        f"Make a new webhook in Discord, put its URL into FREEZE_ALERTS['WEBHOOKS']['{channel}'], restart; or, if "
        "this one works again, run: manage.py alerts webhooks"
    )
    open_alert(AlertType.TROUBLE, key=f"webhook:{webhook}", title=f"the webhook of #{channel} is dead", text=text)
    spare.tell(f"the Discord webhook of #{channel} is dead", text)


@door
def on_webhook_enabled(*, webhook: str, **_: Any) -> None:
    resolve_alert(AlertType.TROUBLE, key=f"webhook:{webhook}", reason="it works again")


@door
def on_message_dead(*, message: Message, **_: Any) -> None:
    text = f"Discord took neither the card nor plain text of {message}: {message.last_error}"
    if message.alert is None or message.alert.type != AlertType.TROUBLE:  # a dead cry for help can't be cried again
        open_alert(AlertType.TROUBLE, key=f"dead:{message.channel}", title=f"a message for #{message.channel} is dead",
                   text=f"{text}\nSee it in the admin under Messages; it can be sent again there.",
                   command=manage("alerts deliver --requeue-dead"))  # fmt: skip
    about = f"\n\n{message.alert.title}\n{message.alert.text}" if message.alert else ""
    spare.tell(f"an alert for #{message.channel} could not be delivered", text + about)


RECEIVERS = {
    signals.disk_measured: on_disk_measured,
    signals.disk_unreadable: on_disk_unreadable,
    signals.disks_checked: on_disks_checked,
    signals.webhook_disabled: on_webhook_disabled,
    signals.webhook_enabled: on_webhook_enabled,
    signals.message_dead: on_message_dead,
}


def connect() -> None:
    """Plug every signal in. Doing it twice changes nothing."""
    for signal, receiver in RECEIVERS.items():
        signal.connect(receiver, weak=False, dispatch_uid=f"freeze_alerts.{receiver.__name__}")


def _unreadable(host: str, path: str) -> str:
    return f"unreadable:{host}:{path}"

"""Our own troubles on the way to Discord: a dead webhook, a dead message."""

from __future__ import annotations

from typing import Any

from freeze_alerts.alerts import open_alert, resolve_alert
from freeze_alerts.catalog import AlertType, manage
from freeze_alerts.outbox import spare
from freeze_alerts.outbox.models import Message
from freeze_alerts.switchboard.door import door


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

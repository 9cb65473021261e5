"""The signals: the public door in, and the news on the way out. All in the past tense; all sent robustly.

In (a source of ours sends them; so may the project's own code, and gets the same alerts):

``disk_measured``
    A disk was read and judged. ``host``, ``device``, ``path`` (str); ``also`` (list of str: the other watched paths
    on the same disk; may be left out); ``used_percent`` (float, the worse of bytes
    and inodes); ``severity`` (Severity the reading calls for, or None); ``held`` (Severity it still holds up by
    hysteresis, or None; never below ``severity``); ``text`` (one sentence); ``fields`` (list of (name, value)).
``disk_unreadable``
    A watched path could not be read. ``host``, ``path``, ``error`` (str).
``disks_checked``
    All watched disks of a host were tried in one pass. ``host`` (str).
``backup_started``
    The making of a backup has begun. ``database``, ``name``, ``task_id`` (str, empty outside Celery).
``backup_made``
    A backup is complete. ``database`` (its alias), ``name`` (str); ``snapshot_at`` (datetime: the moment it shows);
    ``duration_seconds`` (float); ``stored_bytes`` (int); ``task_id`` (str, empty outside Celery); ``made_by`` (str:
    who, where it was not freeze-alerts). All but ``database`` may be left out.
``backup_failed``
    A backup could not be made, copied, proved or restored. ``database``, ``name`` (str, empty where it has none);
    ``stage`` (str: preflight, lock, dump, write, died, copy, proof, restore or cleanup); ``error`` (str, without
    secrets); ``signal_name`` (str: what ended a tool, as in SIGKILL); ``task_id``; ``untouched`` (str: what was left
    as it was); ``made_by`` (str). All but ``database``, ``stage`` and ``error`` may be left out.
``backup_copied``
    Its second copy is complete. ``database``, ``name``, ``storage`` (str).
``backup_verified``
    It was proved. ``database``, ``name``, ``level`` (int: 1 read back, 2 restored).
``backup_restored``
    It took the place of a database. ``database`` (the alias it went into), ``name``.
``backup_age_judged``
    The newest complete backup of a database was looked at. ``database``; ``severity`` (Severity, or None while it is
    young enough); ``age_hours`` (float); ``text`` (one sentence); ``fields`` (list of (name, value)).
``backups_cleaned``
    Old backups of a database were deleted, or none had to be. ``database``; ``deleted`` (list of their names);
    ``freed_bytes`` (int).
``backups_checked``
    The backups of all watched databases were looked at in one pass. ``databases`` (list of str).
``backups_summarized``
    The day's backups were summed up. ``day`` (date); ``title``, ``text`` (str); ``fields`` (list of (name, value)).
``orders_judged``
    The shop's orders were read and judged, once for each condition. ``condition`` (str: "failing" or "stuck");
    ``severity`` (Severity the reading calls for, or None); ``held`` (Severity it can't let go of yet, or None; never
    below ``severity``); ``text`` (one sentence); ``fields`` (list of (name, value)); ``value`` (float: how many).
``orders_checked``
    A look at the orders came to its end: they could be read, or nobody wants them watched.
``orders_unreadable``
    The orders could not be read. ``error`` (str).
``rows_deleted``
    Somebody deleted something in the admin; sent inside the deleting transaction. ``card`` (str: which card it goes
    on), ``deletion_id`` (int: its record), ``rows`` (int), ``is_loud`` (bool: somebody should hear of it now),
    ``title``, ``text`` (str), ``fields`` (list of (name, value, whether it is short)); ``is_first`` (bool: nobody was
    told of this card before; may be left out).
``issue_found``
    An error of a kind never seen before. ``key`` (str: what tells it from others, "issue:12" for ours), ``title``,
    ``text`` (str), ``fields`` (list of (name, value)), ``release``, ``link`` (str); ``new_within_5_minutes`` (int,
    this one included; may be left out).
``issue_regressed``
    An issue that was resolved is back. ``key``, ``title``, ``text``, ``fields``, ``release``, ``link``.
``payment_failed``
    A payment met an error; takes the place of the two above. ``key``, ``title``, ``text``, ``fields``, ``release``,
    ``link``; ``news`` (str: "new", "regression", or empty for an issue that is known; may be left out).
``issue_resolved``
    A person has resolved an issue, or wants to hear no more of it. ``key``, ``by``, ``reason`` (str).
``errors_judged``
    The errors of the last hour were counted and judged. ``series`` (str: "errors" or "payments"), ``count`` (int),
    ``severity``, ``held`` (as of a disk), ``text`` (str), ``fields`` (list of (name, value)).
``errors_dropped``
    A process met more kinds of errors than it can keep. ``host`` (str), ``count`` (int).
``errors_unbooked``
    Errors can't be written to the database and are counted in memory. ``error`` (the exception), ``waiting`` (int).
``deletion_restored``
    Somebody put back what was deleted; sent inside the restoring transaction. ``card`` (str: which card told of the
    delete), ``by``, ``text`` (str: who put back what), ``everything`` (bool: nothing on that card is left behind).
``deletion_forgotten``
    Something was taken out of the record of a delete. ``card`` (str: whose card it is on); ``title``, ``text`` (str),
    ``fields`` (as above): what it may still say.
``sentry_judged``
    A monitor of Sentry's has changed its mind. ``series`` (str: errors or payments), ``severity`` (Severity, or None
    where it is over), ``text`` (str), ``count`` (int), ``link`` (str; may be left out).
``sentry_heard``
    Webhooks of Sentry's have come and were worked off.
``sentry_missed``
    Sentry has issues of which no webhook told; they have been told by now. ``count`` (int), ``issues`` (list of str:
    how Sentry calls the first of them).
``sentry_unreachable``
    Sentry could not be asked. ``error`` (str).
``sentry_asked``
    Sentry was asked, and answered.
``webhook_disabled``
    Discord refused a webhook for good. ``channel``, ``webhook`` (its redacted name), ``reason`` (str).
``webhook_enabled``
    A disabled webhook works again. ``webhook`` (its redacted name).
``part_died``
    A part of our own chain is dead. ``part`` (beat, canary, broker, watchdog, outbox, or a duty's row), ``title``,
    ``text`` (one sentence), ``command`` (what to run next; may be left out).
``part_revived``
    It gives signs of life again. ``part`` (str).

Out (the life of an alert, after it is committed):

``alert_opened``, ``alert_worsened``, ``alert_resolved``
    ``alert`` (the Alert). Opened is also sent for an alert that reopens.
``message_delivered``, ``message_dead``
    ``message`` (the Message).
"""

from __future__ import annotations

from django.dispatch import Signal

disk_measured = Signal()
disk_unreadable = Signal()
disks_checked = Signal()
backup_started = Signal()
backup_made = Signal()
backup_failed = Signal()
backup_copied = Signal()
backup_verified = Signal()
backup_restored = Signal()
backup_age_judged = Signal()
backups_cleaned = Signal()
backups_checked = Signal()
backups_summarized = Signal()
orders_judged = Signal()
orders_checked = Signal()
orders_unreadable = Signal()
rows_deleted = Signal()
issue_found = Signal()
issue_regressed = Signal()
payment_failed = Signal()
issue_resolved = Signal()
errors_judged = Signal()
errors_dropped = Signal()
errors_unbooked = Signal()
deletion_restored = Signal()
deletion_forgotten = Signal()
sentry_judged = Signal()
sentry_heard = Signal()
sentry_missed = Signal()
sentry_unreachable = Signal()
sentry_asked = Signal()
webhook_disabled = Signal()
webhook_enabled = Signal()
part_died = Signal()
part_revived = Signal()

alert_opened = Signal()
alert_worsened = Signal()
alert_resolved = Signal()
message_delivered = Signal()
message_dead = Signal()

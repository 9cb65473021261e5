"""The database: one that has no room for some characters."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connections, router

from freeze_alerts.alerts.models import Alert
from freeze_alerts.checks.registry import warns

_WIDE = "utf8mb4"
_NARROW_TABLES = """
    SELECT DISTINCT table_name FROM information_schema.columns
    WHERE table_schema = DATABASE() AND table_name LIKE %s AND character_set_name <> %s ORDER BY table_name
"""


@warns(26, asks_database=True, hint=(
    "Give MySQL or MariaDB utf8mb4: DATABASES[...]['OPTIONS'] = {'charset': 'utf8mb4'}, ALTER DATABASE ... CHARACTER "
    "SET utf8mb4, and for each table ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4."
))  # fmt: skip
def no_room_for_emoji() -> Iterator[str]:
    alias = router.db_for_write(Alert)
    if connections[alias].vendor != "mysql":
        return
    with connections[alias].cursor() as cursor:
        cursor.execute("SELECT @@character_set_client")
        (charset,) = cursor.fetchone()
        cursor.execute(_NARROW_TABLES, [r"freeze\_alerts\_%", _WIDE])
        narrow = [name for (name,) in cursor.fetchall()]
    if charset != _WIDE:
        yield f"The connection to the database {alias} speaks {charset}, in which there is no emoji."
    if narrow:
        yield f"In the database {alias} some tables have no room for emoji: {', '.join(narrow)}."

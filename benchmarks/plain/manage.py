"""A project's ``manage.py``, which says at its end the most memory that it ever had; ``nothing`` only connects."""

from __future__ import annotations

import atexit
import os
import re
import sys

sys.path.insert(0, os.getcwd())
os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.plain.settings"


def _tell() -> None:
    """Of this process alone: what ``getrusage`` says may be its parent's."""
    with open("/proc/self/status") as status:
        found = re.search(r"VmHWM:\s+(\d+)", status.read())
    print(found[1] if found else 0, file=sys.stderr)


atexit.register(_tell)
if sys.argv[1:] == ["nothing"]:
    import django
    from django.db import connection

    django.setup()
    connection.ensure_connection()
else:
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)

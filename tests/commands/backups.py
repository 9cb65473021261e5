"""Running ``manage.py backup_database`` as a shell would."""

from __future__ import annotations

import io

from django.core.management import call_command


def run_backups(*arguments):
    """The exit code, and what was printed to stdout and to stderr."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("backup_database", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()

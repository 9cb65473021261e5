from __future__ import annotations

from importlib.util import find_spec

from tests.settings import *  # noqa: F403
from tests.settings import DATABASES, INSTALLED_APPS, SQLITE_PATH

# unfold stands last, so that the pages of the others are Django's own.
PEERS = ["import_export", "reversion", "simple_history", "guardian", "unfold"]
INSTALLED_APPS = [
    *INSTALLED_APPS,
    *[name for name in PEERS if find_spec(name)],
    "tests.sources.audit.peers",
]
# Django makes tables of apps without migrations first, and PostgreSQL wants to see those they refer to.
MIGRATION_MODULES = {name.rpartition(".")[2]: None for name in INSTALLED_APPS}
ROOT_URLCONF = "tests.sources.audit.peers.urls"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
SILENCED_SYSTEM_CHECKS = ["guardian.W001"]

_other = dict(DATABASES["default"])
_name = f"{SQLITE_PATH}.other" if "sqlite3" in _other["ENGINE"] else f"{_other['NAME']}_other"
DATABASES = {**DATABASES, "other": {**_other, "NAME": _name, "TEST": {"NAME": _name}}}

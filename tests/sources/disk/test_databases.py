from __future__ import annotations

import pytest
from django.db import Error, connection, transaction

from freeze_alerts.sources.disk import databases

pytestmark = pytest.mark.django_db


def test_a_database_tells_its_own_size() -> None:
    sizes = {each.name: each.size_bytes for each in databases.sizes()}
    if connection.vendor == "sqlite":
        assert sizes == {}  # a file, and measured as one
    else:
        assert sizes[f"database {connection.settings_dict['NAME']}"] > 0


@pytest.mark.parametrize(
    ("host", "may_be_here"),
    [
        ("", True),  # a socket
        ("/run/postgresql", True),
        ("127.0.0.1", True),
        ("localhost", True),
        ("db", True),  # the container next door
        ("shop.abc.eu-central-1.rds.example", False),
        ("10.0.0.5", False),
    ],
)
def test_a_server_elsewhere_is_not_asked(host: str, may_be_here: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "HOST", host)
    assert databases._may_be_here(connection) is may_be_here


def test_a_refused_question_spoils_no_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {connection.vendor: (("secret {}", "SELECT * FROM no_such_table"),)}
    monkeypatch.setattr(databases, "_QUERIES", refused)
    with transaction.atomic():
        assert databases.sizes() == []
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    assert issubclass(Error, databases.TROUBLE)

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.db import connection

from freeze_alerts.checks import TAG
from tests.checks.configurations import said
from tests.narrow import TABLES, narrow_database

pytestmark = pytest.mark.django_db(transaction=True)


def test_tables_without_room_for_emoji_are_named() -> None:
    assert said(26) == ""
    if connection.vendor == "mysql":
        with narrow_database():
            assert said(26) == f"In the database default some tables have no room for emoji: {', '.join(TABLES)}."


def test_a_connection_without_them_is_told() -> None:
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("SET NAMES utf8mb3")
        try:
            assert said(26) == "The connection to the database default speaks utf8mb3, in which there is no emoji."
        finally:
            connection.close()


def test_the_database_is_asked_only_by_who_wants_it_asked(django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        run_checks()
        run_checks(tags=[TAG])
    run_checks(tags=[TAG], databases=["default"])

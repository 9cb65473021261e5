"""Counting rows in what the tools write."""

from __future__ import annotations

import io
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts.sources.backups.engines import postgresql_restore, tools
from freeze_alerts.sources.backups.engines.copy_rows import CopyRows, unquoted
from freeze_alerts.sources.backups.engines.insert_rows import InsertRows
from freeze_alerts.sources.backups.trouble import Trouble

COPIED = b"""\
--
-- Data for Name: orders; Type: TABLE DATA; Schema: public; Owner: shop
--

COPY public.orders (id, note) FROM stdin;
1\tCOPY public.items (id) FROM stdin;
2\t\\\\.
3\t\\N
\\.

COPY public.nothing (id) FROM stdin;
\\.

COPY "Odd ""schema"" of ours".no_columns FROM stdin;


\\.

SELECT pg_catalog.setval('public.orders_id_seq', 3, true);
"""
COPIED_ROWS = {"public.orders": 3, "public.nothing": 0, 'Odd "schema" of ours.no_columns': 2}

INSERTED = b"""\
/*M!999999\\- enable the sandbox mode */
CREATE TABLE `or``ders` (
  `id` int(11) NOT NULL
);
INSERT INTO `or``ders` VALUES
(1,'a ),(2,\\'b\\'),('),
(2,NULL);
CREATE TABLE `nothing` (
  `id` int(11)
);
CREATE TABLE `old_style` (`id` int);
INSERT INTO `old_style` VALUES (1,'x (y'),(2,'it\\\\'),(3,'\\'('),(4,0xFF);
INSERT INTO `old_style` VALUES (5,'');
DELIMITER ;;
CREATE PROCEDURE `p`()
BEGIN
INSERT INTO `old_style` VALUES (6,'');
(7)
END ;;
DELIMITER ;
-- Dump completed on 2026-11-23  5:06:42
"""
INSERTED_ROWS = {"or`ders": 2, "nothing": 0, "old_style": 5}


@given(st.lists(st.integers(1, len(COPIED)), max_size=6))
def test_copied_rows_are_counted_however_the_script_arrives(cuts: list[int]) -> None:
    counter = CopyRows()
    for begin, end in _pieces(cuts, len(COPIED)):
        counter.feed(COPIED[begin:end])
    assert counter.rows == COPIED_ROWS


def test_copied_rows_are_counted_from_a_pipe() -> None:
    counter = CopyRows()
    counter.read(io.BytesIO(COPIED))
    assert counter.rows == COPIED_ROWS


@given(st.lists(st.integers(1, len(INSERTED)), max_size=6))
def test_inserted_rows_are_counted_however_the_script_arrives(cuts: list[int]) -> None:
    counter = InsertRows()
    for begin, end in _pieces(cuts, len(INSERTED)):
        counter.feed(INSERTED[begin:end])
    counter.refuse_if_cut("proof")
    assert counter.rows == INSERTED_ROWS


@given(st.integers(0, INSERTED.index(b"-- Dump completed") + 10))
def test_a_script_that_is_cut_anywhere_is_refused(end: int) -> None:
    counter = InsertRows()
    counter.feed(INSERTED[:end])
    with pytest.raises(Trouble, match="without its end marker"):
        counter.refuse_if_cut("dump")


def _pieces(cuts: list[int], length: int) -> list[tuple[int, int]]:
    edges = sorted({0, length, *cuts})
    return list(itertools.pairwise(edges))


@pytest.mark.parametrize(
    ("quoted", "name"),
    [("public.orders", "public.orders"), ('"Odd"."a.b"', "Odd.a.b"), ('s."say ""hi"""', 's.say "hi"')],
)
def test_a_name_is_unquoted_as_the_server_quotes_it(quoted: str, name: str) -> None:
    assert unquoted(quoted) == name


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("pg_dump (PostgreSQL) 15.20 (Debian 15.20-0+deb12u1)", "15.20"),
        ("pg_dump (PostgreSQL) 18beta1", "18"),
        ("mariadb-dump  Ver 10.19 Distrib 10.11.19-MariaDB, for debian-linux-gnu (x86_64)", "10.11.19"),
        ("mariadb-dump from 11.4.2-MariaDB, client 10.19 for debian-linux-gnu (x86_64)", "11.4.2"),
        ("mysqldump  Ver 8.0.36 for Linux on x86_64 (MySQL Community Server - GPL)", "8.0.36"),
        ("nobody knows", "0"),
    ],
)
def test_a_tool_says_its_version_in_its_own_way(said: str, version: str) -> None:
    assert tools.version(said) == version


@pytest.mark.parametrize(
    ("said", "harmless"),
    [
        # what pg_restore 17 says at a server of version 16 or before, though all of it was restored
        (
            "pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "
            '"transaction_timeout"\nCommand was: SET transaction_timeout = 0;\n'
            "pg_restore: warning: errors ignored on restore: 1",
            True,
        ),
        ('pg_restore: error: could not execute query: ERROR:  relation "a" does not exist', False),
        (
            'pg_restore: error: ERROR:  unrecognized configuration parameter "transaction_timeout"\n'
            "pg_restore: error: could not open input file",
            False,
        ),
        ("", False),
    ],
)
def test_only_that_one_complaint_of_a_later_pg_restore_is_harmless(said: str, harmless: bool) -> None:
    assert postgresql_restore.only_harmless(said) is harmless

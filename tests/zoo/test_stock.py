from __future__ import annotations

import pytest

from tests.zoo.stock import counts, dump, stock

pytestmark = pytest.mark.django_db
UNSTOCKED = {"zoo_lock", "zoo_spare"}


def test_the_zoo_has_something_in_every_table():
    stock()
    assert {table for table, rows in counts().items() if not rows} == UNSTOCKED


def test_two_dumps_of_the_same_zoo_are_the_same():
    stock()
    assert dump() == dump()


def test_a_single_microsecond_shows_in_a_dump():
    zoo = stock()
    before = dump()
    type(zoo.pond).objects.filter(pk=zoo.pond.pk).update(opened_at=zoo.pond.opened_at.replace(microsecond=1))
    assert dump() != before

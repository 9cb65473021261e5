from __future__ import annotations

import enum
import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from freeze_alerts.sources.audit import rows
from freeze_alerts.sources.audit.chunks import CHUNK_ROWS
from freeze_alerts.sources.audit.models import DeletedRows, Deletion
from freeze_alerts.sources.audit.packing import pack, unpack
from freeze_alerts.sources.audit.scope import audited_deletes
from freeze_alerts.sources.audit.values import BINARY_LIMIT_BYTES, NOT_KEPT, decode, encode
from tests.zoo import models
from tests.zoo.stock import stock


class Colour(enum.StrEnum):
    RED = "red"


class Size(enum.IntEnum):
    LARGE = 3


def through_json(value):
    content = {"tables": [], "content_types": {}, "links": [], "value": encode(value)}
    return decode(rows.unpack(_pack(content))["value"])


def _pack(content):
    from freeze_alerts.sources.audit.chunks import pack

    return pack(content)


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.uuids()
    | st.datetimes() | st.datetimes(timezones=st.just(UTC)) | st.dates() | st.times() | st.timedeltas()
    | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)  # fmt: skip


@given(_values)
def test_every_value_comes_back_as_it_was(value):
    back = through_json(value)
    assert back == value
    assert type(back) is type(value)


@pytest.mark.parametrize("value", [math.nan, Decimal("NaN")])
def test_what_is_not_a_number_stays_none(value):
    back = through_json(value)
    assert math.isnan(back)
    assert type(back) is type(value)


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (["datetime", "2026-01-01"], ["datetime", "2026-01-01"]),  # a list that looks like our own marks
        (Colour.RED, "red"),
        (Size.LARGE, 3),
        (memoryview(b"\x00\xff"), b"\x00\xff"),
        ("\x00\ud800", "\x00\ud800"),
        ({1: "a key that JSON would make text"}, {1: "a key that JSON would make text"}),
    ],
)
def test_odd_values_are_kept_too(value, kept):
    assert through_json(value) == kept


def test_of_a_huge_binary_only_size_and_hash_are_kept():
    assert encode(b"x" * (BINARY_LIMIT_BYTES + 1))[:2] == ["size", BINARY_LIMIT_BYTES + 1]
    assert decode(encode(b"x" * (BINARY_LIMIT_BYTES + 1))) is NOT_KEPT


@pytest.mark.django_db
def test_every_column_of_every_row_is_what_the_orm_gave():
    zoo = stock()
    animals = [zoo.owl.pk, zoo.chick.pk]
    before = {
        (model._meta.label_lower, row.pk): {
            each.attname: _plain(getattr(row, each.attname)) for each in _columns(model)
        }
        for model in (models.Animal, models.Bird, models.Owl, models.Record, models.Meal, models.Bite, models.Seat)
        for row in model.objects.all()
    }

    with audited_deletes("test"):
        zoo.aviary.delete()

    told = {(row.model, row.pk): dict(row.values) for row in rows.read_rows(Deletion.objects.get())}
    kept = {key: values for key, values in told.items() if key in before}
    assert kept == {key: values for key, values in before.items() if key in told}
    assert {("zoo.animal", pk) for pk in animals} < kept.keys()
    assert len([key for key in kept if key[0] == "zoo.record"]) == 4


def _columns(model):
    return [each for each in model._meta.local_concrete_fields if each.column and not each.generated]


def _plain(value):
    value = bytes(value) if isinstance(value, memoryview) else value
    return getattr(value, "name", value)


@pytest.mark.django_db
def test_references_that_were_cut_are_kept():
    zoo = stock()
    visits = {visit.pk: visit.animal_id for visit in models.Visit.objects.filter(animal__in=[zoo.owl, zoo.chick])}
    with audited_deletes("test"):
        zoo.aviary.delete()
    links = list(rows.read_links(Deletion.objects.get()))
    assert len(links) == len(set(links))
    cut = {(each.model, each.pk): each.old for each in links if each.model == "zoo.visit"}
    assert cut == {("zoo.visit", pk): old for pk, old in visits.items()}
    assert rows.Link("zoo.animal", zoo.duck.pk, "mother_id", zoo.owl.pk, None) in links


@pytest.mark.django_db
def test_few_rows_and_references_share_a_chunk():
    zoo = stock()
    with audited_deletes("test"):
        zoo.aviary.delete()
    assert DeletedRows.objects.count() == Deletion.objects.get().chunks == 1


@pytest.mark.django_db
def test_many_rows_fill_several_chunks():
    pond = stock().pond
    herd = [models.Animal(enclosure=pond, name=f"sheep {number}") for number in range(CHUNK_ROWS * 2)]
    models.Animal.objects.bulk_create(herd)
    with audited_deletes("test"):
        models.Animal.objects.filter(name__startswith="sheep").delete()
    deletion = Deletion.objects.get()
    assert list(DeletedRows.objects.values_list("number", "row_count")) == [(1, CHUNK_ROWS), (2, CHUNK_ROWS)]
    assert len(list(rows.read_rows(deletion))) == deletion.root_objects.count() == CHUNK_ROWS * 2
    last = deletion.root_objects.last()
    assert (last.repr, last.chunk) == (f"sheep {CHUNK_ROWS * 2 - 1}", 2)


@pytest.mark.django_db
def test_columns_that_were_deferred_are_read_all_the_same():
    zoo = stock()
    with audited_deletes("test"):
        models.Animal.objects.only("pk").get(pk=zoo.duck.pk).delete()
    row = next(each for each in rows.read_rows(Deletion.objects.get()) if each.model == "zoo.animal")
    assert row.values["name"] == "Dora"


@pytest.mark.django_db
def test_what_was_never_saved_is_not_what_was_deleted():
    duck = stock().duck
    duck.name = "never saved"
    with audited_deletes("test"):
        duck.delete()
    row = next(each for each in rows.read_rows(Deletion.objects.get()) if each.model == "zoo.animal")
    assert row.values["name"] == "Dora"


def test_moments_of_all_kinds_are_told_apart():
    for value in (datetime(2026, 1, 1), date(2026, 1, 1), time(1), timedelta(1), UUID(int=1)):  # noqa: DTZ001
        assert type(through_json(value)) is type(value)


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [[], []],
        [[7]],
        [[1, "a", None], [3, "b", True], [2, "a", 0.5]],
        [[2**70, True, 1], [-5, False, None], [0, True, ["masked"]]],
    ],
    ids=["no row", "no column", "one", "mixed", "large"],
)
def test_a_chunk_gives_back_the_rows_it_was_given(rows: list[list[Any]]) -> None:
    content = {"tables": [{"model": "zoo.animal", "rows": rows}], "content_types": {"1": "a.b"}, "links": []}

    found = unpack(pack(content))

    assert found == content
    assert [list(map(type, row)) for row in found["tables"][0]["rows"]] == [list(map(type, row)) for row in rows]

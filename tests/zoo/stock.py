"""A zoo with something in every table, and what its tables hold, byte by byte."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from django.apps import apps
from django.db import connections

from tests.zoo import models
from tests.zoo.fields import Money
from tests.zoo.models import (
    Animal,
    Bird,
    Bite,
    Contest,
    Enclosure,
    Keeper,
    Meal,
    Note,
    Owl,
    Passport,
    Record,
    Reply,
    Seat,
    Shift,
    Species,
    Tag,
    Visit,
)

MOMENT = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC)


@dataclass(frozen=True)
class Zoo:
    aviary: Enclosure
    pond: Enclosure
    owl: Owl
    chick: Bird
    duck: Animal
    ann: Keeper
    tag: Tag


def stock() -> Zoo:
    """An aviary with an owl and her chick, a pond with a duck, and all that hangs on them."""
    aviary, pond = Enclosure.objects.create(name="Aviary"), Enclosure.objects.create(name="Pond")
    species = Species.objects.create(code="BUBO", name="Eagle owl")
    owl = Owl.objects.create(enclosure=aviary, name="Olga", species=species, wingspan=Decimal("1.805"), hearing=0.1)
    chick = Bird.objects.create(enclosure=aviary, name="Otto", species=species, wingspan=Decimal("0.100"), mother=owl)
    duck = Animal.objects.create(enclosure=pond, name="Dora", mother=owl)
    ann = Keeper.objects.create(name="Ann", password="pbkdf2_sha256$1$salt$hash", last_login=MOMENT)
    tag = Tag.objects.create(name="night")
    for enclosure in (aviary, pond):
        Seat.objects.create(enclosure=enclosure, row=enclosure.pk, number=7)
        note(enclosure, "paint the fence")
    for animal in (owl, chick, duck):
        _furnish(animal, ann, tag)
    owl.friends.add(duck)
    nest = models.Nest.objects.create(place="the old oak")
    if hasattr(models, "Egg"):
        models.Egg.objects.create(nest=nest)
    Enclosure.objects.filter(pk=aviary.pk).update(star=owl.animal_ptr)
    for model in (Enclosure, Animal):
        old = {"opened_at": MOMENT} if model is Enclosure else {"arrived_at": MOMENT}
        model.objects.update(changed_at=MOMENT, **old)
    return Zoo(aviary, pond, owl, chick, duck, ann, tag)


def _furnish(animal, ann, tag):
    """What one animal has: a row in each table that hangs on it."""
    owner = Animal.objects.get(pk=animal.pk)
    animal.tags.add(tag, Tag.objects.get_or_create(name="loud")[0])
    first = note(owner, f"{animal.name} looks \N{OWL} pale")
    reply = Reply.objects.create(note=first, text="since when?")
    Reply.objects.create(note=first, answers=reply, text="since Monday")
    Shift.objects.create(animal=owner, keeper=ann, day=date(2026, 2, 28))
    meal = Meal.objects.create(animal=owner, price=Money(1250, "EUR"), grams=125)
    Bite.objects.create(meal=meal, size=3)
    Passport.objects.create(animal=owner)
    Visit.objects.create(animal=owner, keeper=ann, visitor=f"fan of {animal.name}")
    Contest.objects.create(animal=owner, year=2026, place=animal.pk, title=f"Loudest {animal.pk}", champion=True)
    record(owner)
    record(owner, empty=True)


def note(about, text):
    return Note.objects.create(about=about, text=text)


def record(animal, *, empty=False):
    if empty:
        return Record.objects.create(animal=animal)
    return Record.objects.create(
        id=uuid.uuid4(),
        animal=animal,
        blob=bytes(range(256)),
        data={"a": [1, None, {"ä": "\N{OWL}"}], "at": "2026-03-29T01:30:00.123Z", "big": 2**60, "f": 0.1},
        weight=Decimal("123.000000000001"),
        length=0.1 + 0.2,
        huge=-(2**63),
        asleep=timedelta(days=-3, seconds=5, microseconds=7),
        at=MOMENT,
        born=date(1969, 12, 31),
        fed=time(23, 59, 59, 999999),
        tame=False,
        address="2001:db8::7",
        text="line\nline \N{OWL} 'quoted' \"twice\" %s {} \\ end ",
        photo="photos/olga.png",
        order=-1,
    )


def dump(using="default"):
    """Every row of every table of the zoo as the database itself gives it, sorted."""
    tables = [model._meta.db_table for model in apps.get_app_config("zoo").get_models(include_auto_created=True)]
    return {table: _rows(table, using) for table in tables}


def _rows(table, using):
    connection = connections[using]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608 - our own tables
        names = [column[0] for column in cursor.description]
        return sorted((dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()), key=repr)


def _plain(value):
    return bytes(value) if isinstance(value, memoryview) else value


def counts(using="default"):
    """How many rows each table holds."""
    return {table: len(rows) for table, rows in dump(using).items()}

"""What hangs on what: an enclosure takes its animals along, an animal its meals, notes, shifts and links."""

from __future__ import annotations

import uuid

import django
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from tests.zoo.fields import MoneyField


class Species(models.Model):
    """Referred to by another column than its key."""

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=50)


class Tag(models.Model):
    """A natural key."""

    name = models.SlugField(primary_key=True)


class Enclosure(models.Model):
    """Points at an animal that points back: a circle."""

    name = models.CharField(max_length=50, unique=True)
    star = models.ForeignKey("Animal", models.SET_NULL, null=True, blank=True, related_name="+")
    opened_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return self.name


class Note(models.Model):
    """About anything."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.CharField(max_length=40)
    about = GenericForeignKey()
    text = models.TextField()


class Reply(models.Model):
    """Two levels below whatever its note is about."""

    note = models.ForeignKey(Note, models.CASCADE)
    answers = models.ForeignKey("self", models.CASCADE, null=True, blank=True)
    text = models.TextField()


class Animal(models.Model):
    enclosure = models.ForeignKey(Enclosure, models.CASCADE)
    name = models.CharField(max_length=50)
    mother = models.ForeignKey("self", models.SET_NULL, null=True, blank=True)
    species = models.ForeignKey(Species, models.PROTECT, to_field="code", null=True, blank=True)
    tags = models.ManyToManyField(Tag, blank=True)
    friends = models.ManyToManyField("self", blank=True)
    keepers = models.ManyToManyField("Keeper", through="Shift", blank=True)
    notes = GenericRelation(Note)
    arrived_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self):
        return self.name


class Bird(Animal):
    """A table of its own below its parent's."""

    wingspan = models.DecimalField(max_digits=8, decimal_places=3)


class Owl(Bird):
    """The third table of one object."""

    hearing = models.FloatField(default=1.5)


class Songbird(Bird):
    class Meta:
        proxy = True


class Keeper(AbstractBaseUser):
    """Has a password."""

    name = models.CharField(max_length=50, unique=True)
    USERNAME_FIELD = "name"

    def __str__(self):
        return self.name


class Shift(models.Model):
    """The through table of animals and keepers."""

    animal = models.ForeignKey(Animal, models.CASCADE)
    keeper = models.ForeignKey(Keeper, models.CASCADE)
    day = models.DateField()

    class Meta:
        unique_together = [("animal", "keeper", "day")]


class Meal(models.Model):
    animal = models.ForeignKey(Animal, models.CASCADE)
    price = MoneyField(max_length=30, default="0 EUR")
    grams = models.PositiveIntegerField(default=0)
    kilos = models.GeneratedField(expression=F("grams") / 1000.0, output_field=models.FloatField(), db_persist=True)


class Bite(models.Model):
    """Two levels below its animal, and referred to nowhere."""

    meal = models.ForeignKey(Meal, models.CASCADE)
    size = models.IntegerField(db_column="odd size")


class Passport(models.Model):
    """Its key is its animal's."""

    animal = models.OneToOneField(Animal, models.CASCADE, primary_key=True)
    number = models.UUIDField(default=uuid.uuid4, unique=True)


class Seat(models.Model):
    """A key of two columns."""

    pk = models.CompositePrimaryKey("row", "number")
    enclosure = models.ForeignKey(Enclosure, models.CASCADE)
    row = models.IntegerField()
    number = models.IntegerField()


class Visit(models.Model):
    """Stays when its animal goes, and knows it no more."""

    animal = models.ForeignKey(Animal, models.SET_NULL, null=True, blank=True)
    keeper = models.ForeignKey(Keeper, models.SET_NULL, null=True, blank=True)
    visitor = models.CharField(max_length=50)


class Record(models.Model):
    """One column of each kind."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    animal = models.ForeignKey(Animal, models.CASCADE, null=True, blank=True)
    blob = models.BinaryField(null=True)
    data = models.JSONField(default=dict)
    weight = models.DecimalField(max_digits=30, decimal_places=12, null=True)
    length = models.FloatField(null=True)
    huge = models.BigIntegerField(null=True)
    asleep = models.DurationField(null=True)
    at = models.DateTimeField(null=True)
    born = models.DateField(null=True)
    fed = models.TimeField(null=True)
    tame = models.BooleanField(null=True)
    address = models.GenericIPAddressField(null=True)
    text = models.TextField(blank=True)
    photo = models.FileField(upload_to="photos", blank=True)
    order = models.IntegerField(default=0)


class Contest(models.Model):
    """Every way to be unique."""

    animal = models.ForeignKey(Animal, models.CASCADE)
    year = models.IntegerField()
    place = models.IntegerField()
    title = models.CharField(max_length=50)
    champion = models.BooleanField(default=False)
    held_on = models.DateField(null=True, blank=True)
    slug = models.SlugField(unique_for_date="held_on", default="", blank=True)

    class Meta:
        unique_together = [("year", "place")]
        constraints = [
            models.UniqueConstraint(fields=["animal"], condition=Q(champion=True), name="zoo_one_title_an_animal"),
            models.UniqueConstraint(Lower("title"), name="zoo_title_in_any_case"),
            models.CheckConstraint(condition=Q(place__gt=0), name="zoo_place_is_positive"),
        ]


class Lock(models.Model):
    """Holds what must never be kept: one column that may be empty, and one that may not."""

    enclosure = models.ForeignKey(Enclosure, models.CASCADE)
    api_token = models.CharField(max_length=50)
    pin = models.CharField(max_length=10, null=True)  # noqa: DJ001 - empty is not the same as none


class Spare(models.Model):
    """Holds a secret that may be lost."""

    enclosure = models.ForeignKey(Enclosure, models.CASCADE)
    secret = models.CharField(max_length=50, null=True)  # noqa: DJ001 - empty is not the same as none


class Nest(models.Model):
    """Hangs on nothing, as a model must whose rows the database itself takes along."""

    place = models.CharField(max_length=50)

    def __str__(self):
        return self.place


if django.VERSION >= (6, 1):

    class Egg(models.Model):
        """Goes by the database's own hand, which tells nobody."""

        nest = models.ForeignKey(Nest, models.DB_CASCADE)

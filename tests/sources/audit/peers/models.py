from __future__ import annotations

from importlib.util import find_spec

from django.db import models


class Shelf(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self):
        return self.name


class Book(models.Model):
    shelf = models.ForeignKey(Shelf, models.CASCADE)
    title = models.CharField(max_length=50)

    if find_spec("simple_history"):
        from simple_history.models import HistoricalRecords

        history = HistoricalRecords()

    def __str__(self):
        return self.title


class Page(models.Model):
    book = models.ForeignKey(Book, models.CASCADE)
    number = models.IntegerField()

    def __str__(self):
        return str(self.number)


class Edition(models.Model):
    number = models.AutoField(primary_key=True)
    printer = models.CharField(max_length=50)

    def __str__(self):
        return self.printer


class Atlas(Book, Edition):
    """Two parents, each with a key of its own."""

    maps = models.IntegerField(default=0)

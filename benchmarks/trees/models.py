from __future__ import annotations

from django.db import models


class Tree(models.Model):
    name = models.CharField(max_length=50)
    note = models.TextField()
    height = models.FloatField()
    planted_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        app_label = "trees"

    def __str__(self):
        return self.name


class Leaf(models.Model):
    tree = models.ForeignKey(Tree, models.CASCADE)
    colour = models.CharField(max_length=50)
    veins = models.TextField()
    size = models.IntegerField()

    class Meta:
        app_label = "trees"

    def __str__(self):
        return self.colour


class JsonRow(models.Model):
    """The plain way to keep a deleted row."""

    model = models.CharField(max_length=100)
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=200)
    data = models.JSONField()

    class Meta:
        app_label = "trees"
        indexes = [models.Index(fields=["model", "key"], name="trees_json_row")]

    def __str__(self):
        return f"{self.model}:{self.key}"

"""Putting back against the delete that it undoes: 10,000 objects by ``delete_selected``, two more rows with each.

The delete goes through the admin's own view, audited; the putting back is what the command and the button call, its
look for conflicts included.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from statistics import median
from urllib.parse import urlencode

import stage
from stage import Figure

RATIO_AT_MOST = 0.5
ENGINES = ("sqlite", "postgresql")


def fill(objects: int) -> None:
    """One animal with many meals, of two bites each."""
    from tests.zoo.models import Animal, Bite, Enclosure, Meal

    animal = Animal.objects.create(enclosure=Enclosure.objects.create(name="Bench"), name="Hungry")
    meals = Meal.objects.bulk_create([Meal(animal=animal, grams=number) for number in range(objects)], batch_size=1000)
    meals = list(Meal.objects.all()) if meals[0].pk is None else meals
    Bite.objects.bulk_create([Bite(meal=meal, size=size) for meal in meals for size in (1, 2)], batch_size=1000)


def round_trip() -> tuple[float, float]:
    """Seconds to delete all meals in the admin, and to put them back."""
    from django.contrib.auth.models import User
    from django.test import Client

    from freeze_alerts.sources.audit.models import Deletion
    from freeze_alerts.sources.audit.restore import Person, restore
    from tests.zoo.models import Bite, Meal

    client = Client()
    client.force_login(User.objects.get())
    count = Meal.objects.count()
    keys = list(Meal.objects.values_list("pk", flat=True))
    body = urlencode({"action": "delete_selected", "_selected_action": keys, "post": "yes"}, doseq=True)
    began = time.perf_counter()
    answer = client.post("/admin/zoo/meal/", body, content_type="application/x-www-form-urlencoded")
    gone = time.perf_counter()
    assert (answer.status_code, Bite.objects.count()) == (302, 0)
    deletion = Deletion.objects.latest("id")
    looked = time.perf_counter()
    restore(deletion, by=Person("bench"))
    back = time.perf_counter()
    assert (Meal.objects.count(), Bite.objects.count()) == (count, 2 * count)
    return gone - began, back - looked


def register() -> None:
    from django.conf import settings
    from django.contrib import admin
    from django.contrib.auth.models import User
    from django.urls import path

    from benchmarks import shop
    from freeze_alerts.admin import AuditAdminMixin
    from tests.zoo.models import Meal

    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = None
    admin.site.register(Meal, type("MealAdmin", (AuditAdminMixin, admin.ModelAdmin), {}))
    shop.urlpatterns.append(path("admin/", admin.site.urls))
    User.objects.create_superuser("bench")


def measure(engine: str, objects: int, rounds: int) -> bool:
    stage.set_up()
    stage.migrate()
    register()
    fill(objects)
    pairs = [round_trip() for _ in range(rounds)]
    ratios = [back / gone for gone, back in pairs]
    spread = f"×{median(ratios):.2f} [{min(ratios):.2f}-{max(ratios):.2f}]"
    took = f"{median(gone for gone, _ in pairs):.1f} s deleted, {median(back for _, back in pairs):.1f} s put back"
    figures = [
        Figure(f"{engine}: put back / delete", spread, f"≤ ×{RATIO_AT_MOST}", median(ratios) <= RATIO_AT_MOST),
        Figure(f"{engine}: {objects:,} objects, {3 * objects:,} rows", took),
    ]
    return stage.show("Putting back", figures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--engine", action="append", choices=ENGINES)
    parser.add_argument("--quick", action="store_true", help="fewer objects and rounds")
    told = parser.parse_args()
    objects, rounds = (1000, 3) if told.quick else (told.objects, told.rounds)
    engines = stage.usable(told.engine or ENGINES)
    if len(engines) > 1:  # settings are read once a process
        each = [f"--objects={objects}", f"--rounds={rounds}"]
        return max([stage.run_alone(__file__, f"--engine={engine}", *each) for engine in engines], default=0)
    (engine,) = engines
    name = f"freeze_alerts_bench_undo_{os.getpid()}"
    stage.configure(engine, name)
    stage.tell_settings(DELIVERY={"DOORBELL": "none"})
    with stage.databases(engine, name):
        return 0 if measure(engine, objects, rounds) else 1


if __name__ == "__main__":
    sys.exit(main())

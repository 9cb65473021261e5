"""What does the audit cost? Deletes through the real admin views, with the mixin and without, in turns.

Each object has two children that go with it. A ratio is the median over the pairs, a pair being one delete each, the
order of each pair tossed for.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import stage
from django.utils.lorem_ipsum import WORDS
from stage import Figure

RATIO_OF_MANY, RATIO_OF_ONE, MEMORY_RATIO = 1.15, 1.3, 1.2
QUERIES_AT_MOST, ADDED_MICROSECONDS, FIND_MS = 350, 50, 5
SIZE_SHARE = 0.25
SHORT, LONG = 1, 3
"""How long the texts of a row are: a long one takes some 400 bytes as JSON with its index, as a shop's order does."""
AUDITED, PLAIN = "audited", "plain"
_RANDOM = random.Random(1)


def text(words: int) -> str:
    """Lorem ipsum in no order."""
    return " ".join(_RANDOM.choices(WORDS, k=words))


def plant(count: int, length: int = 1) -> list[int]:
    """Trees of two leaves each, of random text, ``length`` times as much of it; their keys."""
    from benchmarks.trees.models import Leaf, Tree

    trees = Tree.objects.bulk_create(
        [Tree(name=text(3), note=text(14 * length), height=_RANDOM.random() * 40) for _ in range(count)],
        batch_size=2000,
    )
    leaves = [
        Leaf(tree=tree, colour=text(2), veins=text(7 * length), size=number) for tree in trees for number in (1, 2)
    ]
    Leaf.objects.bulk_create(leaves, batch_size=2000)
    return [tree.pk for tree in trees]


def migrate() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0, run_syncdb=True, skip_checks=True)


def visitor(name: str = "ada") -> Any:
    from django.contrib.auth import get_user_model
    from django.test import Client

    user = get_user_model().objects.filter(username=name).first()
    client = Client()
    client.force_login(user or get_user_model().objects.create_superuser(name))
    return client


class Crowd:
    """Somebody else for each object: of one person's, within a minute, the second is added to the first one's card."""

    def __init__(self, people: int) -> None:
        self._clients = [visitor(f"visitor {number}") for number in range(people)]
        self._turn = 0

    def next(self) -> Any:
        self._turn += 1
        return self._clients[self._turn % len(self._clients)]


def select_and_delete(client: Any, site: str, keys: Sequence[int]) -> None:
    from urllib.parse import urlencode

    fields = [("action", "delete_selected"), ("post", "yes"), *(("_selected_action", key) for key in keys)]
    kind = "application/x-www-form-urlencoded"
    answer = client.post(f"/{site}/trees/tree/", urlencode(fields), content_type=kind)
    assert answer.status_code == 302, answer.status_code


def delete_one(client: Crowd, site: str, keys: Sequence[int]) -> None:
    """As a person does: the page that asks, the answer, and the list that is shown then."""
    for key in keys:
        person, url = client.next(), f"/{site}/trees/tree/{key}/delete/"
        assert person.get(url).status_code == 200
        answer = person.post(url, {"post": "yes"}, follow=True)
        assert answer.status_code == 200, answer.status_code


def confirm_one(client: Crowd, site: str, keys: Sequence[int]) -> None:
    """The answer alone."""
    for key in keys:
        assert client.next().post(f"/{site}/trees/tree/{key}/delete/", {"post": "yes"}).status_code == 302


def take_pair(delete: Callable[..., None], client: Any, count: int) -> dict[str, float]:
    """Seconds of the same delete with the mixin and without, and of the processor's time, unstretched by others."""
    took = {}
    for site in _RANDOM.sample([PLAIN, AUDITED], 2):
        keys = plant(count)
        began, worked = time.perf_counter(), time.process_time()
        delete(client, site, keys)
        took[site], took[f"{site} cpu"] = time.perf_counter() - began, time.process_time() - worked
    return took


def ratios(engine: str, client: Any, rows: int, rounds: int) -> list[Figure]:
    figures = []
    crowd = Crowd(4 * 5 * rounds * 4 + 20)
    for name, delete, who, count, limit, pairs in (
        (f"{rows:,} objects by delete_selected", select_and_delete, client, rows, RATIO_OF_MANY, rounds),
        ("1 object: asked, confirmed, list shown", delete_one, crowd, 5, RATIO_OF_ONE, rounds * 4),
        ("1 object: the confirming POST alone", confirm_one, crowd, 5, None, rounds * 4),
    ):
        take_pair(delete, who, 2)
        taken = [take_pair(delete, who, count) for _ in range(pairs)]
        found = sorted(each[AUDITED] / each[PLAIN] for each in taken)
        ratio = median(found)
        unit, named = (count, "s") if count == rows else (1000, "ms")
        took = median(each[PLAIN] for each in taken) / count * unit
        shown = f"×{ratio:.2f} [{found[0]:.2f}-{found[-1]:.2f}] of {took:.1f} {named}"
        holds = None if limit is None else ratio <= limit
        figures.append(Figure(f"{engine}: {name}", shown, f"≤ ×{limit}" if limit else "", holds))
        worked = median(each[f"{AUDITED} cpu"] / each[f"{PLAIN} cpu"] for each in taken)
        figures.append(Figure(f"{engine}:   processor's time of this process alone", f"×{worked:.2f}"))
    return figures


def profile(engine: str) -> None:
    """Print what a single delete asks of the database, with the mixin and without."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    for site in (PLAIN, AUDITED):
        confirm_one(Crowd(1), site, plant(1))  # content types are remembered from now on
        crowd, keys = Crowd(2), plant(1)
        with CaptureQueriesContext(connection) as asked:
            confirm_one(crowd, site, keys)
        print(f"\n{engine}, {site}: {len(asked)} queries for one object's confirming POST")
        for each in asked.captured_queries:
            print(f"  {each['sql'][:110]}")


def queries(engine: str, client: Any, rows: int) -> Figure:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counted = {}
    for site in (PLAIN, AUDITED):
        keys = plant(rows)
        with CaptureQueriesContext(connection) as asked:
            select_and_delete(client, site, keys)
        counted[site] = len(asked)
    limit = max(QUERIES_AT_MOST, round(counted[PLAIN] * QUERIES_AT_MOST / 110))
    shown = f"{counted[AUDITED]:,}, plain {counted[PLAIN]:,}"
    return Figure(f"{engine}: queries for {rows:,} objects", shown, f"≤ {limit}", counted[AUDITED] <= limit)


def stored(engine: str, client: Any, rows: int) -> list[Figure]:
    """What a record takes, against one JSON row a deleted row; and how long it takes to find one object."""
    figures = []
    for length, limit in ((LONG, SIZE_SHARE), (SHORT, None)):
        keys, share, json_bytes = _kept(client, rows, length)
        name = f"{engine}: stored, of one JSON row a row of {json_bytes:.0f} bytes"
        holds = None if limit is None else share <= limit
        figures.append(Figure(name, f"{share:.2f}", f"≤ {limit}" if limit else "", holds))
    found = _find_ms(keys)
    name = f"{engine}: one object among 150,000 rows"
    return [*figures, Figure(name, f"{found:.1f} ms", f"≤ {FIND_MS} ms", found <= FIND_MS)]


def _kept(client: Any, rows: int, length: int) -> tuple[list[int], float, float]:
    """The keys of what was deleted, our bytes over those of JSON rows, and the bytes of such a row."""
    from django.db import connection

    from benchmarks.trees.models import JsonRow
    from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows

    DeletedRows.objects.all().delete()
    DeletedRoot.objects.all().delete()
    keys = plant(rows, length)
    _fill_rows_of_json()
    select_and_delete(client, AUDITED, keys)
    plant_history(50_000 - rows)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:  # what dead rows left behind counts for neither
            cursor.execute("VACUUM (FULL, ANALYZE)")
    ours, theirs = _kept_bytes(connection, rows)
    return keys, ours / theirs, theirs / JsonRow.objects.count()


def plant_history(roots: int) -> None:
    """Roots of other records, so that what is looked for stands among many."""
    from freeze_alerts.sources.audit.models import DeletedRoot, Deletion

    record = Deletion.objects.create(actor="history", row_count=3 * roots)
    named = (DeletedRoot(deletion=record, model="trees.tree", object_id=str(10**9 + n), repr="old", chunk=1)
             for n in range(roots))  # fmt: skip
    DeletedRoot.objects.bulk_create(named, batch_size=5000)


def _fill_rows_of_json() -> None:
    from django.forms.models import model_to_dict

    from benchmarks.trees.models import JsonRow, Leaf, Tree

    JsonRow.objects.all().delete()
    rows = [
        JsonRow(model=each._meta.label_lower, key=str(each.pk), name=str(each), data=model_to_dict(each))
        for model in (Tree, Leaf)
        for each in model.objects.all()
    ]
    JsonRow.objects.bulk_create(rows, batch_size=2000)


def _kept_bytes(connection: Any, rows: int) -> tuple[float, float]:
    """Our bytes of this record and those of the rows as JSON, tables and indexes alike."""
    from benchmarks.trees.models import JsonRow
    from freeze_alerts.sources.audit.models import DeletedRoot, DeletedRows

    with connection.cursor() as cursor:
        chunks, roots, theirs = (_bytes(cursor, model) for model in (DeletedRows, DeletedRoot, JsonRow))
    return chunks + roots * rows / DeletedRoot.objects.count(), theirs


def _bytes(cursor: Any, model: Any) -> int:
    if cursor.db.vendor == "postgresql":
        cursor.execute("SELECT pg_total_relation_size(%s)", [model._meta.db_table])
        return int(cursor.fetchone()[0])
    return _sqlite_bytes(cursor, model)


def _sqlite_bytes(cursor: Any, model: Any) -> int:
    """The bytes of a table and its indexes, where SQLite can tell; else the length of what they hold."""
    try:
        named = "SELECT name FROM sqlite_master WHERE tbl_name = %s"
        cursor.execute(f"SELECT sum(pgsize) FROM dbstat WHERE name IN ({named})", [model._meta.db_table])  # noqa: S608
        return int(cursor.fetchone()[0])
    except Exception:  # noqa: BLE001 - a SQLite built without dbstat
        columns = [each.column for each in model._meta.concrete_fields]
        cursor.execute(f"SELECT sum({' + '.join(f'length({each})' for each in columns)}) FROM {model._meta.db_table}")  # noqa: S608
        return int(cursor.fetchone()[0])


def _find_ms(keys: Sequence[int]) -> float:
    from freeze_alerts.sources.audit.models import Deletion

    took = []
    for key in _RANDOM.sample(list(keys), min(50, len(keys))):
        began = time.perf_counter()
        found = Deletion.objects.filter(root_objects__model="trees.tree", root_objects__object_id=str(key))
        assert len(found) == 1
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


def idle(engine: str, client: Any, calls: int) -> list[Figure]:
    """What a page of an audited admin costs that deletes nothing: the mixin's own part, and its queries."""
    from django.db import connection
    from django.db.models.signals import post_delete, pre_delete
    from django.test import RequestFactory
    from django.test.utils import CaptureQueriesContext
    from django.urls import resolve

    counted, spent = {}, {}
    request = RequestFactory().get("/audited/trees/tree/")
    for site in (PLAIN, AUDITED):
        client.get(f"/{site}/trees/tree/")
        with CaptureQueriesContext(connection) as asked:
            client.get(f"/{site}/trees/tree/")
        counted[site] = len(asked)
    whole = _added_to_a_page(client, calls // 2)
    view = resolve("/audited/trees/tree/").func
    inner = view.__wrapped__
    view.__closure__[[*view.__code__.co_freevars].index("view")].cell_contents = lambda *_a, **_k: None
    for name, called in (("with", view), ("without", lambda _request: None)):
        rounds = []
        for _ in range(5):
            began = time.process_time()
            for _ in range(calls):
                called(request)
            rounds.append((time.process_time() - began) / calls * 1e6)
        spent[name] = min(rounds)
    assert inner is not None
    listening = len(pre_delete.receivers) + len(post_delete.receivers)
    added = spent["with"] - spent["without"]
    same = counted[PLAIN] == counted[AUDITED]
    return [
        Figure(
            f"{engine}: queries of a page that deletes nothing",
            f"{counted[AUDITED]}, plain {counted[PLAIN]}",
            "the same",
            same,
        ),
        Figure(
            f"{engine}: time it adds", f"{added:.0f} µs", f"≤ {ADDED_MICROSECONDS} µs", added <= ADDED_MICROSECONDS
        ),
        Figure(f"{engine}: the same, measured on whole pages", f"{whole:.0f} µs"),
        Figure(f"{engine}: receivers connected afterwards", str(listening), "0", listening == 0),
    ]


def _added_to_a_page(client: Any, calls: int) -> float:
    """Microseconds of the processor's, the median of pairs: what is around the list finds nothing of ours warm."""
    added = []
    for _ in range(calls):
        took = {}
        for site in _RANDOM.sample([PLAIN, AUDITED], 2):
            began = time.process_time()
            client.get(f"/{site}/trees/tree/")
            took[site] = time.process_time() - began
        added.append((took[AUDITED] - took[PLAIN]) * 1e6)
    return median(added)


def memory(engine: str, script: str, rows: int) -> Figure:
    peaks = {}
    for site in (PLAIN, AUDITED):
        plant(rows)
        told = subprocess.run([sys.executable, script, "--peak", site, "--objects", str(rows)], capture_output=True,
                              text=True, check=True)  # fmt: skip
        peaks[site] = int(told.stdout.split()[-1])
    ratio = peaks[AUDITED] / peaks[PLAIN]
    shown = f"×{ratio:.2f}, {peaks[AUDITED] // 1024} MB and {peaks[PLAIN] // 1024} MB"
    return Figure(f"{engine}: peak memory for {rows:,} objects", shown, f"≤ ×{MEMORY_RATIO}", ratio <= MEMORY_RATIO)


def measure(engine: str, options: argparse.Namespace) -> bool:
    name = f"freeze_alerts_bench_audit_{os.getpid()}"
    stage.configure(engine, name)
    stage.tell_settings(DELIVERY={"DOORBELL": "none"})
    with stage.databases(engine, name):
        stage.set_up()
        migrate()
        if options.profile:
            profile(engine)
            return True
        client = visitor()
        figures = ratios(engine, client, options.objects, options.rounds)
        figures.append(queries(engine, client, options.objects))
        figures += stored(engine, client, options.objects)
        figures.append(memory(engine, __file__, options.objects))
        figures += idle(engine, client, 2000)
        from django.db import connections

        connections.close_all()
        return stage.show(f"The audit on {engine}", figures)


def tell_peak(site: str, rows: int) -> None:
    """In a process of its own: delete, and say how much memory it ever had."""
    stage.set_up()
    from benchmarks.trees.models import Tree

    select_and_delete(visitor(), site, list(Tree.objects.order_by("-pk").values_list("pk", flat=True)[:rows]))
    status = Path("/proc/self/status").read_text(encoding="ascii")  # rusage would tell the parent's peak, if higher
    print(re.search(r"VmHWM:\s*(\d+)", status)[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objects", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a glance: fewer objects")
    parser.add_argument("--engine", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--profile", action="store_true", help="list one delete's queries, and measure nothing")
    parser.add_argument("--peak", choices=[PLAIN, AUDITED], help=argparse.SUPPRESS)
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.objects, options.rounds = min(options.objects, 1000), min(options.rounds, 2)
    os.environ["FREEZE_ALERTS_BENCH_TREES"] = "yes"
    if options.peak:
        tell_peak(options.peak, options.objects)
        return 0
    engines = stage.usable(options.engine or ["sqlite", "postgresql"])
    if options.alone or len(engines) == 1:
        return 0 if all(measure(engine, options) for engine in engines) else 1
    shared = ["--alone", f"--objects={options.objects}", f"--rounds={options.rounds}"]
    shared += ["--profile"] if options.profile else []
    codes = [stage.run_alone(__file__, *shared, "--engine", engine) for engine in engines]
    return max(codes, default=0)


if __name__ == "__main__":
    sys.exit(main())

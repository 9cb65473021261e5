"""What does a backup cost, beside the least that it could: ``pg_dump`` into nothing, and ``pg_restore`` by hand?

Each figure is a ratio of two runs of the same minute: the limit is taken just before and just after ours, so that a
busy machine slows both. Ours and django-dbbackup's run in processes where Django is set up already, as a worker's is.
Memory is that of ``manage.py backup_database``, a process of its own, in a project that has nothing else (``plain``).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlite_writer
import stage
from stage import Figure

WALL_RATIO, FASTER_THAN_OTHERS, SIZE_RATIO, WHOLE_MEGABYTES, DISK_RATIO = 1.25, 4.0, 1.1, 64, 1.05
COUNT_SHARE, RESTORE_RATIO, WRITER_MILLISECONDS, SQLITE_MEGABYTES = 0.05, 1.1, 50, 100
MEGABYTE = 1 << 20

# Half of it orders with JSON, as a shop's are; some that hardly compress at all.
_TABLES = """
CREATE TABLE orders (id bigint PRIMARY KEY, number uuid, at timestamptz, total numeric(10, 2), data jsonb);
CREATE TABLE items (id bigint PRIMARY KEY, order_id bigint, name text, price numeric(10, 2));
CREATE TABLE photos (id bigint PRIMARY KEY, content bytea);
INSERT INTO orders SELECT i, gen_random_uuid(), now() - i * interval '1 second', i % 1000,
    jsonb_build_object('customer', md5(i::text), 'lines', i % 9, 'note', repeat('please leave it at the door ', 4))
    FROM generate_series(1, {megabytes} * 1500) i;
INSERT INTO items SELECT i, i / 3, 'a thing of kind ' || md5(i::text), i % 100
    FROM generate_series(1, {megabytes} * 2500) i;
INSERT INTO photos SELECT i, decode(string_agg(md5(random()::text || j), ''), 'hex')
    FROM generate_series(1, {megabytes}) i, generate_series(1, 10000) j GROUP BY i;
CREATE INDEX ON orders (at); CREATE INDEX ON items (order_id);
ALTER TABLE items ADD FOREIGN KEY (order_id) REFERENCES orders (id) NOT VALID;
VACUUM ANALYZE;
"""


def work(what: str, directory: str) -> None:
    """One process: does its work when it is told to, and says what that took."""
    stage.set_up()
    from django.core.management import call_command
    from django.db import connections

    connections["default"].ensure_connection()
    before = _peak_bytes()
    print("ready", flush=True)
    sys.stdin.readline()
    began, said = time.perf_counter(), {}
    if what == "ours":
        said = _make(directory)
    elif what == "shares":
        said = _shares()
    elif what == "restore":
        _restore(Path(directory))
    else:
        call_command("dbbackup", verbosity=0)
    said["seconds"] = said.get("seconds") or time.perf_counter() - began
    print(json.dumps({**said, "own_bytes": _peak_bytes() - before, "peak_bytes": _peak_bytes()}), flush=True)


def _make(directory: str) -> dict[str, Any]:
    from freeze_alerts.sources.backups import manifest, pipeline

    began = time.perf_counter()
    outcome = pipeline.make("default")
    seconds = time.perf_counter() - began
    assert isinstance(outcome, pipeline.Made), outcome
    began = time.perf_counter()
    if outcome.manifest.engine == "postgresql":
        _count()
    manifest.write(outcome.manifest, Path(directory))
    return {"seconds": seconds, "counting": time.perf_counter() - began, "name": outcome.manifest.file}


def _shares() -> dict[str, Any]:
    """Of the processor's time that a backup takes, here, of its tools and in the server, what the counts take."""
    from django.db import connections

    from freeze_alerts.sources.backups import pipeline

    name, spent, ended = connections["default"].settings_dict["NAME"], dict[int, float](), threading.Event()
    before = server_seconds(name)

    def watch() -> None:
        while not ended.wait(0.05):
            spent.update(server_seconds(name))

    watcher = threading.Thread(target=watch)
    watcher.start()
    own = sum(os.times()[:4])
    try:
        outcome = pipeline.make("default")
    finally:
        ended.set()
        watcher.join()
    assert isinstance(outcome, pipeline.Made), outcome
    if not spent:
        return {"share": None}  # the server is elsewhere
    dump, *others = sorted((seconds - before.get(pid, 0) for pid, seconds in spent.items()), reverse=True)
    return {"share": sum(others) / (dump + sum(others) + sum(os.times()[:4]) - own)}


def server_seconds(database: str) -> dict[int, float]:
    """What each of the server's processes for that database has had of the processor, where it runs here."""
    found = {}
    for path in Path("/proc").glob("[0-9]*"):
        try:
            title = (path / "cmdline").read_text()
            if title.startswith("postgres:") and f" {database} " in title:
                fields = (path / "stat").read_text().rpartition(")")[2].split()
                found[int(path.name)] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, UnicodeDecodeError):
            continue
    return found


def _count() -> None:
    from freeze_alerts.sources.backups import connection
    from freeze_alerts.sources.backups.engines import postgresql

    with connection.opened("default") as own:
        own.set_autocommit(False)
        own.cursor().execute("SET max_parallel_workers_per_gather = 0")
        postgresql.content(own)
        own.rollback()


def _restore(directory: Path) -> None:
    from freeze_alerts.sources.backups import manifest, restore

    restore.restore(manifest.read_all(directory).backups[0], directory, "default")


def _peak_bytes() -> int:
    """Of this process alone: what ``getrusage`` says may be its parent's."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def command_peaks(name: str, directory: Path) -> dict[str, float]:
    """Megabytes that the command took at most, and what Django and the driver take without us and without work."""
    _, host, _, port, _, user = login()
    database = {"ENGINE": "django.db.backends.postgresql", "NAME": name, "HOST": host, "PORT": port, "USER": user,
                "PASSWORD": os.environ["PGPASSWORD"]}  # fmt: skip
    peaks = {}
    with tempfile.TemporaryDirectory(prefix="freeze_alerts_bench_") as compiled:
        own = {**os.environ, "FREEZE_ALERTS_BENCH_DATABASE": json.dumps(database), "PYTHONPYCACHEPREFIX": compiled}
        own.pop("PYTHONDONTWRITEBYTECODE", None)
        twice = [("nothing", "yes"), ("backup_database", "")] * 2  # the first time compiles what pip would have
        for what, without in twice:
            _empty(directory)
            told = subprocess.run(
                [sys.executable, "benchmarks/plain/manage.py", what], cwd=stage.ROOT, check=True, capture_output=True,
                env=own | {"FREEZE_ALERTS_BENCH_WITHOUT": without}, text=True,
            )  # fmt: skip
            peaks[what] = int(told.stderr.split()[-1]) * 1024 / MEGABYTE
    return peaks


def run_worker(what: str, directory: Path, **environment: str) -> dict[str, Any]:
    with stage.again(__file__, "--work", what, "--directory", str(directory), **environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n", "the worker did not get ready"
            process.stdin.write("go\n")
            process.stdin.flush()
            said: dict[str, Any] = json.loads(process.stdout.readlines()[-1])
        finally:
            process.kill()  # it has said all, or never will
    return said


@contextmanager
def watched(directory: Path) -> Iterator[list[int]]:
    """The largest that everything in the directory ever was together."""
    largest, ended = [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.02):
            largest[0] = max(largest[0], used(directory))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield largest
    finally:
        ended.set()
        watcher.join()


def used(directory: Path) -> int:
    total = 0
    for path in directory.iterdir():
        try:
            total += path.stat().st_blocks * 512
        except FileNotFoundError:
            continue
    return total


def seconds_of(command: list[str], **options: Any) -> float:
    began = time.perf_counter()
    subprocess.run(command, check=True, **options)
    return time.perf_counter() - began


def login() -> list[str]:
    from tests import services

    service = services.find("postgresql")
    assert isinstance(service, services.Service)
    os.environ["PGPASSWORD"] = service.password
    return ["-h", service.host, "-p", str(service.port), "-U", service.user]


def limit(name: str) -> float:
    return seconds_of(["pg_dump", "-Fc", "-Z0", *login(), "-d", name], stdout=subprocess.DEVNULL)


def postgresql(megabytes: int, rounds: int, *, restores: int, others: int) -> bool:
    name = f"freeze_alerts_bench_{os.getpid()}_{megabytes}"
    stage.configure("postgresql", name)
    with tempfile.TemporaryDirectory(prefix="freeze_alerts_bench_") as place, stage.databases("postgresql", name):
        ours, theirs = Path(place) / "ours", Path(place) / "theirs"
        ours.mkdir(mode=0o700)
        theirs.mkdir()
        stage.tell_settings(BACKUPS={"DIRECTORY": str(ours)}, DELIVERY={"DOORBELL": "none"})
        stage.migrate_apart()
        seconds_of(["psql", "-q", "-v", "ON_ERROR_STOP=1", *login(), "-d", name], text=True,
                   input=_TABLES.format(megabytes=megabytes))  # fmt: skip
        holds = _dumps(name, megabytes, rounds, ours, theirs=theirs, others=others)
        if restores:
            holds &= _restores(name, megabytes, restores, ours, Path(place))
        _drop_aside(name)
        return holds


def _dumps(name: str, megabytes: int, rounds: int, ours: Path, *, theirs: Path, others: int) -> bool:
    limit(name)  # once, so that all find what they read in memory
    ratios, against, kept, counting = [], [], [], []
    largest: list[float] = []
    size = other_size = 0
    for number in range(rounds):
        _empty(ours)
        before = limit(name)
        with watched(ours) as most:
            said = run_worker("ours", ours)
        after = limit(name)
        size = (ours / said["name"]).stat().st_size
        largest.append(most[0] / size)
        ratios.append(said["seconds"] / ((before + after) / 2))
        counting.append(said["counting"] / said["seconds"])
        kept.append(said["own_bytes"] / MEGABYTE)
        if number < others and _has_dbbackup():
            _empty(theirs)
            other = run_worker("theirs", theirs, FREEZE_ALERTS_BENCH_DBBACKUP=str(theirs))
            against.append(other["seconds"] / said["seconds"])
            other_size = max((path.stat().st_size for path in theirs.iterdir()), default=0)
    figures = [
        _at_most("wall, ours / pg_dump into nothing", ratios, WALL_RATIO, "×{:.2f}"),
        *_counting(ours, rounds, statistics.median(counting)),
        *_memory(name, ours, statistics.median(kept)),
        _at_most("most on the disk / finished file", largest, DISK_RATIO, "×{:.2f}"),
    ]
    if megabytes < 100:
        figures = [Figure(each.name, each.value) for each in figures]
    elif against:
        middle = statistics.median(against)
        figures.append(
            Figure(
                "django-dbbackup / ours", f"×{middle:.1f}", f"≥ ×{FASTER_THAN_OTHERS:g}", middle >= FASTER_THAN_OTHERS
            )
        )
        ratio = size / other_size
        figures.append(
            Figure("our file / django-dbbackup's", f"×{ratio:.2f}", f"≤ ×{SIZE_RATIO}", ratio <= SIZE_RATIO)
        )
    return stage.show(f"PostgreSQL, {megabytes} MB, {rounds} rounds, file {size / MEGABYTE:.0f} MB", figures)


def _counting(ours: Path, rounds: int, alone: float) -> list[Figure]:
    """They are made beside the dump: what they add to the wall is at most their share of what all cores do."""
    figures = [Figure("counts and manifest, one after the other / the whole", f"{alone:.1%}")]
    shares = []
    for _ in range(rounds):
        _empty(ours)
        shares.append(run_worker("shares", ours)["share"])
    if None in shares:
        return figures
    return [_at_most("counts, of the processor's time of the whole", shares, COUNT_SHARE, "{:.1%}"), *figures]


def _memory(name: str, ours: Path, kept: float) -> list[Figure]:
    """Leaves one backup where they lie."""
    peaks = command_peaks(name, ours)
    whole, bare = peaks["backup_database"], peaks["nothing"]
    return [
        _at_most("memory of manage.py backup_database", [whole], WHOLE_MEGABYTES, "{:.1f} MB"),
        Figure("  of Django and the driver alone", f"{bare:.1f} MB"),
        Figure("  of a backup in a process set up already", f"{kept:.0f} MB"),
    ]


def _restores(name: str, megabytes: int, rounds: int, ours: Path, place: Path) -> bool:
    (packed,) = ours.glob("*.zst")
    by_hand, alone = [], []
    raw = place / "raw.dump"
    for number in range(rounds):  # whoever comes second waits while the disk still writes what the first one left
        took = _restored_by_us(name, ours) if number % 2 else 0
        unpacking, restoring = _restored_by_hand(name, packed, raw)
        took = took or _restored_by_us(name, ours)
        by_hand.append(took / (unpacking + restoring))
        alone.append(took / restoring)
    middle = statistics.median(alone)
    figures = [
        _at_most("restore, ours / by hand (zstd -d, pg_restore -j2)", by_hand, RESTORE_RATIO, "×{:.2f}"),
        Figure("restore, ours / pg_restore -j2 alone", f"×{middle:.2f} ({min(alone):.2f}–{max(alone):.2f})"),
    ]
    return stage.show(f"PostgreSQL, {megabytes} MB, {rounds} restores", figures)


def _restored_by_us(name: str, ours: Path) -> float:
    said = run_worker("restore", ours)
    _drop_aside(name)
    return float(said["seconds"])


def _restored_by_hand(name: str, packed: Path, raw: Path) -> tuple[float, float]:
    """Seconds to unpack, and to restore."""
    target = f"{name}_by_hand"
    unpacking = seconds_of(["zstd", "-q", "-f", "-d", str(packed), "-o", str(raw)])
    seconds_of(["createdb", *login(), target])
    restoring = seconds_of(["pg_restore", "-j", "2", *login(), "-d", target, str(raw)])
    seconds_of(["dropdb", *login(), target])
    raw.unlink()
    return unpacking, restoring


def sqlite(megabytes: int, rounds: int) -> bool:
    name = f"freeze_alerts_bench_{os.getpid()}_sqlite"
    stage.configure("sqlite", name)
    with tempfile.TemporaryDirectory(prefix="freeze_alerts_bench_") as place, stage.databases("sqlite", name):
        ours = Path(place) / "ours"
        ours.mkdir(mode=0o700)
        stage.tell_settings(BACKUPS={"DIRECTORY": str(ours)}, DELIVERY={"DOORBELL": "none"})
        stage.migrate_apart()
        path = Path(tempfile.gettempdir()) / f"{name}.sqlite3"
        sqlite_writer.fill(path, megabytes)
        waits, failures, kept = [], 0, []
        for _ in range(rounds):
            with sqlite_writer.writing(path) as result:
                said = run_worker("ours", ours)
            waits.append(result["longest_milliseconds"])
            failures += int(result["failures"])
            kept.append(said["peak_bytes"] / MEGABYTE)
            _empty(ours)
        figures = [
            _at_most("longest wait of a writer", waits, WRITER_MILLISECONDS, "{:.0f} ms"),
            Figure("commits that failed", str(failures), "none", failures == 0),
            _at_most("memory of the whole process", kept, SQLITE_MEGABYTES, "{:.0f} MB"),
        ]
        return stage.show(f"SQLite in WAL mode, {megabytes} MB, {rounds} rounds", figures)


def _at_most(what: str, measured: list[float], limit: float, shape: str) -> Figure:
    middle = statistics.median(measured)
    spread = f"{shape.format(min(measured))}–{shape.format(max(measured))}"
    return Figure(what, f"{shape.format(middle)} ({spread})", f"≤ {shape.format(limit)}", middle <= limit)


def _empty(directory: Path) -> None:
    for path in directory.iterdir():
        path.unlink()


def _drop_aside(name: str) -> None:
    """What restores have set aside."""
    listed = subprocess.run(
        ["psql", "-XAtq", *login(), "-d", "postgres", "-c", "SELECT datname FROM pg_database"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    for each in listed.stdout.split():
        if each.startswith(f"{name[:40]}_before_"):
            seconds_of(["dropdb", *login(), each])


def _has_dbbackup() -> bool:
    try:
        import dbbackup  # type: ignore[import-untyped]  # noqa: F401
    except ImportError:
        return False
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=1000)
    parser.add_argument("--small", type=int, default=10, help="megabytes of the second, small database")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--restores", type=int, default=3)
    parser.add_argument("--others", type=int, default=2, help="rounds that django-dbbackup runs in, too")
    parser.add_argument("--engine", choices=("sqlite", "postgresql"), action="append")
    parser.add_argument("--quick", action="store_true", help="100 MB, two rounds")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("--directory", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        work(options.work, options.directory)
        return 0
    if options.quick:
        options.megabytes, options.rounds, options.restores, options.others = 100, 2, 1, 1
    engines = stage.usable(options.engine or ["postgresql", "sqlite"])
    if shutil.which("pg_dump") is None and "postgresql" in engines:
        print("LEFT OUT: pg_dump is not installed")
        engines.remove("postgresql")
    if not _has_dbbackup():
        print("LEFT OUT: django-dbbackup is not installed")
    holds = []
    if "postgresql" in engines:
        if options.small:
            holds.append(postgresql(options.small, options.rounds, restores=0, others=0))
        holds.append(postgresql(options.megabytes, options.rounds, restores=options.restores, others=options.others))
    if "sqlite" in engines:
        holds.append(sqlite(options.megabytes, options.rounds))
    return 0 if all(holds) else 1


if __name__ == "__main__":
    sys.exit(main())

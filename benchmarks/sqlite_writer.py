"""A writer that commits while a backup is made, in a process of its own, and says how long it had to wait at worst."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

COMMITS_A_SECOND = 20
_ROW_BYTES = 4000


def fill(path: Path, megabytes: int) -> None:
    """About that much, in WAL mode."""
    with closing(sqlite3.connect(path)) as own:
        own.execute("PRAGMA journal_mode = wal")
        own.execute("CREATE TABLE written (id integer PRIMARY KEY, at real)")
        own.execute("CREATE TABLE filling (id integer PRIMARY KEY, content text)")
        rows = ((os.urandom(_ROW_BYTES // 4).hex() + " said" * (_ROW_BYTES // 10),) for _ in range(megabytes * 256))
        own.executemany("INSERT INTO filling (content) VALUES (?)", rows)
        own.commit()


@contextmanager
def writing(path: Path) -> Iterator[dict[str, Any]]:
    """While the block runs; the result is filled in when it is left."""
    result: dict[str, Any] = {}
    process = subprocess.Popen(
        [sys.executable, __file__, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield result
    finally:
        process.stdin.close()
        result.update(json.loads(process.stdout.readline()))
        process.wait()


def main(path: str) -> None:
    longest, failures = 0.0, 0
    os.set_blocking(0, False)
    with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as own:
        own.execute("PRAGMA synchronous = normal")  # what is waited for is the lock, not the disk
        print("ready", flush=True)
        while _goes_on():
            began = time.perf_counter()
            try:
                own.execute("INSERT INTO written (at) VALUES (?)", [time.time()])
            except sqlite3.OperationalError:
                failures += 1
            longest = max(longest, time.perf_counter() - began)
            time.sleep(1 / COMMITS_A_SECOND)
    print(json.dumps({"longest_milliseconds": longest * 1000, "failures": failures}), flush=True)


def _goes_on() -> bool:
    """Until its stdin is closed."""
    try:
        return os.read(0, 1) != b""
    except BlockingIOError:
        return True


if __name__ == "__main__":
    main(sys.argv[1])

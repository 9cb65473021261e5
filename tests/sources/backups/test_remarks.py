from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from freeze_alerts.sources.backups import freshness, remarks
from freeze_alerts.sources.backups.engines.engine import Server
from freeze_alerts.sources.backups.manifest import Directory, Proof
from freeze_alerts.sources.backups.preflight import Outlook
from freeze_alerts.sources.backups.remarks import Level, Remark, Run, Seen
from freeze_alerts.sources.backups.running import Note
from tests.sources.backups.manifests import NOON, a_manifest

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
GIGABYTE = 1 << 30
ROOMY = Outlook((), (), Server("15.18", "postgresql:1/shop", "shop", 2 * GIGABYTE), "pg_dump 15.18", 10**12, 10**9)
NOTE = Note("default", "default_1", "web1", 17, NOON - HOUR, "", Path(".default.running"))


def kept(count=1, *, step=HOUR, newest=None, **changes):
    """``count`` complete backups, one each ``step``, the newest with other values where they are given."""
    all_of_them = [
        a_manifest(f"default_20261123T120000Z_{number:08x}", snapshot_at=NOON - number * step, **changes)
        for number in range(count)
    ]
    return (replace(all_of_them[0], **(newest or {})), *all_of_them[1:])


def seen(backups=None, **changes):
    backups = kept() if backups is None else backups
    judged = freshness.judge(
        "default", max((each.snapshot_at for each in backups if each.snapshot_at <= NOON), default=None),
        watched_since=None, stale_after=25 * HOUR, now=NOON,
    )  # fmt: skip
    return Seen(**{"database": "default", "now": NOON, "found": Directory(backups=backups), "freshness": judged,
                   "outlook": ROOMY, **changes})  # fmt: skip


def told(seen):
    return [(each.level.value, each.about) for each in remarks.judge(seen) if each.level is not Level.FINE]


def test_a_first_good_backup_is_fine():
    assert told(seen()) == []


@pytest.mark.parametrize(
    ("why", "looked_at", "expected"),
    [
        ("none at all", seen(()), [("critical", "age")]),
        ("too old", seen(kept(newest={"snapshot_at": NOON - 26 * HOUR})), [("critical", "age")]),
        ("a newer one lost its file", seen(found=Directory(
            backups=kept(newest={"snapshot_at": NOON - HOUR}), missing=(a_manifest("gone", snapshot_at=NOON),),
        )), [("critical", "file")]),
        ("damaged", seen(damage="its SHA-256 is another"), [("critical", "file")]),
        ("no key to read it with", seen(unread="no identity is set"), [("unknown", "file")]),
        ("without one table", seen(kept(newest={"rows": {}})), [("critical", "size")]),
        ("without one row", seen(kept(3, newest={"rows": {"shop.orders": 0}})), [("critical", "size")]),
        ("as good as empty", seen(kept(8, newest={"raw_bytes": 99})), [("critical", "size")]),
        ("half as large", seen(kept(8, newest={"raw_bytes": 499})), [("warning", "size")]),
        ("twice as large", seen(kept(8, newest={"raw_bytes": 2001})), [("warning", "size")]),
        ("just as large", seen(kept(8, newest={"raw_bytes": 500})), []),
        ("no tool for the next", seen(outlook=replace(ROOMY, problems=("no pg_dump",))), [("critical", "next")]),
        ("room for one", seen(outlook=replace(ROOMY, free_bytes=19 * 10**8)), [("warning", "space")]),
        ("room for two", seen(outlook=replace(ROOMY, free_bytes=2 * 10**9)), []),
        ("a run that died", seen(runs=[Run(NOTE, dead=True)]), [("warning", "run")]),
        ("a run that is on", seen(runs=[Run(NOTE, dead=False)]), []),
        ("one that is on for ever", seen(runs=[Run(replace(NOTE, started_at=NOON - 25 * HOUR), dead=False)]),
         [("warning", "run")]),
        ("never proved, and young", seen(kept(8, step=DAY)), []),
        ("never proved", seen(kept(12, step=DAY)), [("warning", "proof")]),
        ("proved long ago", seen(kept(12, step=DAY, proofs=(Proof(2, NOON - 9 * DAY, "ok"),))),
         [("warning", "proof")]),
        ("proved this week", seen(kept(12, step=DAY, proofs=(Proof(1, NOON - 7 * DAY, "ok"),))), []),
        ("large and not WAL", seen(journal="delete"), [("warning", "journal")]),
        ("large and WAL", seen(journal="wal"), []),
        ("not copied", seen(copies="it has no second copy"), [("warning", "copies")]),
    ],
)  # fmt: skip
def test_each_thing_is_judged_for_itself(why, looked_at, expected):
    assert told(looked_at) == expected


def test_a_small_database_needs_no_wal():
    small = replace(ROOMY, server=replace(ROOMY.server, size_bytes=GIGABYTE - 1))
    assert told(seen(journal="delete", outlook=small)) == []


def test_one_from_the_future_is_neither_the_newest_nor_fresh():
    late = a_manifest("late", snapshot_at=NOON + DAY)
    old = a_manifest("old", snapshot_at=NOON - 30 * HOUR)
    assert told(seen((late, old))) == [("critical", "age")]
    assert [each.about for each in remarks.of_directory(Directory(backups=(late, old)), [], NOON)] == ["clock"]


def test_what_lies_about_in_the_directory_is_named():
    found = Directory(
        backups=kept(), missing=(a_manifest("old", snapshot_at=NOON - DAY),), damaged=(Path("bad.json"),),
        orphans=(Path("a.dump.zst"),), foreign=tuple(Path(f"shop-{number}.psql") for number in range(5)),
    )  # fmt: skip
    said = remarks.of_directory(found, ["it can be read by others"], NOON)
    assert [(each.level.value, each.about) for each in said] == [
        ("warning", "files"), ("warning", "manifests"), ("warning", "orphans"), ("warning", "directory"),
        ("fine", "foreign"),
    ]  # fmt: skip
    assert said[-1].text == "5 of other tools, left alone: shop-0.psql, shop-1.psql, shop-2.psql and 2 more"


def test_a_newer_file_that_is_gone_is_told_of_its_database_alone():
    found = Directory(backups=kept(newest={"snapshot_at": NOON - DAY}), missing=(a_manifest("new", snapshot_at=NOON),))
    assert remarks.of_directory(found, [], NOON) == []


@pytest.mark.parametrize(
    ("levels", "worst"),
    [
        ([], "fine"),
        (["fine", "warning"], "warning"),
        (["warning", "unknown"], "unknown"),
        (["unknown", "critical", "warning"], "critical"),
    ],
)
def test_the_worst_decides(levels, worst):
    assert remarks.worst([Remark(Level(level), "", "") for level in levels]) == worst

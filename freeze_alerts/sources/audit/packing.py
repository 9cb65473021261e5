"""A chunk's content as bytes: by columns, whose values are alike, whole numbers as steps, compressed."""

from __future__ import annotations

import json
from itertools import accumulate, pairwise
from typing import Any

LEVEL = 6
_STEPS, _VALUES = "steps", "values"


def pack(content: dict[str, Any]) -> bytes:
    import zstandard  # heavy, and only who deletes needs it

    stored = {**content, "tables": [_by_columns(table) for table in content["tables"]]}
    text = json.dumps(stored, separators=(",", ":")).encode()
    return zstandard.ZstdCompressor(level=LEVEL, write_checksum=True).compress(text)


def unpack(data: bytes) -> dict[str, Any]:
    """What :func:`pack` was given."""
    import zstandard  # heavy, and only who reads a record needs it

    content: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(data))
    return {**content, "tables": [_by_rows(table) for table in content["tables"]]}


def _by_columns(table: dict[str, Any]) -> dict[str, Any]:
    rows = table["rows"]
    columns = [_laid_out(list(column)) for column in zip(*rows, strict=True)]
    return {**{name: value for name, value in table.items() if name != "rows"}, "count": len(rows), "stored": columns}


def _by_rows(table: dict[str, Any]) -> dict[str, Any]:
    columns = [_read_back(*column) for column in table["stored"]]
    rows = [list(row) for row in zip(*columns, strict=True)] if columns else [[] for _ in range(table["count"])]
    return {**{name: value for name, value in table.items() if name not in ("count", "stored")}, "rows": rows}


def _laid_out(column: list[Any]) -> tuple[str, list[Any]]:
    if all(type(value) is int for value in column):
        return _STEPS, [*column[:1], *(after - before for before, after in pairwise(column))]
    return _VALUES, column


def _read_back(kind: str, column: list[Any]) -> list[Any]:
    return list(accumulate(column)) if kind == _STEPS else column

"""What a subcommand is: a value, so that the command itself is a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

EXIT_FINE, EXIT_FAILED = 0, 1

Options = dict[str, Any]


@dataclass(frozen=True)
class Subcommand:
    """``run`` prints to the command's streams and returns the exit code."""

    name: str
    help: str
    examples: str
    add_arguments: Callable[[CommandParser], None]
    run: Callable[[BaseCommand, Options], int]

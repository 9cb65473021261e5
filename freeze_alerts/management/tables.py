"""Tables in a terminal: columns aligned, words painted after they are padded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from django.core.management.base import BaseCommand

from freeze_alerts.catalog import Severity

Paint = Callable[[str], str]


def print_table(
    command: BaseCommand, head: Sequence[str], rows: Sequence[Sequence[str]], paints: Mapping[str, Paint] | None = None
) -> None:
    """Print the rows under their head. ``paints``, by column, turn a padded cell into its coloured form."""
    for line in _lines(head, rows, command.style.MIGRATE_HEADING, paints or {}):
        command.stdout.write(line)


def severity_paint(command: BaseCommand) -> Paint:
    """Colours a severity's word, where the terminal shows colours."""
    style = command.style
    loud = {Severity.WARNING: style.WARNING, Severity.MEDIUM: style.WARNING}

    def paint(cell: str) -> str:
        severity = Severity(cell.strip().lower())
        return (style.ERROR if severity >= Severity.HIGH else loud.get(severity, style.NOTICE))(cell)

    return paint


def _lines(
    head: Sequence[str], rows: Sequence[Sequence[str]], paint_head: Paint, paints: Mapping[str, Paint]
) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    yield paint_head("  ".join(map(str.ljust, head, widths)).rstrip())
    for row in rows:
        padded = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
        painted = [paints.get(name, str)(cell) for name, cell in zip(head, padded, strict=True)]
        yield "  ".join(painted).rstrip()

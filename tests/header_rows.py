"""Labelled header rows: `# source`, then cells `header > label`, parted by ` | `; behind `» ` a row
of invented cells.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from pipeline.mapping import Columns, OpenQuestion, guess

CRITICAL = frozenset({"email", "first_name", "last_name", "company", "title"})
_SAMPLE = "» "


class Row(NamedTuple):
    """A header row: (header, label) in order; '' for a column that is none's."""

    source: str
    columns: list[tuple[str, str]]
    sample: list[list[str]] = []

    @property
    def headers(self) -> list[str]:
        return [header for header, _ in self.columns]

    @property
    def has_email(self) -> bool:
        return any(label == "email" for _, label in self.columns)


def read(path: Path) -> list[Row]:
    _, *blocks = re.split(r"^# ", path.read_text(), flags=re.MULTILINE)
    return [_row(*block.strip().splitlines()) for block in blocks]


def _row(source: str, *lines: str) -> Row:
    headers = " | ".join(line for line in lines if not line.startswith(_SAMPLE))
    sample = [line.removeprefix(_SAMPLE).split(" | ") for line in lines if line.startswith(_SAMPLE)]
    return Row(source, [_column(cell) for cell in headers.split(" | ")], sample)


def _column(cell: str) -> tuple[str, str]:
    header, arrow, label = cell.rpartition(" >")
    return (header.strip(), label.strip()) if arrow else (cell.strip(), "")


def understood(row: Row, *, with_cells: bool = False) -> Columns:
    """What is understood of a row, also where a question is left."""
    try:
        return guess(row.headers, None, row.sample if with_cells else ())
    except OpenQuestion as question:
        return question.columns


def wrong_columns(
    rows: Iterable[Row],
    understand: Callable[[Row], Columns],
    critical: Collection[str] = CRITICAL,
) -> list[str]:
    """Columns that were taken for a critical field and are labelled otherwise, each in words."""
    return [
        f"{row.source}: {header!r} became {columns.field_of(n)}"
        for row in rows
        for columns in [understand(row)]
        for n, (header, label) in enumerate(row.columns)
        if columns.field_of(n) in {*critical} - {label}
    ]


def missed_columns(rows: Iterable[Row], understand: Callable[[Row], Columns]) -> list[str]:
    """Columns that are not what their label says, each in words: `?` is to be asked, `*` any field
    that is not critical.
    """
    return [
        f"{row.source}: {header!r} is {columns.field_of(n) or 'nothing'}, not {label}"
        for row in rows
        for columns in [understand(row)]
        for n, (header, label) in enumerate(row.columns)
        if not _is_right(label, columns.field_of(n))
    ]


def _is_right(label: str, found: str) -> bool:
    return (
        found == label or (label == "?" and not found) or (label == "*" and found not in CRITICAL)
    )

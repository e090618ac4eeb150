"""Labelled header rows: `# source`, then cells `header > label`, parted by ` | `; behind `» ` a row
of invented cells.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

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

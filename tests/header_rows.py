"""Labelled header rows: `# source`, then cells `header > label`, parted by ` | `."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple


class Row(NamedTuple):
    """A header row: (header, label) in order; '' for a column that is none's."""

    source: str
    columns: list[tuple[str, str]]

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
    return Row(source, [_column(cell) for cell in " | ".join(lines).split(" | ")])


def _column(cell: str) -> tuple[str, str]:
    header, arrow, label = cell.rpartition(" >")
    return (header.strip(), label.strip()) if arrow else (cell.strip(), "")

"""The same file as an Excel workbook, for clients that want one. Pure.

Rows stream through: openpyxl's write-only mode keeps none of them. Every cell is text, so that
no spreadsheet makes a formula, a date or a sum of it; what looks like a formula is disarmed as
in the CSV, for the day when somebody saves the sheet as one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import IO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from deliveries.csv_export import Block, neutralise

MOST_ROWS = 1_048_575  # below the header
LONGEST_CELL = 32_767


def write(blocks: Iterable[Block], stream: IO[bytes], headers: Sequence[str]) -> int:
    """Write header and rows, MOST_ROWS at most; returns how many rows."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Leads")
    sheet.freeze_panes = "A2"
    sheet.append([_cell(sheet, name) for name in headers])
    written = 0
    for block in blocks:
        for row in zip(*block, strict=True):
            sheet.append([_cell(sheet, cell) for cell in row])
            written += 1
    book.save(stream)
    return written


def _cell(sheet: object, text: str) -> WriteOnlyCell | None:
    if not text:
        return None
    shown = ILLEGAL_CHARACTERS_RE.sub("", neutralise(text))[:LONGEST_CELL]
    cell = WriteOnlyCell(sheet, shown)
    cell.data_type = "s"
    return cell

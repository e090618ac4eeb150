"""The records of an Excel workbook (.xlsx): the rows of the sheet with the leads, as text. Pure.

Cells read as people see them: 20 and not 20.0, dates as in ISO 8601, what a formula came to.
openpyxl reads row by row, but holds all different texts of the workbook: hence a limit on them.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, groupby, islice
from typing import IO, Any

from openpyxl import load_workbook
from openpyxl.utils.escape import unescape

from pipeline.headers.cell_kinds import FULL_WIDTH_AT
from pipeline.reading.csv_records import LONGEST_BATCH, Batch
from pipeline.reading.file_kinds import NotALeadFile

_TEXTS = "xl/sharedStrings.xml"
_BOOK, _STRICT = "xl/workbook.xml", b"http://purl.oclc.org/ooxml/"  # openpyxl sees nothing in these
_MOST_TEXT = 256 << 20  # bytes; in memory about three times as much
_LAST_ROW = 1 << 20  # a sheet has no more; a damaged one may claim any number
_SKIPPED_AT_ONCE = 2_000
_LOOKED_AT, _MOST_SHEETS = 100, 50  # rows, sheets: to find the one with the leads
_FEWEST_LEADS, _SHOWN = 2, 5  # rows that make a sheet a list; sheets in a message
_LONGEST = 500  # characters of a cell that are looked at
# A sentence that mentions an address is none.
_ADDRESS = re.compile(
    rf"\s*(?:mailto:|[^<>@]{{0,80}}<)?[^\s@<>,;|]+[@{FULL_WIDTH_AT}][^\s@<>,;|]+\.[^\s@<>,;|]+>?\s*"
)
_EXACT = 1e15
# The format of postcodes, 00501, and of phones whose plus sign or zero stands in it alone.
_DIGITS = re.compile(r'(?:"(\+?\d*)"|\\?(\+))?(#|0+)')
# A formula without what it came to: of programs that write workbooks and do not compute. Where it
# came to an empty text, the cell says that it is one.
_UNSAVED = re.compile(
    rb'<(\w+:|)c(?![^>]*\st="str")[^>]*><\1f(?:\s[^>]*)?(?:/>|>[^<]*</\1f>)(?:<\1v\s*/>|<\1v></\1v>)?</\1c>'
)
_ROW = re.compile(rb"<(?:\w+:)?row[\s/>]")
_LOOKED_THROUGH = 1 << 20  # bytes of a sheet
_HIDDEN = "hidden", "veryHidden"


class Rows:
    """Hands out a sheet's rows as csv_records.Records does those of a text.

    A line is a row of the sheet. Blank rows behind the last filled one are none. `delimiter` parts
    the cells where each row stands in one.
    """

    def __init__(self, content: IO[bytes], delimiter: str = "") -> None:
        self._rows = _filled_rows(content)
        self._delimiter = delimiter
        self._next: tuple[int, list[str]] | None = None
        self._number = 1  # of the row to be handed out next

    def take(self, count: int) -> Batch:
        """The next `count` rows, fewer at the end or where they are huge. Raises NotALeadFile."""
        batch = Batch()
        size = 0
        while len(batch.rows) < count and size < LONGEST_BATCH and self._peek():
            row = self._row()
            batch.rows.append(row)
            batch.lines.append(self._number)
            self._number += 1
            size += sum(map(len, row))
        return batch

    def skip(self, count: int) -> None:
        """Leave `count` rows behind. Raises NotALeadFile."""
        while count > 0 and (rows := self.take(min(count, _SKIPPED_AT_ONCE)).rows):
            count -= len(rows)

    def _row(self) -> list[str]:
        """The row of this number: blank before the next filled one."""
        if self._next is None or self._next[0] != self._number:
            return []
        row, self._next = self._next[1], None
        return split_row(row, self._delimiter)

    def _peek(self) -> bool:
        if self._next is None:
            self._next = _guarded(self._rows)
        return self._next is not None


def split_row(row: list[str], delimiter: str) -> list[str]:
    """The cells of a line of CSV that a spreadsheet has taken for one; without delimiter as it is."""
    if not delimiter or len(row) != 1:
        return row
    lines = csv.reader(io.StringIO(row[0], newline=""), delimiter=delimiter)
    return [cell for cells in lines for cell in cells]


def _guarded(rows: Iterator[tuple[int, list[str]]]) -> tuple[int, list[str]] | None:
    """The next of the rows; whatever is wrong with the workbook is one sentence."""
    try:
        with warnings.catch_warnings():  # about styles and ornaments that openpyxl leaves out
            warnings.simplefilter("ignore")
            return next(rows, None)
    except NotALeadFile:
        raise
    except Exception as problem:  # of all parsers that openpyxl stands on
        raise NotALeadFile(
            "The workbook is damaged or was not uploaded whole: save it once more, or export the"
            " leads as CSV."
        ) from problem


def _filled_rows(content: IO[bytes]) -> Iterator[tuple[int, list[str]]]:
    """(number from 1, cells) of each row with something in it, of the sheet that begins with most
    addresses, or else of the first that has a row.
    """
    with zipfile.ZipFile(content) as archive:
        if _TEXTS in archive.namelist() and archive.getinfo(_TEXTS).file_size > _MOST_TEXT:
            raise NotALeadFile(
                "The workbook holds too much text to be read as one: export the leads as CSV."
            )
        if _STRICT in archive.read(_BOOK):
            raise NotALeadFile(
                "The workbook is saved as Strict Open XML: save it as a usual Excel workbook (.xlsx)."
            )
    content.seek(0)
    book = load_workbook(content, read_only=True, data_only=True, keep_links=False)
    sheets = sorted(book.worksheets, key=lambda sheet: sheet.sheet_state in _HIDDEN)
    sheet = _with_leads(sheets[:_MOST_SHEETS])
    if sheet is not None:
        _refuse_unsaved(content, sheet)
        yield from _rows_of(sheet)


def _refuse_unsaved(content: IO[bytes], sheet: Any) -> None:
    """Raise NotALeadFile where a column of formulas would be read as empty."""
    path = sheet._worksheet_path  # noqa: SLF001  (nothing public says which part it is)
    with zipfile.ZipFile(content) as archive, archive.open(path) as part:
        start = part.read(_LOOKED_THROUGH)
    rows = _ROW.split(start)[1:]
    unsaved = sum(_UNSAVED.search(row) is not None for row in rows)
    if unsaved >= _FEWEST_LEADS and 2 * unsaved >= len(rows) - 1:  # the header has none
        raise NotALeadFile(
            "The workbook has formulas without their results: open it in Excel, save it, and upload"
            " it again."
        )


@dataclass(frozen=True)
class _Start:
    """How a sheet begins; `addresses` are those of each row that has one for a cell."""

    sheet: Any
    is_filled: bool
    has_at: bool
    addresses: list[set[str]]


def _with_leads(sheets: list[Any]) -> Any:
    """The sheet with most addresses: a cover, or a legend, has none or mentions one.

    Raises NotALeadFile where other sheets hold leads too, which would be lost.
    """
    filled = []
    for _, some in groupby(sheets, lambda sheet: sheet.sheet_state in _HIDDEN):
        starts = [_start_of(sheet) for sheet in some]
        best = max(starts, key=lambda start: (len(start.addresses), start.has_at))
        if best.has_at:
            _refuse_others(best, starts)
            return best.sheet
        filled += [start.sheet for start in starts if start.is_filled]
    return filled[0] if filled else None


def _start_of(sheet: Any) -> _Start:
    rows = [row for _, row in islice(_rows_of(sheet), _LOOKED_AT)]
    found = map(_addresses, rows)
    has_at = any(sign in cell for row in rows for cell in row for sign in f"@{FULL_WIDTH_AT}")
    return _Start(sheet, bool(rows), has_at, list(filter(None, found)))


def _addresses(row: list[str]) -> set[str]:
    return {cell.strip().casefold() for cell in row if _ADDRESS.fullmatch(cell[:_LONGEST])}


def _refuse_others(best: _Start, starts: list[_Start]) -> None:
    known = set().union(*best.addresses)
    others = [start for start in starts if _adds(start.addresses, known)]
    if others:  # not if it is the same list sorted anew, or one that a column of it refers to
        known = set(chain.from_iterable(_all_addresses(best)))
        others = [start for start in others if _adds(_all_addresses(start), known)]
    names = [f"'{start.sheet.title}'" for start in starts if start is best or start in others]
    if len(names) > 1:
        last = names[-1] if len(names) <= _SHOWN else f"{len(names) - _SHOWN + 1} more"
        raise NotALeadFile(
            f"The workbook has leads on {len(names)} sheets, {', '.join(names[:-1][: _SHOWN - 1])}"
            f" and {last}: save each as a file of its own."
        )


def _all_addresses(start: _Start) -> Iterator[set[str]]:
    return (_addresses(row) for _, row in _rows_of(start.sheet))


def _adds(addresses: Iterable[set[str]], known: set[str]) -> bool:
    """Whether these are of rows with leads whose addresses are not known."""
    unknown = (row for row in addresses if row and not row & known)
    return len(list(islice(unknown, _FEWEST_LEADS))) == _FEWEST_LEADS


def _rows_of(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    sheet.reset_dimensions()  # which may say A1 only, or a million rows of nothing
    for number, cells in enumerate(sheet.iter_rows(min_row=1, min_col=1), start=1):
        if number > _LAST_ROW:
            raise NotALeadFile("The workbook claims more rows than a sheet can have.")
        row = [_shown(cell) for cell in cells if cell is not None]
        while row and not row[-1].strip():
            row.pop()
        if row:
            yield number, row


def _shown(cell: Any) -> str:
    value = cell.value
    if value is None or cell.data_type == "e":  # #N/A, #REF!
        return ""
    if isinstance(value, str):
        return _unescaped(value) if "_x" in value else value
    return _number(value, cell.number_format) if cell.data_type == "n" else _other(value)


def _unescaped(value: str) -> str:
    """_x000D_ is a line break; signs beyond Unicode's first 65,536 are escaped in two halves."""
    text: str = unescape(value)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _number(value: Any, form: str) -> str:
    if form.endswith("%"):
        return f"{value * 100:.15g}%"
    if isinstance(value, float) and not (value.is_integer() and abs(value) < _EXACT):
        return f"{value:.15g}"  # Excel's own digits: 0.3 and not 0.30000000000000004
    whole = str(int(value))
    digits = _DIGITS.fullmatch(form)
    return (digits[1] or digits[2] or "") + whole.zfill(len(digits[3])) if digits else whole


def _other(value: object) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime):
        return (value if value.time() != dt.time.min else value.date()).isoformat()
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)

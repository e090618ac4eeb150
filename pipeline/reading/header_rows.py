"""Which record is the header: behind titles and notes, or none at all. Pure.

The name of a column is short, is no number and no address, and stands over as many cells as
the records below it have. What the caller knows as a column's name decides before any looks.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain

from pipeline.reading.csv_records import Batch
from pipeline.reading.dialects import ADDRESS, DELIMITERS, VOTING
from pipeline.reading.file_kinds import NotALeadFile

_LONGEST_NAME = 120  # characters
_NUMBER = re.compile(r"\W*\d(?:[\d\W]|(?<=\d)[eETZ](?=[\d\W]|$))*")  # also dates and phones
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_LONGEST_SAMPLED = 200
_OF_ADDRESSES = re.compile("mail|correo|courriel|e-?post", re.IGNORECASE)
_FEW = 2  # columns, where one known name is enough


@dataclass(frozen=True, kw_only=True)
class Header:
    """`row` counts records from 1; 0 says that there is none, and the names are made up."""

    row: int
    names: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...]


def find(
    batch: Batch, *, whole: bool, known: Callable[[str], bool] | None = None, first: int = 0
) -> Header:
    """The header among the first records of a file, and a sample of what stands behind it.

    `whole` says that these are all; `first` is the position of the first that may be it. Raises
    NotALeadFile where nothing is filled, or nothing behind the header.
    """
    _divide_header(batch, first)
    table = _Table(batch, first)
    if not table.filled:
        raise NotALeadFile("The file holds only empty rows; a header and a row are needed.")
    position = table.header(known or (lambda _name: False))
    table.refuse_broken(len(batch.rows) if position is None else position)
    if position is None:
        width = table.usual_length
        names = tuple(f"column {n}" for n in range(1, width + 1))
        return Header(row=0, names=names, sample=_sample(batch, first, width))
    row = batch.rows[position]
    if whole and not table.has_more(position):
        raise NotALeadFile(f"The file has a header ({', '.join(row)[:80]}) and no row behind it.")
    return Header(
        row=position + 1,
        names=tuple(map(_name, row)),
        sample=_sample(batch, position + 1, len(row)),
    )


def _divide_header(batch: Batch, first: int) -> None:
    """Give the first record as many cells as the lead below has, where another sign divides it:
    headers are typed by hand, or put before the rows of another program.
    """
    filled = (n for n, row in enumerate(batch.rows) if n >= first and any(map(str.strip, row)))
    header, lead = next(filled, None), next(filled, None)
    if header is None or lead is None or len(batch.rows[header]) > 1:
        return
    if not _Record(batch.rows[lead]).has_address:
        return
    for sign in DELIMITERS:
        cells = next(csv.reader(batch.rows[header], delimiter=sign))
        if len(cells) == len(batch.rows[lead]) > 1:
            batch.rows[header] = cells


def with_ends(header: Header, batch: Batch, *, delimiter: str) -> Header:
    """With columns without a name where all rows end in as many delimiters more than the header.

    Where that is a comma, one in each name (`Lee, Ann`) shifts all cells likewise: not if a blank
    stands behind it, nor if the addresses stand below another name than theirs.
    """
    width = len(header.names)
    rows = [row for n, row in enumerate(batch.rows) if n >= header.row and any(map(str.strip, row))]
    surplus = {len(row) - width for row in rows}
    if (
        len(rows) < _FEW
        or len(surplus) != 1
        or any(map(str.strip, chain.from_iterable(row[width:] for row in rows)))
        or (delimiter == "," and _may_be_shifted(header.names, rows))
    ):
        return header
    more = max(0, *surplus)
    return replace(
        header,
        names=header.names + ("",) * more,
        sample=tuple(row + ("",) * more for row in header.sample),
    )


def _may_be_shifted(names: Sequence[str], rows: Sequence[Sequence[str]]) -> bool:
    if any(cell[:1].isspace() for row in rows for cell in row):
        return True
    below = {
        names[n]
        for row in rows
        for n, cell in enumerate(row)
        if ADDRESS.search(cell[:_LONGEST_SAMPLED])
    }
    return not below or not all(map(_OF_ADDRESSES.search, below))


def _name(cell: str) -> str:
    """As people see it: PostgreSQL's JSON takes no NUL, and quotes belong to the file."""
    name = _CONTROL.sub("", cell).strip().strip("\ufeff").strip()
    if len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name


def _sample(batch: Batch, start: int, width: int) -> tuple[tuple[str, ...], ...]:
    """The filled and whole records from `start` on, each as wide as the header."""
    rows = (
        row
        for position, row in enumerate(batch.rows)
        if position >= start and position not in batch.broken
        if any(map(str.strip, row)) and not any(map(str.strip, row[width:]))
        if not any("\x00" in cell for cell in row)
    )
    return tuple(
        tuple(cell.strip()[:_LONGEST_SAMPLED] for cell in (row + [""] * width)[:width])
        for row, _ in zip(rows, range(VOTING), strict=False)
    )


class _Record:
    def __init__(self, cells: Sequence[str]) -> None:
        self.cells = [cell.strip() for cell in cells]
        self.filled = sum(map(bool, self.cells))
        self.length = len(cells)
        self.width = max((n for n, cell in enumerate(self.cells, 1) if cell), default=0)

    @cached_property
    def has_address(self) -> bool:
        return any(ADDRESS.search(cell[:_LONGEST_SAMPLED]) for cell in self.cells)

    @cached_property
    def holds_names(self) -> bool:
        """Whether its cells may be the names of columns."""
        names = [cell for cell in self.cells if cell]
        data = any(
            len(name) > _LONGEST_NAME or _NUMBER.fullmatch(name) or _LINK.match(name)
            for name in names
        )
        return not data and not self.has_address and 2 * len({*map(str.lower, names)}) >= len(names)


class _Table:
    """The first records, looked at together."""

    def __init__(self, batch: Batch, first: int) -> None:
        self._batch = batch
        self._records = {
            position: _Record(row)
            for position, row in enumerate(batch.rows)
            if position >= first and any(map(str.strip, row))
        }
        self._broken = [position for position in batch.broken if position >= first]
        self._usual = _most([record.width for record in self._records.values()])
        self.usual_length = _most([record.length for record in self._records.values()])

    @property
    def filled(self) -> bool:
        return bool(self._records or self._broken)

    def has_more(self, position: int) -> bool:
        return any(n > position for n in (*self._records, *self._broken))

    def refuse_broken(self, end: int) -> None:
        """A broken record before `end` that is as wide as the others is the header, or a lead
        taken for it: nobody can say which column is which.
        """
        for position in self._broken:
            wide = len(self._batch.broken[position].cells) >= self._usual
            if position < end and wide and not self._before(position):
                raise NotALeadFile(
                    f"Line {self._batch.lines[position]}, the header, opens a quote it never"
                    " closes."
                )

    def _before(self, position: int) -> bool:
        """Whether a record of the table itself stands before."""
        return any(n < position and self._is_full(record) for n, record in self._records.items())

    def header(self, known: Callable[[str], bool]) -> int | None:
        """The position of the header; None where the first record is a lead already."""
        named = self._by_names(known)
        return self._by_looks() if named is None else named

    def _by_names(self, known: Callable[[str], bool]) -> int | None:
        counts = {
            position: sum(known(_name(cell)) for cell in record.cells if cell)
            for position, record in self._first_records()
        }
        best = self._best(counts)
        if best is None or not counts[best]:
            return None
        # A title may well be called Notes: one known name is enough in small tables only, or above
        # the addresses.
        alone = counts[best] == 1 and (self._usual > _FEW or not self._records[best].holds_names)
        return None if alone and not self._names_addresses(best, known) else best

    def _names_addresses(self, position: int, known: Callable[[str], bool]) -> bool:
        """Whether a name stands over the addresses, and none of these above it."""
        cells = self._records[position].cells
        return any(
            known(_name(cells[n])) for n in self._address_columns if n < len(cells)
        ) and not any(record.has_address for n, record in self._records.items() if n < position)

    def _best(self, counts: dict[int, int]) -> int | None:
        """The record with the most names; above the first address, if it has half as many: a
        second table may stand below the leads.
        """
        best = max(counts, key=lambda position: counts[position], default=None)
        leads = next((n for n, record in self._records.items() if record.has_address), None)
        above = {n: count for n, count in counts.items() if leads is not None and n < leads}
        first = max(above, key=lambda position: above[position], default=None)
        if best is None or first is None or not above[first]:
            return best
        return first if 2 * above[first] >= counts[best] else best

    def _by_looks(self) -> int | None:
        shorter: list[int] = []
        for position, record in self._first_records():
            if not self._is_full(record):
                # Its rows have a cell too many each: to be refused by name, not to be guessed.
                if record.filled * 2 >= self._usual and record.holds_names:
                    shorter.append(position)
                continue
            if self._is_title(position, record):
                continue
            if not self._may_name(record):
                break
            return position
        return shorter[0] if shorter else None

    def _first_records(self) -> list[tuple[int, _Record]]:
        return [(n, record) for n, record in self._records.items() if n <= VOTING]

    def _is_full(self, record: _Record) -> bool:
        if record.length == 1 < self.usual_length:
            return False  # a line without a delimiter, however empty the rows below are
        if record.width >= self._usual:
            return True
        return record.length == self.usual_length and record.filled * 2 >= self._usual

    def _is_title(self, position: int, record: _Record) -> bool:
        """One cell, padded to the table's width, with better names in the next record."""
        if record.filled > 1 or record.has_address or self.usual_length == 1:
            return False
        following = next((r for n, r in self._records.items() if n > position), None)
        return following is not None and following.filled > 1 and self._may_name(following)

    def _may_name(self, record: _Record) -> bool:
        return record.holds_names and all(
            column < record.length and record.cells[column] for column in self._address_columns
        )

    @cached_property
    def _address_columns(self) -> list[int]:
        """Columns that hold addresses, half of them or more: a header has something to say about them."""
        counts = Counter(
            column
            for record in self._records.values()
            for column, cell in enumerate(record.cells)
            if ADDRESS.search(cell[:_LONGEST_SAMPLED])
        )
        return [column for column, times in counts.items() if 2 * times >= len(self._records)]


def _most(widths: Sequence[int]) -> int:
    """The most frequent; of several the largest."""
    counts = Counter(widths)
    return max(counts, key=lambda width: (counts[width], width), default=0)

"""How a text's records are told apart: its delimiter and its quotes, by its first records. Pure.

The same sample gives the same answer: what a file's row in the database does not keep, the
import finds again.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from pipeline.reading.csv_records import (
    RFC_4180,
    WHOLE_ADDRESS,
    Batch,
    Dialect,
    Records,
    loose_cells,
    unwrapped,
)

DELIMITERS = (",", ";", "\t", "|")
# Where none of the others is one; the last two are ASCII's own, and what Hive writes.
_RARE = ("^", "~", "\u00a6", "\x1f", "\x01")
VOTING = 50  # records
# So that as many stand behind a header that comes late; no more than csv_records bears unclosed.
TAKEN = 2 * VOTING

ADDRESS = re.compile(r"\S@[^\s@]+\.[^\s@]")
_SEP = re.compile(r"\ufeff?sep=([^\w\r\n\"'])[;,\t]*[\r\n]", re.IGNORECASE)
_ESCAPED_INSIDE = re.compile(r"""\\"[^",;\t|\r\n]""")
_LONGEST_ADDRESS = 320
_HEAD = 1 << 17  # characters
_AGREED = 0.5  # share of the records that must have one width
_FEW = 2
_TAIL = 0.8  # the same, of those behind the lines before a header

_BACKSLASH = Dialect(backslash=True)
_SPACED = Dialect(spaced=True)
_SINGLE = Dialect(quote="'")
_WRAPPED = Dialect(wrapped=True)
_CURLY = Dialect(curly=True)
_LOOSE = Dialect(loose=True)
_CURLY_CELL = re.compile("(?:^|[,;\t|]) ?[“„][^“”„]*[“”] ?(?=[,;\t|]|$)")


@dataclass(frozen=True, kw_only=True)
class Sample:
    """The beginning of a text; `whole` says that it is all of it."""

    text: str
    whole: bool = True

    @cached_property
    def head(self) -> str:
        """As much as shows how cells are quoted; no line of it is cut off."""
        if self.whole and len(self.text) <= _HEAD:
            return self.text
        return "".join(self.text[:_HEAD].splitlines(keepends=True)[:-1])

    def records(self, delimiter: str, dialect: Dialect = RFC_4180) -> Batch:
        """The first records, none of them cut off by the sample's end."""
        text = io.StringIO(self.text, newline="")
        batch = Records(text, delimiter, dialect).take(TAKEN)
        if not self.whole and len(batch.rows) < TAKEN:
            # The sample ends within a record, whose quote only seems to stay open.
            end = min([*batch.broken, len(batch.rows) - 1])
            del batch.rows[max(end, 1) :]
        return batch


def told(sample: Sample) -> str:
    """The delimiter that a first line such as Excel's `sep=;` tells; '' where there is none."""
    found = _SEP.match(sample.text)
    return found[1] if found else ""


def find(sample: Sample) -> tuple[str, Dialect]:
    """(delimiter, dialect) of the text."""
    delimiter = told(sample)
    if delimiter and (_vote(sample.records(delimiter)) or not _best(_split(sample, RFC_4180))):
        return delimiter, dialect_of(sample, delimiter)
    dialect = dialect_of(sample, vote_delimiter(sample))
    delimiter = vote_delimiter(sample, dialect)
    return delimiter, dialect_of(sample, delimiter)


def vote_delimiter(sample: Sample, dialect: Dialect = RFC_4180) -> str:
    """The sign by which most records have as many cells, over 1. For a text of one column it
    is the sign it needs least, so that `Acme, Inc.` stays one cell.
    """
    batches = _split(sample, dialect)
    if best := _best(batches) or _by_addresses(batches):
        return best
    if best := _best(
        {sign: sample.records(sign, dialect) for sign in _RARE if sign in sample.head}
    ):
        return best
    # By which most quotes stay open is what was meant: that is to be said, not read over.
    broken = [sign for sign, batch in batches.items() if 2 * len(batch.broken) > len(batch.rows)]
    return broken[0] if broken else min(DELIMITERS, key=sample.head.count)


def of_one_column(batch: Batch) -> str:
    """The sign that divides the cells of a sheet into more: CSV that was opened where another one
    divides. '' where it has several columns, or none agree.
    """
    if any(len(row) > 1 for row in batch.rows):
        return ""
    return _best(_split(Sample(text="\n".join(map("".join, batch.rows))), RFC_4180))


def _split(sample: Sample, dialect: Dialect) -> dict[str, Batch]:
    return {sign: sample.records(sign, dialect) for sign in DELIMITERS}


class _Vote(NamedTuple):
    """How well the records agree, in how many cells; how many lines stand before them, and whether
    some cells are an address.
    """

    agreed: float
    width: int
    start: int = 0
    addressed: bool = False


def _best(batches: Mapping[str, Batch]) -> str:
    """The sign with the most votes, the first of several; '' where none has any."""
    votes = {sign: vote for sign, batch in batches.items() if (vote := _vote(batch))}
    first = min((vote.start for vote in votes.values() if vote.addressed), default=VOTING)
    # What stands before a table without an address is the header of one that has some.
    votes = {sign: vote for sign, vote in votes.items() if vote.addressed or vote.start <= first}
    return max(votes, key=lambda sign: votes[sign][:2], default="")


def _vote(batch: Batch) -> _Vote | None:
    """None where too few records agree; cells that are an address speak for it."""
    rows = [row for row in batch.rows if any(map(str.strip, row))][:VOTING]
    if not rows and any(len(row) > 1 for row in batch.rows):
        return _Vote(_AGREED, 0)  # nothing but delimiters
    widths = [len(row) for row in rows]
    wide = Counter(width for width in widths if width > 1)
    if not wide:
        return None
    usual, times = max(wide.items(), key=lambda item: (item[1], item[0]))
    # What stands before the header, a title or notes, agrees with nothing.
    start = widths.index(usual)
    of_all, of_tail = times / len(widths), times / len(widths[start:])
    agreed = of_all >= _AGREED or (of_tail >= _TAIL and min(usual, times) > _FEW)
    addressed = [_addresses(row) for row in rows]
    # Several addresses in a cell, under the name of one column, are no table.
    if not agreed or (start and addressed[start] == usual):
        return None
    share = sum(map(bool, addressed)) / len(rows)
    return _Vote(of_all + (of_tail + share) / 2, usual, start=start, addressed=share > 0)


def _by_addresses(batches: Mapping[str, Batch]) -> str:
    """The sign by which most records have an address in one place, below a first that is as wide as
    any: programs leave out the blank cells at a row's end. '' where there is none.
    """
    most = {sign: _in_one_place(batch) for sign, batch in batches.items()}
    best = max(most, key=lambda sign: most[sign], default="")
    return best if best and most[best] else ""


def _in_one_place(batch: Batch) -> int:
    header, *rows = [row for row in batch.rows if any(map(str.strip, row))][:VOTING] or [[]]
    if not _FEW <= len(header) >= max(map(len, rows), default=0) or any(map(_is_address, header)):
        return 0
    places = Counter(n for row in rows for n, cell in enumerate(row) if _is_address(cell))
    most = max(places.values(), default=0)
    return most if most >= max(_FEW, _AGREED * len(rows)) else 0


def _addresses(row: list[str]) -> int:
    """How many cells are an address; none where a list of several was cut into them."""
    return 0 if any(map(_is_cut, row)) else sum(map(_is_address, row))


def _is_cut(cell: str) -> bool:
    """Whether it holds an address and another sign: a piece of a list, or of a whole record."""
    return ADDRESS.search(cell) is not None and any(sign in cell for sign in DELIMITERS)


def _is_address(cell: str) -> bool:
    return len(cell) <= _LONGEST_ADDRESS and WHOLE_ADDRESS.fullmatch(cell) is not None


def dialect_of(sample: Sample, delimiter: str) -> Dialect:
    """RFC 4180, unless that cannot be and another dialect fits the first records."""
    if whole := _of_whole_lines(sample.head):
        return whole
    if _has_blanks_before_quotes(sample, delimiter) and _fits(sample, delimiter, _SPACED):
        return _SPACED
    escaped = _ESCAPED_INSIDE.search(sample.head)
    if escaped and not _fits(sample, delimiter, RFC_4180) and _fits(sample, delimiter, _BACKSLASH):
        return _BACKSLASH
    loose = _is_loose(sample, delimiter) and not _fits(sample, delimiter, RFC_4180, most=None)
    return _LOOSE if loose else RFC_4180


def _has_blanks_before_quotes(sample: Sample, delimiter: str) -> bool:
    if not re.search(f'{re.escape(delimiter)} +"', sample.head):
        return False
    rows = sample.records(delimiter).rows
    return any(cell.startswith(" ") and cell.lstrip(" ")[:1] == '"' for row in rows for cell in row)


def _of_whole_lines(text: str) -> Dialect | None:
    """What each of the first lines shows alone."""
    lines = [line.strip() for line in islice(_lines(text), VOTING)]
    if '"' not in text:
        curly = sum(bool(_CURLY_CELL.search(line)) for line in lines)
        return _CURLY if 2 * curly > len(lines) else _SINGLE if _is_single_quoted(lines) else None
    return _WRAPPED if _is_wrapped(lines) else None


def _lines(text: str) -> Iterator[str]:
    """Those that are filled, however they end: Excel for the Mac wrote CR alone."""
    return filter(str.strip, io.StringIO(text, newline=None))


def _is_wrapped(lines: list[str]) -> bool:
    """Whether each line that has quotes is one quoted cell, and holds as many cells as the others
    do: a program quotes only those that need it.
    """
    bare = [unwrapped(line) for line in lines]
    whole = [line != cells for line, cells in zip(lines, bare, strict=True) if '"' in line]
    if not whole or not all(whole) or len(lines) < _FEW or "@" in bare[0]:
        return False
    widths = [{len(row) for row in csv.reader(bare, delimiter=sign)} for sign in DELIMITERS]
    return any(len(each) == 1 and max(each) > 1 for each in widths)


def _is_single_quoted(lines: list[str]) -> bool:
    """Whether every line begins and ends with a single quote; the header may have none at all."""
    rows = [line for n, line in enumerate(lines) if n or "'" in line]
    quoted = [line for line in rows if len(line) > 1 and line[0] == "'" == line[-1]]
    return len(lines) > 1 and len(quoted) == len(rows)


def _is_loose(sample: Sample, delimiter: str) -> bool:
    """Whether each line has as many cells, all of them quoted, and quotes stand single in some.

    The header may have no quotes at all.
    """
    if f'"{delimiter}"' not in sample.head:
        return False
    lines = list(_lines(sample.head))
    quoted = [loose_cells(line, delimiter) for line in lines]
    if '"' not in lines[0]:
        quoted[0] = lines[0].split(delimiter)
    widths = {len(cells) for cells in quoted}
    if len(widths) != 1 or min(widths) < _FEW or len(lines) < _FEW:
        return False
    return any('"' in cell.replace('""', "") for cells in quoted for cell in cells)


def _fits(sample: Sample, delimiter: str, dialect: Dialect, *, most: int | None = VOTING) -> bool:
    """Whether nothing stands behind a closing quote but a delimiter or the end of the line, in the
    first records.
    """
    lines = list(io.StringIO(sample.head, newline=""))
    if dialect.backslash:
        lines = [line.replace("\\\\", "").replace('\\"', '""') for line in lines]
    if dialect.spaced:  # behind a quote too
        lines = [re.sub(f'" +(?={re.escape(delimiter)})', '"', line) for line in lines]
    reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=dialect.spaced, strict=True)
    try:
        for row in islice(reader, most):
            if dialect.spaced and any(cell.startswith('"') for cell in row):
                return False
    except csv.Error:
        return False
    return True

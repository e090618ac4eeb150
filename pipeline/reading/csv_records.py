"""The records of a CSV text, one after the other, whatever is wrong with some of them. Pure.

Python's csv module splits the cells. It has one weakness: a quote that never closes swallows
all that follows, to the end of the file and of the memory. Here such a quote costs one line:
the line that opens it is handed out as broken, and what it swallowed is read again.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import IO

from pipeline.reading.text_lines import NO_LINES, Lines, one_by_one, read_lines

LONGEST_RECORD = 1 << 22  # characters; what is longer has swallowed its neighbours
LONGEST_BATCH = 1 << 24  # characters: bounds the memory where cells are huge
_LARGE_LINE = 1 << 13  # characters; shorter lines are not weighed, for speed
_SKIPPED_AT_ONCE = 2_000
MANY_UNCLOSED = 100  # each may cost LONGEST_RECORD of reading again: not for ever
_STRAIGHT = str.maketrans("“”„", '"""')
_ESCAPED = re.compile(r"""\\([\\"])""")
_FEWEST_SWALLOWED = 3  # cells: `see Ann, ann@x.com` on a line of a note may be no record
WHOLE_ADDRESS = re.compile(r"\s*[^\s@,;|]+@[^\s@,;|]+\.[^\s@,;|]+\s*")  # and its quotes, if any


class NeverCloses(Exception):
    """Quotes open and never close, again and again; the message names the line of the last."""


class _Swallows(Exception):
    """The record being read has grown beyond what one may be."""


@dataclass(frozen=True, kw_only=True)
class Broken:
    """A record whose cells cannot be told apart: why (spec V2's codes), and its cells as read."""

    code: str
    cells: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How cells are quoted; without arguments as RFC 4180 has it."""

    quote: str = '"'
    backslash: bool = False  # a backslash before a quote, or before another, takes its meaning
    spaced: bool = False  # a blank may stand between a delimiter and a quote
    wrapped: bool = False  # each line is quoted as a whole, as one cell
    curly: bool = False  # the quotes are a word processor's
    loose: bool = False  # all cells are quoted, and quotes within them are not doubled


RFC_4180 = Dialect()


@dataclass
class Batch:
    """Records in order: their cells, the line of the text each begins on (from 1).

    `broken` holds what is wrong with some, by their position in `rows`, where they are empty.
    """

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    broken: dict[int, Broken] = field(default_factory=dict)

    def take_out_wide(self, width: int) -> None:
        """Break the records with more than `width` cells, unless all of these are empty.

        None is cut to fit: the cells may all stand one column too far.
        """
        if max(map(len, self.rows)) <= width:
            return
        for position, row in enumerate(self.rows):
            if len(row) > width:
                if any(map(str.strip, row)):
                    self.broken[position] = Broken(code="too_many_cells", cells=row)
                self.rows[position] = []


class Records:
    """Reads a text opened with newline='' (csv wants to see every line break itself)."""

    def __init__(self, text: IO[str], delimiter: str, dialect: Dialect = RFC_4180) -> None:
        # Larger than any record, so that our own check of the length speaks first.
        csv.field_size_limit(4 * LONGEST_RECORD)
        self._text = text
        self._readline = _line_reader(text, dialect, delimiter)
        self.delimiter = delimiter
        self._dialect = dialect
        self.line = 1  # on which the next record begins
        self._own: list[str] = []  # lines of the record being read
        self._again: deque[str] = deque()  # lines that were swallowed, to be read once more
        self._ahead = NO_LINES  # that many were read at once, and nobody has asked for yet
        self._swallowed = 0  # characters of a record of several lines, so far
        self._large = 0  # characters of large records, in all
        self._unclosed = 0
        self._ended = False
        self._reader = self._new_reader(self._feed())

    def _new_reader(self, lines: Iterable[str], *, strict: bool = False) -> Iterator[list[str]]:
        return csv.reader(
            lines,
            strict=strict,
            delimiter=self.delimiter,
            quotechar=self._dialect.quote,
            skipinitialspace=self._dialect.spaced,
        )

    def take(self, count: int) -> Batch:
        """The next `count` records, fewer at the end or where they are huge, none behind it.

        An empty line is a record without cells. Raises NeverCloses.
        """
        batch = Batch()
        enough = self._large + LONGEST_BATCH
        while len(batch.rows) < count and self._large < enough and not self._ended:
            if not self._fill(batch, count, enough):
                self._isolate(batch)
        return batch

    def lines(self, count: int) -> Lines:
        """The next lines, of which each may be a record; none where that cannot be told here.

        Give them `back` where one is not; `take` then reads them.
        """
        if self._again or self._ended or self._dialect != RFC_4180:
            return NO_LINES
        more, rest = read_lines(self._text, count - len(self._ahead), LONGEST_RECORD)
        found, self._ahead = Lines.joined([self._ahead, more]), NO_LINES
        if rest or found.longest() > _LARGE_LINE:
            self._again.extend([*found, *one_by_one(rest)])
            return NO_LINES
        found, self._ahead = found.split(count)
        self.line += len(found)
        return found

    def back(self, lines: Lines) -> None:
        """Read these lines again."""
        self._again.extend([*lines, *self._ahead])
        self.line -= len(lines)
        self._ahead = NO_LINES

    def skip(self, count: int) -> None:
        """Leave `count` records behind, whatever their size. Raises NeverCloses."""
        while count > 0 and (rows := self.take(min(count, _SKIPPED_AT_ONCE)).rows):
            count -= len(rows)

    def _feed(self) -> Iterator[str]:
        again, own, readline = self._again, self._own, self._readline
        while True:
            # A line is cut rather than held whole: a file may consist of one.
            line = again.popleft() if again else readline(LONGEST_RECORD)
            own.append(line)
            if len(own) > 1 or len(line) > _LARGE_LINE:
                self._weigh(line)
            yield line
            if not line:  # told the reader of the end; did it wait for a quote?
                return

    def _weigh(self, line: str) -> None:
        self._large += len(line)
        first_two = len(self._own) <= 2  # noqa: PLR2004
        self._swallowed = sum(map(len, self._own)) if first_two else self._swallowed + len(line)
        if self._swallowed > LONGEST_RECORD and len(self._own) > 1:
            raise _Swallows

    def _fill(self, batch: Batch, count: int, enough: int) -> bool:
        """Add records up to `count`, `enough` or the end; False where a quote stays open."""
        own, rows, lines, line = self._own, batch.rows, batch.lines, self.line
        try:
            for row in self._reader:
                if not own[-1]:
                    self._ended = len(own) == 1
                    return self._ended
                if len(own) > 1 and self._has_swallowed(row):
                    return False
                rows.append(row)
                lines.append(line)
                line += len(own)
                own.clear()
                if len(rows) == count or self._large > enough:
                    return True
        except (csv.Error, _Swallows):
            pass
        finally:
            self.line = line
        return False

    def _has_swallowed(self, row: list[str]) -> bool:
        """Whether a quote was left open, and the file's next one has closed it: text stands behind
        that, and there is one quote too many, or another line as wide as the first has an address;
        of two cells, in the same place. Where none stands there, all lines must be records.
        """
        if "".join(self._own).count(self._dialect.quote) % 2 and self._is_odd():
            return True
        width = self._own[0].count(self.delimiter)
        wide = [line for line in self._own if line.count(self.delimiter) == width]
        if len(wide) == 1 or (width != len(row) - 1 and not self._is_odd()):
            return False
        records = [line for line in wide if self._is_like(line, row)]
        if len(row) < _FEWEST_SWALLOWED:
            return records[:1] == wide[:1] and len(records) > 1 and self._is_odd()
        cells = self.delimiter.join(wide[1:]).split(self.delimiter)
        likely = any(map(WHOLE_ADDRESS.fullmatch, cells))
        return len(records) == len(self._own) or (likely and self._is_odd())

    def _is_like(self, line: str, row: list[str]) -> bool:
        """Whether a line has an address in the same place as the row."""
        return any(
            WHOLE_ADDRESS.fullmatch(cell) and WHOLE_ADDRESS.fullmatch(own)
            for cell, own in zip(line.split(self.delimiter), row, strict=False)
        )

    def _is_odd(self) -> bool:
        try:
            return not list(self._new_reader(self._own, strict=True))
        except csv.Error:
            return True

    def _isolate(self, batch: Batch) -> None:
        """Hand out the first line of the record alone, as broken; read the others again."""
        first, *swallowed = self._own
        self._count_unclosed()
        cells = first.rstrip("\r\n").split(self.delimiter)
        batch.broken[len(batch.rows)] = Broken(code="unclosed_quote", cells=cells)
        batch.rows.append([])
        batch.lines.append(self.line)
        self.line += 1
        self._again.extendleft(line for line in reversed(swallowed) if line)
        self._own.clear()
        self._reader = self._new_reader(self._feed())

    def _count_unclosed(self) -> None:
        self._unclosed += 1
        if self._unclosed > MANY_UNCLOSED:
            raise NeverCloses(
                f"Line {self.line} opens a quote that never closes, as {MANY_UNCLOSED} lines"
                " before it: the file is not quoted as CSV files are."
            )


def _line_reader(text: IO[str], dialect: Dialect, delimiter: str) -> Callable[[int], str]:
    said = (
        (dialect.wrapped, unwrapped),
        (dialect.curly, straight),
        (dialect.backslash, _unescaped),
        (dialect.loose, partial(_doubled_within, delimiter=delimiter)),
    )
    change = next((change for is_so, change in said if is_so), None)
    if change is None:
        return text.readline
    return lambda size: change(text.readline(size))


def unwrapped(line: str) -> str:
    """`"a,""b"",c";;` → `a,"b",c`: what programs make of a line that they take for a cell."""
    bare = line.rstrip("\r\n")
    cell = bare.rstrip(",;\t| ")
    quoted = len(cell) > 1 and cell[0] == cell[-1] == '"'
    if not quoted or '"' in cell[1:-1].replace('""', ""):
        return line
    return cell[1:-1].replace('""', '"') + line[len(bare) :]


def straight(line: str) -> str:
    """With typewriter's quotes in place of a word processor's."""
    return line.translate(_STRAIGHT)


def _unescaped(line: str) -> str:
    # Doubled quotes in place of escaped ones: csv's own escapechar would eat the backslash of
    # C:\leads as well.
    return _ESCAPED.sub(_doubled, line)


def _doubled(escape: re.Match[str]) -> str:
    return '""' if escape[1] == '"' else "\\"


def loose_cells(line: str, delimiter: str) -> list[str]:
    """The cells of a line of which each is quoted; none where it is no such line."""
    bare = line.rstrip("\r\n ")
    if len(bare) < 2 or bare[0] != '"' or bare[-1] != '"':  # noqa: PLR2004
        return []
    return bare[1:-1].split(f'"{delimiter}"')


def _doubled_within(line: str, delimiter: str) -> str:
    cells = loose_cells(line, delimiter)
    if not cells:
        return line
    doubled = (cell.replace('""', '"').replace('"', '""') for cell in cells)
    return '"' + f'"{delimiter}"'.join(doubled) + '"\n'

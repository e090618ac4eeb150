"""Bytes → encoding, delimiter, header row, and records in slices of columns. Pure.

Records, not lines: a quoted line break is part of its record (spec U2). Everything stays text:
NA, null and 0049… too. Python's csv module parses and Arrow-backed pandas columns hold the
cells: pandas' own parser shifts a whole file by one stray comma and cannot say which row was
ragged (ADR 0009). Memory is bounded by the slice, not by the file.
"""

from __future__ import annotations

import codecs
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import IO, Protocol

import pandas as pd

from pipeline.arrow import TEXT, Column, byte_range, of_pandas, pa, pc, to_pandas
from pipeline.reading import (
    containers,
    dialects,
    encodings,
    even_lines,
    file_kinds,
    header_rows,
    no_tables,
)
from pipeline.reading.broken_bytes import MENDED
from pipeline.reading.csv_records import Batch, Broken, NeverCloses, Records
from pipeline.reading.dialects import Sample
from pipeline.reading.even_lines import Block
from pipeline.reading.file_kinds import NotALeadFile
from pipeline.reading.workbooks import Rows, split_row

__all__ = ["Layout", "Limits", "NotALeadFile", "Slice", "inspect", "read"]

SAMPLED_BYTES = 1 << 20
# Rows that are turned into columns at once: their cells still fit into the processor's cache
# then, which makes it 1.7 times as fast as doing the whole slice at once.
_ROWS_AT_ONCE = 2_000
_LARGEST_SLICE = 20 << 20  # bytes in Arrow: 50,000 records of 15 usual columns
_WORKBOOK = "xlsx"
_CAPITALS = (str, str.lower, str.upper, str.title, str.capitalize)  # how names are written again


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one file may hold; cells are counted in characters.

    `size` is in bytes, and what a packed file may unpack to.
    """

    rows: int = 2_000_000
    columns: int = 500
    cell: int = 128_000
    size: int = 2 << 30


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file is written. `header_row` counts records from 1, as a person would.

    It is 0 where the file has no header; the headers are `column 1`, `column 2` … then.
    `sample` holds at most 50 of the filled and whole records behind it, cells trimmed and cut;
    `container` is '', 'gzip', 'zip' or 'xlsx'. `read` needs neither.
    """

    encoding: str
    delimiter: str
    header_row: int
    headers: tuple[str, ...]
    sample: tuple[tuple[str, ...], ...] = ()
    container: str = ""


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some records in a row: one text column per header, named by its position from 0.

    `first_record` counts records behind the header from 1; `lines` says on which line of the
    file each begins. What `frame` holds of a record in `broken` (position from 0) says nothing.
    """

    first_record: int
    lines: Sequence[int]
    frame: pd.DataFrame
    broken: Mapping[int, Broken] = field(default_factory=dict)


class _Records(Protocol):
    """The records of a text or of a workbook."""

    def take(self, count: int) -> Batch: ...
    def skip(self, count: int) -> None: ...


def inspect(
    stream: IO[bytes],
    *,
    known: Callable[[str], bool] | None = None,
    limits: Limits | None = None,
    encoding: str = "",
    delimiter: str = "",
) -> Layout:
    """Find out how the file is written (spec U1). Reads the stream, to its end if need be.

    `known` says of a text whether it is the name of a column: the header is found by it, or by
    how it looks. `encoding` and `delimiter` are found out where nobody says them. Raises
    NotALeadFile where the file holds no table, or a header without a record behind it.
    """
    opened = containers.opened(stream, size=(limits or Limits()).size)
    if opened.container == _WORKBOOK:
        return _inspect_workbook(opened.content, known)
    start = opened.content.read(SAMPLED_BYTES)
    file_kinds.refuse_foreign(start)
    encoding = encodings.as_said(start, encoding) or encodings.find(start, opened.content)
    sample = _sample(start, encoding)
    file_kinds.refuse_foreign_text(sample.text)
    said = (delimiter, dialects.dialect_of(sample, delimiter)) if delimiter else None
    delimiter, dialect = said or dialects.find(sample)
    batch = sample.records(delimiter, dialect)
    header = header_rows.find(
        batch,
        whole=sample.whole and len(batch.rows) < dialects.TAKEN,
        known=known,
        first=1 if dialects.told(sample) else 0,
    )
    header = header_rows.with_ends(header, batch, delimiter=delimiter)
    no_tables.refuse(header)
    return _layout(header, encoding=encoding, delimiter=delimiter, container=opened.container)


def _inspect_workbook(content: IO[bytes], known: Callable[[str], bool] | None) -> Layout:
    batch = Rows(content).take(dialects.TAKEN)
    delimiter = dialects.of_one_column(batch)
    batch.rows = [split_row(row, delimiter) for row in batch.rows]
    width = max(map(len, batch.rows), default=0)
    # No cell of a sheet can stand in a wrong column: where the header is the shorter one, the
    # columns behind it have no name, and are no mistake.
    batch.rows = [row + [""] * (width - len(row)) for row in batch.rows]
    header = header_rows.find(batch, whole=len(batch.rows) < dialects.TAKEN, known=known)
    return _layout(header, encoding=_WORKBOOK, delimiter=delimiter, container=_WORKBOOK)


def _layout(header: header_rows.Header, *, encoding: str, delimiter: str, container: str) -> Layout:
    return Layout(
        encoding=encoding,
        delimiter=delimiter,
        header_row=header.row,
        headers=header.names,
        sample=header.sample,
        container=container,
    )


def _sample(start: bytes, encoding: str) -> Sample:
    whole = len(start) < SAMPLED_BYTES
    # A sample may end within a character: the decoder is not told of the end then.
    text = codecs.getincrementaldecoder(encoding)(MENDED).decode(start, final=whole)
    return Sample(text=text, whole=whole)


def read(
    stream: IO[bytes],
    layout: Layout,
    *,
    limits: Limits | None = None,
    slice_rows: int = 50_000,
    skip_records: int = 0,
) -> Iterator[Slice]:
    """The records behind the header, in slices of `slice_rows`, or fewer where cells are huge.

    The same file gives the same slices, also from the end of any of them on: `skip_records`
    leaves that many records out, at the price of parsing them. Raises NotALeadFile past a
    limit, where quotes open and never close again and again, or where the columns change places.
    """
    limits = limits or Limits()
    width = len(layout.headers)
    if width > limits.columns:
        raise NotALeadFile(f"The file has {width} columns; {limits.columns} are allowed.")
    try:
        records = _behind_header(stream, layout, limits)
        records.skip(skip_records)
        first = 1 + skip_records
        while part := _slice(records, first, width, slice_rows):
            first += len(part.lines)
            if first - 1 > limits.rows:
                raise NotALeadFile(f"The file has more than {limits.rows} rows; split it.")
            _refuse_other_order(part, layout.headers)
            yield part
    except NeverCloses as problem:
        raise NotALeadFile(str(problem)) from None


def _refuse_other_order(part: Slice, headers: Sequence[str]) -> None:
    """Raise NotALeadFile where a second file begins whose columns stand in another order: its
    first names would become last names, and nothing else would show it.
    """
    names = [name for name in headers if name]
    pair = [n for n, name in enumerate(headers) if name][:2]
    if len(pair) < 2:  # noqa: PLR2004
        return
    known = pa.array([way(name) for name in names for way in _CAPITALS], TEXT)
    folded = [name.casefold() for name in headers]
    found = [pc.is_in(of_pandas(part.frame[n]), value_set=known) for n in pair]
    for position in pc.indices_nonzero(pc.and_(*found)).to_pylist():
        cells = [cell.casefold() for cell in part.frame.iloc[position]]
        pairs = zip(cells, folded, strict=True)
        if {*cells} <= {"", *folded} and any(cell not in {"", name} for cell, name in pairs):
            raise in_other_order(part.lines[position])


def in_other_order(line: int) -> NotALeadFile:
    """What to say where a second file begins on this line."""
    return NotALeadFile(
        f"Line {line} is a header again, with the columns in another order: make two files of it."
    )


def _behind_header(stream: IO[bytes], layout: Layout, limits: Limits) -> _Records:
    opened = containers.opened(stream, size=limits.size)
    if opened.container == _WORKBOOK:
        rows = Rows(opened.content, layout.delimiter)
        rows.skip(layout.header_row)
        return rows
    sample = _sample(opened.content.read(SAMPLED_BYTES), layout.encoding)
    dialect = dialects.dialect_of(sample, layout.delimiter)
    # Opened anew: not everything that unpacks can go back.
    content = containers.opened(stream, size=limits.size).content
    # Who has a sign in the address, in place of what means nothing, is refused by name, as
    # everyone with a bad one.
    text = io.TextIOWrapper(content, layout.encoding, errors=MENDED, newline="")
    records = Records(text, layout.delimiter, dialect)
    records.skip(layout.header_row or (1 if dialects.told(sample) else 0))
    return records


def _slice(records: _Records, first: int, width: int, rows: int) -> Slice | None:
    lines: list[int] = []
    broken: dict[int, Broken] = {}
    parts: list[list[Column]] = []
    size = 0
    while len(lines) < rows and size < _LARGEST_SLICE:
        numbers, block = _block(records, min(_ROWS_AT_ONCE, rows - len(lines)), width)
        if not numbers:
            break
        broken |= {n + len(lines): bad for n, bad in block.broken.items()}
        lines += numbers
        parts.append(block.columns)
        size += sum(column.nbytes for column in block.columns)
    if not lines:
        return None
    columns = [pa.concat_arrays(pieces) for pieces in zip(*parts, strict=True)]
    frame = pd.DataFrame({n: to_pandas(column) for n, column in enumerate(columns)})
    return Slice(first_record=first, lines=lines, frame=frame, broken=_with_nul(columns) | broken)


def _block(records: _Records, count: int, width: int) -> tuple[Sequence[int], Block]:
    """Some of the next records and the lines they begin on: all at once, or else one by one."""
    if isinstance(records, Records) and (lines := records.lines(count)):
        block = even_lines.columns_of(lines, records.delimiter, width)
        if block is not None:
            return range(records.line - len(lines), records.line), block
        records.back(lines)
    batch = records.take(count)
    if not batch.rows:
        return [], Block(columns=[])
    if isinstance(records, Records):
        batch.rows = [even_lines.as_record(row, records.delimiter, width) for row in batch.rows]
    batch.take_out_wide(width)
    return batch.lines, Block(columns=_columns(batch.rows, width), broken=batch.broken)


def _columns(rows: list[list[str]], width: int) -> list[Column]:
    """Rows turned into columns; missing cells are empty."""
    columns = [pa.array(cells, TEXT) for cells in zip_longest(*rows, fillvalue="")]
    return columns + [pa.array([""] * len(rows), TEXT)] * (width - len(columns))


def _with_nul(columns: Sequence[Column]) -> dict[int, Broken]:
    """PostgreSQL stores no NUL, and who wrote one may have written anything."""
    found: set[int] = set()
    for column in columns:
        if byte_range(column)[0] == 0:
            found |= set(pc.indices_nonzero(pc.match_substring(column, "\x00")).to_pylist())
    return {
        n: Broken(code="nul_byte", cells=[column[n].as_py() for column in columns]) for n in found
    }


def digest(stream: IO[bytes]) -> str:
    """SHA-256 of the bytes, in hex."""
    stream.seek(0)
    found = hashlib.sha256()
    while block := stream.read(1 << 20):
        found.update(block)
    return found.hexdigest()

"""Bytes → encoding, delimiter, header row, and records in slices. Pure.

Records, not lines: a quoted line break is part of its record (spec U2). Everything stays text.
Python's csv module parses and pandas holds the columns: pandas' own parser shifts a whole file
by one stray comma and cannot say which row was ragged (ADR 0009). Memory is bounded by the
slice, not by the file.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from typing import IO

import pandas as pd

DELIMITERS = (",", ";", "\t", "|")
SAMPLED_RECORDS = 50
SAMPLED_BYTES = 1 << 18
LONGEST_FIELD = 1 << 24  # characters; longer is a quote that was never closed
csv.field_size_limit(LONGEST_FIELD)

# What a file begins with that is no text at all, and what to tell its owner.
_MAGIC = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\x1f\x8b": "a gzip archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
}


class NotALeadFile(Exception):
    """One sentence: what was missing and what was seen."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one file may hold; cells are counted in characters."""

    rows: int = 2_000_000
    columns: int = 500
    cell: int = 128_000


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a file is written. `header_row` counts records from 1, as a person would."""

    encoding: str
    delimiter: str
    header_row: int
    headers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some records in a row: one text column per header, named by its position.

    `first_record` counts records behind the header from 1; `lines` says on which line of the
    file each begins; `widths` how many cells each had.
    """

    first_record: int
    lines: Sequence[int]
    widths: Sequence[int]
    frame: pd.DataFrame


def inspect(stream: IO[bytes]) -> Layout:
    """Find out how the file is written. Reads the stream to its end; raises NotALeadFile."""
    encoding = detect_encoding(stream)
    stream.seek(0)
    sample = _decoded(stream, encoding).read(SAMPLED_BYTES)
    delimiter = vote_delimiter(sample)
    for number, row in enumerate(_sampled(sample, delimiter), start=1):
        if any(cell.strip() for cell in row):
            headers = tuple(cell.strip() for cell in row)
            return Layout(
                encoding=encoding, delimiter=delimiter, header_row=number, headers=headers
            )
    raise NotALeadFile("The file is empty.")


def detect_encoding(stream: IO[bytes]) -> str:
    """A byte order mark decides; else strict UTF-8 for the whole file; else cp1252 (spec U1)."""
    stream.seek(0)
    start = stream.read(4096)
    if not start.strip():
        raise NotALeadFile("The file is empty.")
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    _refuse_binary(start)
    return "utf-8" if _is_utf8(stream) else "cp1252"


def _refuse_binary(start: bytes) -> None:
    for magic, kind in _MAGIC.items():
        if start.lstrip()[:9].lower().startswith(magic.lower()):
            raise NotALeadFile(f"This is {kind}, not a CSV file: export the leads as CSV.")
    odd = sum(byte < 32 and byte not in b"\t\n\r\f\v\x00" for byte in start)  # noqa: PLR2004
    if odd * 20 > len(start) or start.count(0) * 20 > len(start):
        raise NotALeadFile("This is a binary file, not a CSV file: export the leads as CSV.")


def _is_utf8(stream: IO[bytes]) -> bool:
    stream.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := stream.read(1 << 20):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def vote_delimiter(sample: str) -> str:
    """The delimiter that gives most records of the sample the same number (over 1) of cells."""
    return max(DELIMITERS, key=lambda delimiter: _agreement(sample, delimiter))


def _agreement(sample: str, delimiter: str) -> tuple[int, int]:
    rows = islice(_sampled(sample, delimiter), SAMPLED_RECORDS)
    widths = Counter(len(row) for row in rows if any(row))
    widths.pop(1, None)
    width, votes = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
    return votes, width


def _sampled(sample: str, delimiter: str) -> Iterator[list[str]]:
    return iter(csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter))


def read(
    stream: IO[bytes], layout: Layout, *, limits: Limits | None = None, slice_rows: int = 50_000
) -> Iterator[Slice]:
    """The records behind the header, in slices. Raises NotALeadFile past a limit."""
    limits = limits or Limits()
    if len(layout.headers) > limits.columns:
        raise NotALeadFile(
            f"The file has {len(layout.headers)} columns; {limits.columns} are allowed."
        )
    stream.seek(0)
    lines = _Lines(_decoded(stream, layout.encoding))
    records = _numbered(lines, layout.delimiter)
    for _ in islice(records, layout.header_row):
        pass
    first = 1
    while part := list(islice(records, slice_rows)):
        if first + len(part) - 1 > limits.rows:
            raise NotALeadFile(f"The file has more than {limits.rows} rows; split it.")
        yield _slice(part, first, len(layout.headers))
        first += len(part)
    lines.refuse_open_quote(layout.delimiter)


def _slice(part: list[tuple[int, list[str]]], first: int, width: int) -> Slice:
    rows = [row for _, row in part]
    columns = list(zip_longest(*(row[:width] for row in rows), fillvalue=""))
    columns += [("",) * len(rows)] * (width - len(columns))
    frame = pd.DataFrame(
        {position: pd.array(column, dtype="str") for position, column in enumerate(columns)}
    )
    return Slice(
        first_record=first,
        lines=[line for line, _ in part],
        widths=[len(row) for row in rows],
        frame=frame,
    )


class _Lines:
    """The lines of a text, remembering those of the record that was read last."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._record: list[str] = []
        self._fresh: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = next(self._text)
        self._fresh.append(line)
        return line

    def record_ends(self) -> None:
        self._record, self._fresh = self._fresh, []

    def refuse_open_quote(self, delimiter: str) -> None:
        """Called at the end: a quote that never closes has eaten all that came behind it."""
        try:
            list(csv.reader(self._record, delimiter=delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                start = self._record[0].strip()[:60]
                raise NotALeadFile(
                    f"A quote opens and never closes, in the row that begins {start!r}."
                ) from None


def _numbered(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of each record; an empty line is a record without cells."""
    reader = csv.reader(lines, delimiter=delimiter)
    line = 1
    try:
        for row in reader:
            lines.record_ends()
            yield line, row
            line = reader.line_num + 1
    except csv.Error:
        raise NotALeadFile(f"Line {line} opens a quote that never closes.") from None


def _decoded(stream: IO[bytes], encoding: str) -> io.TextIOWrapper:
    # cp1252 leaves five bytes undefined: a sign in their place, never a refused file.
    text = io.TextIOWrapper(_Unclosed(stream), encoding=encoding, errors="replace", newline="")
    return text


class _Unclosed(io.BufferedIOBase):
    """Lets a text wrapper end without closing the stream, which is its owner's."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        return self._stream.read(-1 if size is None else size)

    def read1(self, size: int = -1, /) -> bytes:
        return self._stream.read(size)

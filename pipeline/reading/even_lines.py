"""Lines that are a record each, turned into columns at once. Pure.

Most lines of most files are. Arrow splits them ten times as fast as Python's csv module; the few
that are too short or too long for the header go through csv one by one. As soon as one line does
not stand alone (a quote stays open), the block is none of ours: None, and csv takes all of it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from pipeline.arrow import TEXT, Column, pa
from pipeline.reading.csv_records import Batch, Broken
from pipeline.reading.text_lines import Lines

_arrow_csv: Any = import_module("pyarrow.csv")


@dataclass(frozen=True, kw_only=True)
class Block:
    """One column per header; `broken` holds what is wrong with some rows, by position."""

    columns: list[Column]
    broken: dict[int, Broken] = field(default_factory=dict)


def columns_of(lines: Lines, delimiter: str, width: int) -> Block | None:
    """The lines as `width` columns of text; None where a line is no record of its own."""
    if not delimiter.isascii() or _stays_open(lines, delimiter):  # Arrow takes no other
        return None
    table, uneven = _split(lines.content, delimiter, width)
    if table is None or table.num_rows + len(uneven) != len(lines):
        return None
    if not uneven:
        return Block(columns=_columns(table))
    mended = list(lines)
    odd = Batch(rows=[_cells(mended[n], delimiter, width) for n in uneven])
    odd.take_out_wide(width)
    for position, cells in zip(uneven, odd.rows, strict=True):
        mended[position] = _line(cells, delimiter, width)
    table, _ = _split("".join(mended).encode(), delimiter, width)
    return Block(columns=_columns(table), broken={uneven[n]: bad for n, bad in odd.broken.items()})


def _stays_open(lines: Lines, delimiter: str) -> bool:
    """Whether the last line opens a quote that it does not close: Arrow closes it for the line,
    and what else belongs to the cell would be records of their own.
    """
    last = lines.content[int(lines.ends[-2:-1].sum()) :]
    if b'"' not in last:
        return False
    reader = csv.reader([last.decode(), ""], delimiter=delimiter)
    next(reader, None)
    return reader.line_num > 1


def _columns(table: Any) -> list[Column]:
    return [pa.concat_arrays(column.chunks) for column in table.columns]


def _split(content: bytes, delimiter: str, width: int) -> tuple[Any, list[int]]:
    """A table of the lines that have `width` cells, and the positions of the others."""
    uneven: list[int] = []

    def note(row: Any) -> str:
        uneven.append(row.number - 1)
        return "skip"

    names = [str(n) for n in range(width)]
    try:
        table = _arrow_csv.read_csv(
            pa.BufferReader(content),
            # One thread: only then are rows numbered. One block: half a row would be uneven.
            read_options=_arrow_csv.ReadOptions(
                column_names=names, use_threads=False, block_size=1 << 30
            ),
            parse_options=_arrow_csv.ParseOptions(
                delimiter=delimiter,
                newlines_in_values=True,
                ignore_empty_lines=False,
                invalid_row_handler=note,
            ),
            convert_options=_arrow_csv.ConvertOptions(
                check_utf8=False,  # it was made just now
                column_types=dict.fromkeys(names, TEXT),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None, []
    return table, uneven


def _cells(line: str, delimiter: str, width: int) -> list[str]:
    return as_record(next(csv.reader([line], delimiter=delimiter), []), delimiter, width)


def as_record(row: list[str], delimiter: str, width: int) -> list[str]:
    """The cells of a line that a program has quoted as one; any other row as it is."""
    if len(row) != 1 or delimiter not in row[0] or "\n" in row[0] or "\r" in row[0]:
        return row
    cells = next(csv.reader(row, delimiter=delimiter))
    return cells if len(cells) == width else row


def _line(cells: Sequence[str], delimiter: str, width: int) -> str:
    out = io.StringIO()
    padded = [*cells, *[""] * (width - len(cells))]
    csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerow(padded)
    return out.getvalue()

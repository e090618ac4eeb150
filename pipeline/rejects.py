"""rejects.csv: the rows that became no lead, to be mended and uploaded again (spec U5).

The file's own columns in their order, then four that say which row it was and why. UTF-8 with
BOM and CRLF, and no cell that a spreadsheet would run as a formula. A file that brings the four
columns back is known by them: they never become extras, and the ' that made a cell safe goes.
Blank rows are left out: there is nothing to mend in them.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from deliveries.csv_export import neutralise
from pipeline.arrow import TEXT, Column, of_pandas, pa, pc, to_pandas
from pipeline.leadfile import Slice
from pipeline.mapping import Columns
from pipeline.reading.csv_records import Broken

NOTES = ("_row", "_field", "_code", "_reason")
MOST_SURPLUS = 50  # columns for cells behind the last header; what is more is joined in the last
_BLANK = "(blank)"  # without it the row would fit, with its cells in the wrong columns
_SURPLUS = re.compile(r"\+\d+")
# What csv_export.neutralise writes, the other way round.
_SAFE = r"^'([\s\x{ad}\x{200b}-\x{200d}\x{2060}\x{feff}]*[=+\-@%|\x{ff1d}\x{ff0b}\x{ff0d}\x{ff20}])"


@dataclass(frozen=True, kw_only=True)
class Reject:
    """One row of it. `raw`: header → cell, as a Rejection keeps it."""

    record: int
    field: str
    code: str
    why: str
    raw: Mapping[str, str]


def surplus_of(raw: Mapping[str, str]) -> int:
    """How many cells a row has behind the last header: they are named +1, +2 …"""
    found = 0
    while f"+{found + 1}" in raw:
        found += 1
    return found


def lines(headers: Sequence[str], rejects: Iterable[Reject], *, surplus: int) -> Iterator[bytes]:
    """The file, line by line. `surplus`: cells behind the last header, of the widest row."""
    yield codecs.BOM_UTF8
    names = Columns(tuple(headers), {}).names
    ours = {*notes_among(headers), *surplus_among(headers)}
    kept = [n for n in range(len(headers)) if n not in ours]
    more = [f"+{n}" for n in range(1, min(surplus, MOST_SURPLUS) + 1)]
    yield _line([*(headers[n] for n in kept), *more, *NOTES])
    for reject in rejects:
        if reject.code != "blank":
            cells = [reject.raw.get(names[n], "") for n in kept]
            said = (str(reject.record), reject.field, reject.code, reject.why)
            yield _line([*cells, *_surplus_cells(reject.raw, len(more)), *said])


def _surplus_cells(raw: Mapping[str, str], width: int) -> list[str]:
    cells = [raw[f"+{n}"] for n in range(1, surplus_of(raw) + 1)]
    if cells and not any(cells):
        cells = [_BLANK]
    if not width:  # of a check that counted none
        return []
    if len(cells) > width:
        cells[width - 1 :] = [" ".join(cells[width - 1 :])]
    return [*cells, *[""] * (width - len(cells))]


def _line(cells: Sequence[str]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([neutralise(cell) for cell in cells])
    return text.getvalue().encode()


def notes_among(headers: Sequence[str]) -> tuple[int, ...]:
    """The positions of our four columns; none where not all of them are there."""
    if not set(NOTES) <= set(headers):
        return ()
    return tuple(n for n, header in enumerate(headers) if header in NOTES)


def surplus_among(headers: Sequence[str]) -> tuple[int, ...]:
    """The positions of the columns +1, +2 … of a file that we wrote."""
    if not notes_among(headers):
        return ()
    return tuple(n for n, header in enumerate(headers) if _SURPLUS.fullmatch(header))


def without_notes(part: Slice, headers: Sequence[str]) -> Slice:
    """A slice of a mended file: our columns empty, and each cell as it was before we wrote it.

    A row that still has cells behind its last column is broken as it was at first.
    """
    notes = notes_among(headers)
    if not notes:
        return part
    empty = to_pandas(pa.array([""] * len(part.frame), TEXT))
    frame = part.frame.copy(deep=False)
    for n in frame:
        frame[n] = empty if n in notes else to_pandas(_as_it_was(of_pandas(frame[n])))
    wide = (frame[list(surplus_among(headers))] != "").any(axis="columns").to_numpy().nonzero()[0]
    broken = {n: Broken(code="too_many_cells", cells=frame.iloc[n].tolist()) for n in wide.tolist()}
    return replace(part, frame=frame, broken={**part.broken, **broken})


def _as_it_was(column: Column) -> Column:
    return pc.replace_substring_regex(column, _SAFE, r"\1")

"""The records that became no lead, each as it came and with its reason. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline import reasons
from pipeline.arrow import TEXT, Column, pa, pc, sizes, to_pandas
from pipeline.fields import address_cells
from pipeline.fields.cleaning import clean
from pipeline.fields.json_objects import json_objects
from pipeline.leadfile import Slice
from pipeline.mapping import Columns
from pipeline.stock import Ints

_SHOWN = 10_000  # characters of a cell that a rejection quotes
_MOST_BLANK = 50  # cells behind the last header of which blank ones are kept
_OF_EMAIL = frozenset({"bad_email", "missing_field", "disposable", "role", "no_mx"})

Codes = npt.NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A record that became no lead. `raw`: header → cell, as it came; no empty cells.

    `why` is one sentence: of `bad_email` what is wrong with the address, else what the code means.
    """

    record: int
    line: int
    field: str
    code: str
    why: str
    raw: dict[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class Rejections:
    """Those of a slice: one `Rejected` each, or a table of columns, which is ten times as fast.

    `cells`: a column per header, with a row per record. `broken`: the cells of those of which the
    columns say nothing. `why_bad` tells of a position in the slice what is wrong with its address.
    """

    positions: Ints
    first_record: int
    lines: Ints
    codes: Codes
    columns: Columns
    cells: Sequence[Column]
    broken: Mapping[int, Sequence[str]]
    why_bad: Callable[[int], str]

    def __len__(self) -> int:
        return len(self.positions)

    def __iter__(self) -> Iterator[Rejected]:
        numbers = zip(self.positions.tolist(), self.lines.tolist(), self.codes, strict=True)
        rows = zip(*(column.to_pylist() for column in self.cells), strict=True)
        for (position, line, code), row in zip(numbers, rows, strict=True):
            yield Rejected(
                record=self.first_record + position,
                line=line,
                field=_field(code),
                code=code,
                why=self.why_bad(position) if code == "bad_email" else reasons.in_words(code),
                raw=_raw(self.columns, self.broken.get(position, row)),
            )

    def table(self) -> pd.DataFrame:
        """record, line, field, code and raw, as a JSON object, of each."""
        return pd.DataFrame(
            {
                "record": self.positions + self.first_record,
                "line": self.lines,
                "field": [_field(code) for code in self.codes],
                "code": self.codes,
                "raw": to_pandas(self._objects()),
            }
        )

    def _objects(self) -> Column:
        names = self.columns.names
        shown = {name: _cut(cells) for name, cells in zip(names, self.cells, strict=True)}
        broken = [n for n in self.positions.tolist() if n in self.broken]
        return pc.replace_with_mask(
            json_objects(shown, len(self)),
            pa.array(np.isin(self.positions, broken)),
            pa.array([json.dumps(_raw(self.columns, self.broken[n])) for n in broken], TEXT),
        )


def collect(
    part: Slice,
    raw: Sequence[Column],
    columns: Columns,
    codes: Codes,
    why_bad: Callable[[int], str],
) -> Rejections:
    """One for each record that has a code."""
    positions = np.flatnonzero(codes != "")
    return Rejections(
        positions=positions,
        first_record=part.first_record,
        lines=np.asarray(part.lines, np.int64)[positions],
        codes=codes[positions],
        columns=columns,
        cells=[column.take(pa.array(positions)) for column in raw],
        broken={position: bad.cells for position, bad in part.broken.items()},
        why_bad=why_bad,
    )


def _field(code: str) -> str:
    return "email" if code in _OF_EMAIL else ""


def _cut(column: Column) -> Column:
    """Each cell as far as a rejection quotes it."""
    if sizes(column).max(initial=0) <= _SHOWN:
        return column
    return pc.utf8_slice_codeunits(column, 0, _SHOWN)


def _raw(columns: Columns, row: Sequence[str]) -> dict[str, str]:
    """Header → cell, without the empty ones; cells behind the last header are named +1, +2 …"""
    pairs = zip(columns.names, row, strict=False)
    surplus = _surplus(row[len(columns.names) :])
    found = {name: cell for name, cell in pairs if cell}
    found |= {f"+{n}": cell for n, cell in enumerate(surplus, 1)}
    # PostgreSQL stores no NUL, not even in JSON.
    return {name: cell[:_SHOWN].replace("\x00", "\ufffd") for name, cell in found.items()}


def _surplus(cells: Sequence[str]) -> Sequence[str]:
    """To the last filled one, and one of blank ones only: it is what makes the row too wide."""
    last = max((n for n, cell in enumerate(cells, 1) if cell), default=1)
    return cells[:last] if last <= _MOST_BLANK else [cell for cell in cells if cell]


def address_reasons(cells: Sequence[str]) -> dict[str, str]:
    """Of cells of an e-mail column, as they came, what is wrong with those without an address."""
    column = pa.array(cells, TEXT)
    trimmed = clean(column)
    refusals = address_cells.read(trimmed).refusals
    pairs = zip(cells, trimmed.to_pylist(), strict=True)
    return {cell: refusals[text] for cell, text in pairs if text in refusals}

"""The records that became no lead, each as it came and with its reason. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import numpy.typing as npt

from pipeline import reasons
from pipeline.arrow import TEXT, Column, pa
from pipeline.fields import address_cells
from pipeline.fields.cleaning import clean
from pipeline.leadfile import Slice
from pipeline.mapping import Columns

_SHOWN = 10_000  # characters of a cell that a rejection quotes
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


def collect(
    part: Slice,
    raw: Sequence[Column],
    columns: Columns,
    codes: Codes,
    why_bad: Callable[[int], str],
) -> list[Rejected]:
    """One for each record that has a code; `why_bad` tells of a position what is wrong there."""
    positions = np.flatnonzero(codes != "")
    rows = zip(*(column.take(pa.array(positions)).to_pylist() for column in raw), strict=True)
    return [
        Rejected(
            record=part.first_record + position,
            line=part.lines[position],
            field="email" if codes[position] in _OF_EMAIL else "",
            code=codes[position],
            why=why_bad(position)
            if codes[position] == "bad_email"
            else reasons.in_words(codes[position]),
            raw=_raw(columns, part.broken[position].cells if position in part.broken else row),
        )
        for position, row in zip(positions.tolist(), rows, strict=True)
    ]


def _raw(columns: Columns, row: Sequence[str]) -> dict[str, str]:
    """Header → cell, without the empty ones; cells behind the last header are named +1, +2 …"""
    names = chain(columns.names, (f"+{n}" for n in count(1)))
    # PostgreSQL stores no NUL, not even in JSON.
    return {
        name: cell[:_SHOWN].replace("\x00", "\ufffd")
        for name, cell in zip(names, row, strict=False)
        if cell
    }


def address_reasons(cells: Sequence[str]) -> dict[str, str]:
    """Of cells of an e-mail column, as they came, what is wrong with those without an address."""
    column = pa.array(cells, TEXT)
    trimmed = clean(column)
    refusals = address_cells.read(trimmed).refusals
    pairs = zip(cells, trimmed.to_pylist(), strict=True)
    return {cell: refusals[text] for cell, text in pairs if text in refusals}

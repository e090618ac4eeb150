"""What becomes of each record of a slice: a lead, a rejection with its reason, or a blank. Pure.

One code path for the check at the upload and for the import by validate (design, 15). Whole
columns are changed at once; one by one are only the records that are refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline import addresses
from pipeline.arrow import (
    TEXT,
    Column,
    Mask,
    byte_range,
    changed,
    joined,
    of_pandas,
    pa,
    pc,
    sizes,
    text,
    to_pandas,
)
from pipeline.csv_records import Broken
from pipeline.leadfile import Limits, Slice
from pipeline.mapping import Columns

# Control characters, soft hyphen, joiners and fillers of no width, direction signs, variation
# selectors, byte order mark, tags: unseen by people, obeyed by machines.
_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}"
    r"\x{180b}-\x{180f}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{3164}"
    r"\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff9}-\x{fffb}\x{e0000}-\x{e0fff}]"
)
_BREAK = r"\r\n|[\n\v\f\r\x{85}\x{2028}\x{2029}]"
_SPACE = r"[\t\p{Zs}]"
_STRANGE = "[^ -~]"  # anything but printable ASCII
# Elsewhere a line break in a cell becomes a space: a name, a title, an address is one line.
_SEVERAL_LINES = frozenset({"notes", "icebreaker", "company_description", "keywords"})
_PHONES = frozenset({"phone", "phone_alt", "company_phone"})

_SHOWN = 10_000  # characters of a cell that a rejection quotes

Codes = npt.NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A record that became no lead. `raw`: header → cell, as it came; no empty cells."""

    record: int
    line: int
    field: str
    code: str
    raw: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Each record of a slice once: in `leads` or in `rejected` (blank ones too, code `blank`).

    `leads` has the columns record, line, the mapped fields, extras (a JSON object) and key (32
    hex digits). `cut` cells were longer than allowed.
    """

    leads: pd.DataFrame
    rejected: list[Rejected]
    cut: int = 0


def judge(
    part: Slice,
    columns: Columns,
    *,
    secret: bytes,
    own_columns: Sequence[str],
    limits: Limits,
) -> Judged:
    """Sort a slice's records. Fields outside `own_columns` go to extras under their names."""
    raw = [of_pandas(part.frame[position]) for position in range(len(columns.headers))]
    codes = _codes(part.broken, raw, columns)
    good = codes == ""
    kept = _Kept(raw, columns, pa.array(good), limits.cell)
    leads = _leads(kept, columns, secret, own_columns)
    numbers = np.flatnonzero(good)
    leads.insert(0, "line", np.asarray(part.lines, np.int64)[numbers])
    leads.insert(0, "record", numbers + part.first_record)
    rejected = _rejected(part, raw, columns, codes)
    return Judged(leads=leads, rejected=rejected, cut=kept.cut)


class _Kept:
    """The cells of the good records, made one column at a time: memory holds no second copy."""

    def __init__(self, raw: Sequence[Column], columns: Columns, good: Mask, longest: int) -> None:
        self._raw, self._columns, self._good, self._longest = raw, columns, good, longest
        self.cut = 0  # cells that were longer

    def __getitem__(self, position: int) -> Column:
        column = self._raw[position].filter(self._good)
        if sizes(column).max(initial=0) > self._longest:
            self.cut += pc.sum(pc.greater(pc.utf8_length(column), self._longest)).as_py()
            column = pc.utf8_slice_codeunits(column, 0, self._longest)
        field = self._columns.field_of(position)
        return clean(column, several_lines=not field or field in _SEVERAL_LINES)


def clean(column: Column, *, several_lines: bool = False) -> Column:
    """Trimmed, composed (NFC), without what nobody sees; on one line unless told otherwise."""
    lowest, highest = byte_range(column)
    if lowest < ord(" ") or highest > ord("~"):
        mend = _mended_lines if several_lines else _mended
        column = changed(column, pc.match_substring_regex(column, _STRANGE), mend)
    return pc.utf8_trim_whitespace(column)


def _mended(column: Column, line_break: str = " ") -> Column:
    column = pc.replace_substring_regex(column, _BREAK, line_break)
    column = pc.replace_substring_regex(column, _SPACE, " ")
    column = pc.replace_substring_regex(column, _INVISIBLE, "")
    return pc.utf8_normalize(column, "NFC")


def _mended_lines(column: Column) -> Column:
    return _mended(column, "\n")


def _codes(broken: Mapping[int, Broken], raw: Sequence[Column], columns: Columns) -> Codes:
    """Why each record is no lead; '' for those that are."""
    email = first_filled([clean(raw[position]) for position in columns.sources("email")])
    codes: Codes = np.full(len(email), "", object)
    codes[~addresses.are_addresses(email)] = "bad_email"
    without = np.flatnonzero(~_filled([email]))
    rest = [clean(column.take(pa.array(without))) for column in raw]
    codes[without] = np.where(_filled(rest), "missing_field", "blank")
    for position, bad in broken.items():
        codes[position] = bad.code
    return codes


def _filled(columns: Sequence[Column]) -> npt.NDArray[np.bool_]:
    """Per row whether any of the cells holds something."""
    found: npt.NDArray[np.bool_] = sum(map(sizes, columns)) > 0
    return found


def first_filled(columns: Sequence[Column]) -> Column:
    """Per row the first of these cells that is not empty."""
    found = columns[0]
    for column in columns[1:]:
        found = pc.if_else(pc.equal(found, ""), column, found)
    return found


def _leads(
    kept: _Kept, columns: Columns, secret: bytes, own_columns: Sequence[str]
) -> pd.DataFrame:
    fields: dict[str, Column] = {}
    others: dict[str, Column] = {}
    for name in columns.by_field:
        chosen = fields if name in own_columns else others
        chosen[name], left_over = _field(kept, columns, name)
        others |= left_over
    others |= {columns.extra_names[n]: kept[n] for n in columns.unmapped}
    email = fields["email"]
    leads = pd.DataFrame({name: to_pandas(column) for name, column in fields.items()})
    leads["extras"] = to_pandas(_json_objects(others, len(email)))
    keys = addresses.match_keys(addresses.normalised(email), secret)
    leads["key"] = pd.Series(keys, dtype=object)
    return leads


def _field(kept: _Kept, columns: Columns, name: str) -> tuple[Column, dict[str, Column]]:
    """What fills a field, and what its further columns say besides, under their own headers."""
    positions = columns.sources(name)
    cells = [kept[position] for position in positions]
    if name in _PHONES:  # Apollo writes '+1 …, so that Excel does not compute it
        cells = [pc.replace_substring_regex(column, "^'+", "") for column in cells]
    found = first_filled(cells)
    return found, {
        columns.extra_names[position]: pc.if_else(pc.equal(column, found), "", column)
        for position, column in zip(positions[1:], cells[1:], strict=True)
    }


def _json_objects(columns: dict[str, Column], rows: int) -> Column:
    """Per row a JSON object of the cells that are not empty, made of whole columns."""
    pieces = [_json_piece(name, column) for name, column in columns.items()]
    if not pieces:
        return pa.array(["{}"] * rows, TEXT)
    # Each piece brings its comma. (Arrow's join that skips nulls loses rows that are all null.)
    objects = joined(text("{"), *pieces, text("}"))
    return pc.replace_substring(objects, "{,", "{", max_replacements=1)


def _json_piece(name: str, column: Column) -> Column:
    """`,"name":"cell"` per row; nothing where the cell is empty."""
    if not _filled([column]).any():
        return column
    escaped = column
    for sign in ("\\", '"', "\n"):
        if sign != "\n" or byte_range(column)[0] < ord(" "):
            escaped = pc.replace_substring(escaped, sign, json.dumps(sign)[1:-1])
    piece = joined(text(f',{json.dumps(name)}:"'), escaped, text('"'))
    return pc.if_else(pc.equal(column, ""), text(""), piece)


def _rejected(part: Slice, raw: Sequence[Column], columns: Columns, codes: Codes) -> list[Rejected]:
    positions = np.flatnonzero(codes != "")
    rows = zip(*(column.take(pa.array(positions)).to_pylist() for column in raw), strict=True)
    return [
        Rejected(
            record=part.first_record + position,
            line=part.lines[position],
            field="email" if codes[position] in {"bad_email", "missing_field"} else "",
            code=codes[position],
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

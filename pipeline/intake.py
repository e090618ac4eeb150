"""What becomes of each record of a slice: a lead, a rejection with its reason, or a blank. Pure.

One code path for the check at the upload and for the import by validate (design, 15).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pipeline import addresses
from pipeline.leadfile import Limits, Slice
from pipeline.mapping import Columns

# Zero-width and direction signs, soft hyphen, byte order mark, tag characters (U+E0000 block),
# and control characters but tab and line breaks: unseen by people, obeyed by machines.
_INVISIBLE = (
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)
EVERY_RECORD = ("record", "line")


@dataclass(frozen=True, kw_only=True)
class Rejected:
    """A record that became no lead. `raw`: header → cell, as it came."""

    record: int
    line: int
    field: str
    code: str
    raw: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """Each record of a slice once: `leads` (columns record, line, key, extras and the mapped
    fields) or `rejected` (blank ones too, code `blank`)."""

    leads: pd.DataFrame
    rejected: list[Rejected]


def judge(
    part: Slice,
    columns: Columns,
    *,
    secret: bytes,
    own_columns: Sequence[str],
    limits: Limits,
) -> Judged:
    """Sort a slice's records. Fields outside `own_columns` go to extras under their names."""
    raw = part.frame
    clean = raw.apply(lambda column: _clean(column, limits.cell))
    codes = _codes(part, clean, columns)
    good = codes == ""
    leads = _leads(part, clean, columns, good, own_columns)
    leads["key"] = addresses.match_keys(addresses.normalised(leads["email"]), secret)
    return Judged(leads=leads, rejected=_rejected(part, columns, codes))


def _clean(column: pd.Series[str], longest: int) -> pd.Series[str]:
    """Trimmed, composed (NFC), without what nobody sees, and not longer than allowed."""
    text = column.str.strip()
    strange = ~text.str.isascii() | text.str.contains(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
    if strange.any():
        mended = text[strange].str.replace(_INVISIBLE, "", regex=True).str.normalize("NFC")
        text[strange] = mended.str.strip()
    too_long = text.str.len() > longest
    if too_long.any():
        text[too_long] = text[too_long].str.slice(0, longest)
    return text


def _codes(part: Slice, clean: pd.DataFrame, columns: Columns) -> pd.Series[str]:
    """Why each record is no lead; '' for those that are."""
    widths = pd.Series(part.widths, index=clean.index)
    email = first_filled(clean, columns.by_field["email"])
    blank = (clean == "").all(axis=1)
    codes = pd.Series("", index=clean.index, dtype="str")
    codes[~addresses.are_addresses(email)] = "bad_email"
    codes[email == ""] = "missing_field"
    codes[_holds_nul(part.frame)] = "nul_byte"
    codes[widths > len(columns.headers)] = "too_many_cells"
    codes[blank & (widths <= len(columns.headers))] = "blank"
    return codes


def _holds_nul(raw: pd.DataFrame) -> pd.Series[bool]:
    return raw.apply(lambda column: column.str.contains("\x00", regex=False)).any(axis=1)


def first_filled(clean: pd.DataFrame, positions: Sequence[int]) -> pd.Series[str]:
    """Per row the first of these columns that is not empty."""
    found = clean[positions[0]]
    for position in positions[1:]:
        found = found.where(found != "", clean[position])
    return found


def _leads(
    part: Slice,
    clean: pd.DataFrame,
    columns: Columns,
    good: pd.Series[bool],
    own_columns: Sequence[str],
) -> pd.DataFrame:
    kept = clean[good]
    fields = {field: first_filled(kept, positions) for field, positions in columns.by_field.items()}
    others = {field: column for field, column in fields.items() if field not in own_columns}
    others |= {columns.headers[position]: kept[position] for position in columns.unmapped}
    leads = pd.DataFrame(
        {field: column for field, column in fields.items() if field in own_columns}
    )
    leads.insert(0, "line", pd.Series(part.lines, index=clean.index)[good])
    leads.insert(0, "record", kept.index + part.first_record)
    leads["extras"] = _as_json(others, len(kept))
    return leads


def _as_json(columns: dict[str, pd.Series[str]], rows: int) -> list[str]:
    """Per row a JSON object of the cells that are not empty."""
    if not columns:
        return ["{}"] * rows
    names = list(columns)
    return [
        json.dumps({name: cell for name, cell in zip(names, row, strict=True) if cell})
        for row in zip(*columns.values(), strict=True)
    ]


def _rejected(part: Slice, columns: Columns, codes: pd.Series[str]) -> list[Rejected]:
    found: list[Rejected] = []
    for position, code in codes[codes != ""].items():
        row: Any = part.frame.loc[position]
        found.append(
            Rejected(
                record=part.first_record + int(str(position)),
                line=part.lines[int(str(position))],
                field="email" if code in {"bad_email", "missing_field"} else "",
                code=str(code),
                raw={
                    header: cell.replace("\x00", "�")  # PostgreSQL stores no NUL
                    for header, cell in zip(columns.headers, row, strict=True)
                },
            )
        )
    return found

"""The file a client gets: contract.md, "The delivered CSV". Pure.

UTF-8 with BOM, CRLF, every cell quoted (RFC 4180), so that Excel, pandas and the clients'
sending tools read the same table.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import IO

HEADER = (
    "email",
    "first_name",
    "last_name",
    "company",
    "title",
    "website",
    "linkedin_url",
    "phone",
    "subject",
    "body",
    "icebreaker",
    "lead_id",
    "delivered_at",
)

# What makes a spreadsheet run a cell (OWASP ASVS 5.0, 1.2.10), the full-width signs included.
_TRIGGERS = tuple("=+-@%|\t\r\n\x00＝＋－＠")
_HARMLESS = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?|\+?[\d ().\/-]{5,25}", re.ASCII)


def write(
    rows: Iterable[Mapping[str, str]], stream: IO[bytes], *, extras: Sequence[str] = ()
) -> int:
    """Write header and rows; returns how many rows. One row is in memory at a time."""
    columns = [*HEADER, *(name for name in dict.fromkeys(extras) if name not in HEADER)]
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    out = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    out.writerow([neutralise(name) for name in columns])
    written = 0
    for row in rows:
        out.writerow([neutralise(row.get(name, "")) for name in columns])
        written += 1
    text.detach()
    return written


def neutralise(cell: str) -> str:
    """The cell, with a ' before anything that a spreadsheet would run as a formula (spec L2).

    Plain numbers and phone numbers keep their sign. What lies in our database stays as it is.
    """
    if not cell or _HARMLESS.fullmatch(cell):
        return cell
    first = cell.lstrip(" \u00a0\u200b\ufeff")[:1]
    return f"'{cell}" if first in _TRIGGERS and first else cell

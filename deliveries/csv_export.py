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
_TRIGGERS = frozenset("=+-@%|\t\r\n\x00\uff1d\uff0b\uff0d\uff20")
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"  # may stand before a trigger, and hide it
# A number, or a phone number with 7 to 15 digits (E.164) and a + before them; nothing between
# the digits that a spreadsheet could take for more than one sum.
_PLAIN = re.compile(
    r"[+-]?[0-9]+(?:[.,][0-9]+)*%?|[+](?=(?:[^0-9]*[0-9]){7,15}[^0-9]*\Z)[0-9(][0-9 ()./-]*[0-9]"
)


def write(
    rows: Iterable[Mapping[str, str]], stream: IO[bytes], *, extras: Sequence[str] = ()
) -> int:
    """Write header and rows; returns how many rows. One row is in memory at a time.

    `extras` are further columns, in this order; a name that is in HEADER already is not
    repeated. A value that a row lacks is empty. The stream stays open.
    """
    columns = [*HEADER, *(name for name in dict.fromkeys(extras) if name not in HEADER)]
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="")
    try:
        out = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        out.writerow([neutralise(name) for name in columns])
        written = 0
        for row in rows:
            out.writerow([neutralise(row.get(name, "")) for name in columns])
            written += 1
    finally:
        text.detach()
    return written


def neutralise(cell: str) -> str:
    """The cell, with a ' before anything that a spreadsheet would run as a formula (spec L2).

    Plain numbers and phone numbers keep their sign. What lies in our database stays as it is.
    """
    if not cell or cell[0].isalnum() or _PLAIN.fullmatch(cell):
        return cell
    leading = cell[: len(cell) - len(_bare(cell)) + 1]
    return f"'{cell}" if _TRIGGERS.intersection(leading) else cell


def _bare(cell: str) -> str:
    """The cell from the first sign on that is seen."""
    bare = cell.lstrip()
    while bare != (shorter := bare.lstrip(_UNSEEN).lstrip()):
        bare = shorter
    return bare

"""The file a client gets: contract.md, "The delivered CSV". Pure.

Every cell is quoted (RFC 4180), so that Excel, pandas and the clients' sending tools read the
same table. Rows come in blocks, as columns: memory holds one, however long the file.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Sequence
from typing import IO, NamedTuple, TypeAlias

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

# What a cell of nearly all rows begins with, and no formula does: seen at a glance.
_HARMLESS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") | {""}

# What makes a spreadsheet run a cell (OWASP ASVS 5.0, 1.2.10), the full-width signs included.
_TRIGGERS = frozenset("=+-@%|\t\r\n\x00\uff1d\uff0b\uff0d\uff20")
_UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"  # may stand before a trigger, and hide it
# A number, or a phone number with 7 to 15 digits (E.164) and a + before them; nothing between
# the digits that a spreadsheet could take for more than one sum.
_PLAIN = re.compile(
    r"[+][0-9](?: ?[0-9]){6,14}"  # most phones, found faster; the last way finds them, too
    r"|[+-]?[0-9]+(?:[.,][0-9]+)*%?|[+](?=(?:[^0-9]*[0-9]){7,15}[^0-9]*\Z)[0-9(][0-9 ()./-]*[0-9]"
)


Block: TypeAlias = Sequence[Sequence[str]]  # some rows, as columns of the same length


class Column(NamedTuple):
    """One column of a file: its header, and the field it is filled from."""

    header: str
    field: str


def columns_of(profile: Sequence[str], extras: Sequence[str] = ()) -> list[Column]:
    """The columns of a client's file, each field once; an empty profile is the contract's.

    An entry of the profile is a field, or `header=field`. Extras follow in their order.
    """
    named = [*map(_column, profile or HEADER), *(Column(name, name) for name in extras)]
    first: dict[str, Column] = {}
    for column in named:
        first.setdefault(column.field, column)
    return list(first.values())


def _column(entry: str) -> Column:
    header, named, field = (part.strip() for part in entry.partition("="))
    return Column(header, field) if header and named and field else Column(entry, entry)


def write(
    blocks: Iterable[Block], stream: IO[bytes], headers: Sequence[str], *, excel: bool = True
) -> int:
    """Write header and rows, cell for cell; returns how many rows. The stream stays open.

    For Excel with BOM and CRLF; else plain UTF-8 lines that end in LF.
    """
    end = b"\r\n" if excel else b"\n"
    stream.write(codecs.BOM_UTF8 * excel + _lines([[name] for name in headers], end))
    written = 0
    for block in blocks:
        stream.write(_lines(block, end))
        written += len(block[0])
    return written


def _lines(block: Block, end: bytes) -> bytes:
    """Column by column: the csv module quotes sign by sign, and takes three times as long.

    Each line is encoded by itself: one sign beyond Latin-1 makes all of a text twice as wide.
    """
    columns = [_quoted(safe(column)) for column in block]
    lines = map(str.encode, map('","'.join, zip(*columns, strict=True)))
    return b'"' + (b'"' + end + b'"').join(lines) + b'"' + end


def safe(column: Sequence[str]) -> Sequence[str]:
    """The cells without one that a spreadsheet would run."""
    if {cell[:1] for cell in column} <= _HARMLESS:
        return column
    return [cell if cell[:1] in _HARMLESS else neutralise(cell) for cell in column]


def _quoted(column: Sequence[str]) -> Sequence[str]:
    if '"' not in "".join(column):
        return column
    return [cell.replace('"', '""') for cell in column]


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

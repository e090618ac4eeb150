"""Texts with addresses that are no table: what their owner has to do first. Pure.

Whoever is asked which column holds the addresses of such a text cannot answer, or answers for
one lead of many.
"""

from __future__ import annotations

import re

from pipeline.reading.dialects import ADDRESS
from pipeline.reading.file_kinds import NotALeadFile
from pipeline.reading.header_rows import Header

_MANY = 3  # addresses in a row without a header: one lead has two, of work and of home
_GAP = re.compile(r"(?<=\S)(?: {2,}|\u00a0{2,})(?=\S)")
_FEW_GAPS = 2  # one is easily typed


def refuse(header: Header) -> None:
    """Raise NotALeadFile where the header and the sample behind it show no table."""
    if not header.row and _is_list(header):
        raise NotALeadFile(
            "The file holds nothing but addresses, and several a line: put each on a line of its"
            " own."
        )
    if len(header.names) == 1 and _has_gaps(header):
        raise NotALeadFile(
            "The columns are divided by blanks only, so that an empty cell would shift the others:"
            " export the leads as CSV, with a comma between the cells."
        )


def _is_list(header: Header) -> bool:
    rows = [[cell for cell in row if cell] for row in header.sample]
    only = all(ADDRESS.search(cell) for row in rows for cell in row)
    most = max((sum(len(ADDRESS.findall(cell)) for cell in row) for row in rows), default=0)
    return only and most >= _MANY and (len(header.names) >= _MANY or len(rows) == 1)


def _has_gaps(header: Header) -> bool:
    cells = [cell for row in header.sample for cell in row]
    with_gaps = sum(len(_GAP.findall(cell)) >= _FEW_GAPS for cell in cells)
    named = not header.row or _GAP.search(header.names[0]) is not None
    return named and with_gaps * 2 > len(cells) and any(map(ADDRESS.search, cells))

"""What is uploaded in place of a CSV file: told by how it begins. Pure."""

from __future__ import annotations

import re

# What a file begins with (https://en.wikipedia.org/wiki/List_of_file_signatures), and what to
# tell its owner that it is.
_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document"),
)
_WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|head|body|table|\?xml)\b", re.IGNORECASE
)
_ODD = re.compile("[\x00-\x08\x0e-\x1f]")
_ENOUGH_ODD = 8  # a few control characters are dirt in a cell, not a sign of a binary file


def foreign(start: bytes) -> str:
    """What kind of file begins like this, with its article; '' for one that may be text."""
    if _WEB_PAGE.match(start):
        return "a web page"
    return next((kind for magic, kind in _MAGIC if start.startswith(magic)), "")


def looks_binary(sample: str) -> bool:
    """Whether more than one character in 20 is a control character that no text holds."""
    odd = len(_ODD.findall(sample))
    return odd >= _ENOUGH_ODD and odd * 20 > len(sample)

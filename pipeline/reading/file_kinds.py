"""What is uploaded in place of a lead file: told by how it begins. Pure."""

from __future__ import annotations

import re

# What a file begins with (https://en.wikipedia.org/wiki/List_of_file_signatures), and what to
# tell its owner that it is.
_MAGIC = (
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"PK\x07\x08", "a part of a ZIP archive"),
    (b"\xd0\xcf\x11\xe0", "an old or a locked Excel workbook"),
    (b"\x09\x08\x10\x00", "an old Excel workbook"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xfd7zXZ\x00", "an XZ archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"PAR1", "a Parquet file"),
    (b"ARROW1\x00\x00", "an Arrow file"),
    (b"FEA1", "a Feather file"),
    (b"Obj\x01", "an Avro file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"{\\rtf", "a text document"),
)
_TAR, _TAR_AT = b"ustar", 257  # behind the name of the first file in it
ZIP, GZIP = b"PK\x03\x04", b"\x1f\x8b"
# Found among the names in a ZIP archive: many kinds of documents are one.
_IN_ZIP = (
    ("xl/workbook.bin", "a binary Excel workbook (.xlsb)"),
    ("content.xml", "an OpenDocument file"),
    ("Index/Document.iwa", "a Numbers document"),
    ("Index.zip", "a Numbers document"),
    ("word/document.xml", "a Word document"),
    ("ppt/presentation.xml", "a PowerPoint presentation"),
)
_TEXTS = (
    (re.compile(r"<\?xml\b(?!.{,300}<html)", re.IGNORECASE | re.DOTALL), "an XML file"),
    (
        re.compile(  # a part of one too, as tools save tables under the name of a workbook
            r"(?>(?:<!--.{0,2000}?-->\s*)*)"
            r"<(?:(?:!doctype|html|head|body|table|\?xml)\b|[a-z][a-z0-9]*\b[^<>]*>(?![,;\t|])(?=.*<t(?:able|r|d)\b))",
            re.IGNORECASE | re.DOTALL,
        ),
        "a web page",
    ),
    (
        re.compile(  # no header with a tab between `<Name>` and `<Email>`, and no `<br>`
            r"<(?!br\b)[a-z_][\w.:-]*(?:\s[^<>]*)?>(?: *|\s*[\r\n]\s*)<[a-z_][^<>@]*>",
            re.IGNORECASE,
        ),
        "an XML file",
    ),
    (
        re.compile(
            r"From: <Saved by |MIME-Version:(?=.{,3000}multipart/related)",
            re.IGNORECASE | re.DOTALL,
        ),
        "a saved web page (MHTML)",
    ),
    (
        re.compile(  # of its head, what no note above a table has
            r"(?:From [^\n]*\n)?(?:[ADX][\w-]+-[\w-]+|Received|Return-Path|From|To|Cc|Reply-To|Subject"
            r"|Date|Message-ID|MIME-Version|Content-[\w-]+): "
            r"(?s:.){,8000}?^(?:Received|Return-Path|Message-ID|MIME-Version): ",
            re.IGNORECASE | re.MULTILINE,
        ),
        "an e-mail",
    ),
    (
        re.compile(
            r"(?>(?:--[^\n]*\n|/\*.*?\*/;?|\s)*)"
            r"(?:INSERT\s+INTO|(?:CREATE|DROP)\s+(?:TABLE|DATABASE)|PRAGMA|SET\s+\w+\s*=)\s",
            re.IGNORECASE | re.DOTALL,
        ),
        "a database dump (SQL)",
    ),
    (re.compile(r"(?>(?:#[^\n]*\n|\s)*)(?:version: 1\s*\n|dn::? )"), "an address book (LDIF)"),
    (re.compile(r"(?:\[\s*\]|\{\s*\})\s*$"), "an empty JSON file"),
    (
        re.compile(  # no header of merge tags such as `{{name}}` or `[[Name]]`
            r'\[\s*(?:\{\s*["}]|\[\s*["\]\d-])|[\[{]\s*"(?:[^"\\]|\\.){,100}"\s*[:,\]]'
        ),
        "a JSON file",
    ),
    (re.compile(r"BEGIN:VCARD\b", re.IGNORECASE), "a vCard file"),
    (re.compile(r"BEGIN:VCALENDAR\b", re.IGNORECASE), "a calendar"),
)
_ODD = re.compile("[\x00\x02-\x08\x0e-\x1e]")  # \x01 and \x1f may part cells
_ENOUGH_ODD = 8  # a few control characters are dirt in a cell, not a sign of a binary file


class NotALeadFile(Exception):
    """One sentence: what was missing and what was seen."""


def refuse_foreign(start: bytes) -> None:
    """Raise NotALeadFile where a file begins like this and can hold no table of text."""
    if not start.strip(b"\x00 \t\r\n"):
        raise NotALeadFile("The file is empty; a header and at least one row are needed.")
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            raise not_this(kind)
    if start.startswith(_TAR, _TAR_AT):
        raise not_this("a tar archive")


def refuse_foreign_text(sample: str) -> None:
    """The same of a text, once its encoding is known."""
    text = sample.lstrip("\ufeff \t\r\n")
    for pattern, kind in _TEXTS:
        if pattern.match(text):
            raise not_this(kind)
    if looks_binary(sample):
        raise not_this("binary")


def not_this(kind: str) -> NotALeadFile:
    return NotALeadFile(
        f"A CSV file or an Excel workbook (.xlsx) is needed, and this is {kind}:"
        " export the leads as CSV."
    )


def in_zip(names: list[str]) -> str:
    """What kind of document an archive with these names is, with its article; '' for none."""
    return next((kind for name, kind in _IN_ZIP if name in names), "")


def looks_binary(sample: str) -> bool:
    """Whether more than one character in 20 is a control character that no text holds."""
    sample = sample.rstrip("\x00")  # of a disk's block that the text did not fill
    odd = len(_ODD.findall(sample))
    return odd >= _ENOUGH_ODD and odd * 20 > len(sample)

"""What may show that two leads with different addresses are one person: phone, LinkedIn. Pure.

For a person's eye, never for merging on its own (spec D2). An empty key matches nothing.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import numpy as np

from pipeline.arrow import (
    TEXT,
    Column,
    byte_range,
    changed,
    holds,
    joined,
    pa,
    pc,
    sizes,
    starts_of,
    strange,
    text,
    without_prefix,
)

_FEWEST_DIGITS, _MOST_DIGITS = 7, 15  # E.164 ends at 15
_EXTENSION = r"(?i)(?:ext|x|#|durchwahl|poste).*$"
# What a spreadsheet makes of a number: 4.91521E+11 has lost its last digits.
_ROUNDED, _FLOAT = r"^\d(?:[.,]\d+)?[eE][+]?\d+$", r"^(\+?\d{7,})[.,]00?$"
_LABEL = r"(?i)^(?:tel|p):\s*"  # of a link, and of Facebook's leads
# `(mobile 2)`; the digits of `(0)` and `(512)` are the number's.
_REMARK = r"\([^()0-9]*\p{L}[^()0-9]*[0-9]?[^()0-9]*\)"
_NUMBER = re.compile(r"[+(]*\d[\d ()./+\xa0\u2010-\u2015-]*")
_DIVIDERS = [re.compile(pattern) for pattern in (r"(?=\+)", r"\s/\s", "/")]
_NO_DIGITS, _OF_NUMBERS = bytes({*range(256)} - {*b"0123456789"}), b"0123456789 +-()./'"
_PROFILE = "linkedin.com/in/"
_MOBILE = r"^(?:.*[/.])?linkedin[.]com/mwlite/in/([^/?#\s]+).*$"
_SALES = r"(?i)^(?:.*[/.])?linkedin[.]com/sales/(?:lead|people)/([^/?#,\s]+).*$"
# What no slug holds: the next cell of a list, a bracket, a quote, a second parameter.
_SLUG_ENDS = "/?# ,;)>'\"&"


def bare_numbers(column: Column) -> Column:
    """Without what programs write around a number: '+1 …, =+1 …, p:+1 …, and the .0 behind it."""
    column = pc.ascii_ltrim(column, "'=")
    if holds(column, ":"):
        column = pc.replace_substring_regex(column, _LABEL, "")
    if holds(column, ".") or holds(column, ","):
        column = pc.replace_substring_regex(column, _FLOAT, r"\1")
    return column


def phone_keys(column: Column) -> Column:
    """The digits of each number, as they would be dialled from abroad if it says so.

    Without a leading 00 and the (0) of `+49 (0)30`, without extensions and remarks; of several
    numbers the first. Empty where there are fewer than 7 digits or more than 15, and where a
    spreadsheet has rounded the number.
    """
    if byte_range(column)[1] > ord("~"):
        column = changed(column, strange(column), _with_usual_digits)
    if byte_range(column)[1] > ord("9"):
        column = pc.if_else(pc.match_substring_regex(column, _ROUNDED), "", column)
        column = pc.replace_substring_regex(column, _REMARK, "")
        column = changed(
            column,
            pc.match_substring_regex(column, _EXTENSION),
            lambda part: pc.replace_substring_regex(part, _EXTENSION, ""),
        )
    column = bare_numbers(column)
    if holds(column, "("):
        column = pc.replace_substring(column, "(0)", "")
    digits = _digits(column)
    several = sizes(digits) >= 2 * _FEWEST_DIGITS
    if several.any():
        firsts = [_first_number(each) for each in column.filter(pa.array(several)).to_pylist()]
        digits = pc.replace_with_mask(digits, pa.array(several), _digits(pa.array(firsts, TEXT)))
    digits = without_prefix(digits, "00")
    size = sizes(digits)
    fits = pa.array((size >= _FEWEST_DIGITS) & (size <= _MOST_DIGITS))
    return pc.if_else(fits, digits, "")


def is_one_number(text: str) -> bool:
    """Whether it is at most one number, and no word but of its extension. Quick: for each row."""
    if len(text.encode().translate(None, _NO_DIGITS)) >= 2 * _FEWEST_DIGITS:
        return False
    return _has_no_words(text) or _has_no_words(re.sub(_EXTENSION, "", text))


def _has_no_words(text: str) -> bool:
    return not text.encode().translate(None, _OF_NUMBERS)


def numbers_in(text: str) -> list[str]:
    """What may be phone numbers in a text, as they stand there: 7 digits at least."""
    parts = [part for piece in _NUMBER.findall(text) for part in _divided(piece)]
    return [part.strip(" ./-") for part in parts if _has_enough(part)]


def _divided(piece: str) -> list[str]:
    """A slash divides two numbers, but not the parts of one: 030/2312510."""
    for divider in _DIVIDERS:
        parts = [part for part in divider.split(piece) if any(map(str.isdecimal, part))]
        if len(parts) > 1 and all(map(_has_enough, parts)):
            return parts
    return [piece]


def _has_enough(text: str) -> bool:
    return sum(map(str.isdecimal, text)) >= _FEWEST_DIGITS


def _first_number(text: str) -> str:
    several = numbers_in(text)
    return several[0] if len(several) > 1 else text


def _with_usual_digits(column: Column) -> Column:
    """0 to 9 for what other scripts and keyboards write."""
    return pa.array([_usual(each) for each in column.to_pylist()], TEXT)


def _usual(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text)
    return "".join(str(unicodedata.decimal(sign, sign)) for sign in plain)


def count_rounded(column: Column) -> int:
    """How many of the numbers a spreadsheet has rounded."""
    if not holds(column, "E") and not holds(column, "e"):
        return 0
    return pc.sum(pc.match_substring_regex(column, _ROUNDED)).as_py() or 0


def _digits(column: Column) -> Column:
    """Only the digits 0 to 9, straight in the column's bytes: five times as fast as a regex."""
    letters = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    kept = (letters >= ord("0")) & (letters <= ord("9"))
    before = np.zeros(len(letters) + 1, np.int32)
    np.cumsum(kept, out=before[1:])
    return pa.LargeStringArray.from_buffers(
        len(column),
        pa.py_buffer(before[starts_of(column)].astype(np.int64)),
        pa.py_buffer(letters[kept]),
    )


def phone_key(number: str) -> str:
    """`phone_keys` for one number."""
    return str(phone_keys(pa.array([number], TEXT))[0])


def linkedin_keys(column: Column) -> Column:
    """`in/<slug>` of each profile's address, whatever its host, query and spelling.

    Sales Navigator knows people by another id: `sales/lead/<id>`. Empty for all else.
    """
    is_ascii = byte_range(column)[1] < 0x80  # noqa: PLR2004
    lower = pc.ascii_lower(column) if is_ascii else pc.utf8_lower(column)
    if holds(lower, "%"):
        lower = changed(lower, pc.match_substring(lower, "%"), _unquoted)
    profile = pc.match_substring(lower, f".{_PROFILE}")
    for scheme in ("", "http://", "https://"):
        profile = pc.or_(profile, pc.starts_with(lower, scheme + _PROFILE))
    keys = changed(pc.if_else(profile, lower, ""), profile, _slugs)
    others = pc.and_not(pc.not_equal(lower, ""), profile)
    return pc.replace_with_mask(keys, others, _rare_keys(column.filter(others)))


def _unquoted(column: Column) -> Column:
    """As it was before it became an address: PostgreSQL takes no NUL, and nobody sees the others."""
    meant = pa.array([unquote(each) for each in column.to_pylist()], TEXT)
    seen = pc.replace_substring_regex(meant, r"[\x00-\x1f\x7f]", "")
    return pc.utf8_normalize(pc.utf8_lower(seen), "NFC")


def _slugs(column: Column) -> Column:
    slugs = pc.list_element(pc.split_pattern(column, "/in/", max_splits=1), 1)
    if any(holds(slugs, sign) for sign in _SLUG_ENDS):
        slugs = changed(slugs, pc.match_substring_regex(slugs, f"[{_SLUG_ENDS}]"), _to_first_sign)
    return pc.if_else(pc.equal(slugs, ""), "", joined(text("in/"), slugs))


def _to_first_sign(column: Column) -> Column:
    return pc.replace_substring_regex(column, f"(?s)[{_SLUG_ENDS}].*$", "")


def _rare_keys(column: Column) -> Column:
    """The mobile site's profiles, and Sales Navigator's ids, which know upper and lower case."""
    mobile = pc.replace_substring_regex(pc.ascii_lower(column), _MOBILE, r"in/\1")
    found = pc.replace_substring_regex(column, _SALES, r"sales/lead/\1")
    found = pc.if_else(pc.starts_with(found, "sales/lead/"), found, "")
    return pc.if_else(pc.starts_with(mobile, "in/"), mobile, found)


def linkedin_key(url: str) -> str:
    """`linkedin_keys` for one address."""
    return str(linkedin_keys(pa.array([url], TEXT))[0])

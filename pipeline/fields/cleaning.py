"""The text of cells without what nobody sees: trimmed, composed, on one line. Pure."""

from __future__ import annotations

from pipeline.arrow import TEXT, Column, byte_range, changed, holds, pa, pc, per_distinct, strange
from pipeline.fields.escapes import MAYBE, unescaped
from pipeline.fields.nothing import NAMES, NOTHING

# Control characters, soft hyphen, joiners and fillers of no width, direction signs, variation
# selectors, byte order mark, tags: unseen by people, obeyed by machines.
_INVISIBLE = (
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{17b4}\x{17b5}"
    r"\x{180b}-\x{180f}\x{200b}-\x{200f}\x{202a}-\x{202e}\x{2060}-\x{206f}\x{3164}"
    r"\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff9}-\x{fffb}\x{e0000}-\x{e0fff}]"
)
_BREAK = r"\r\n|[\n\v\f\r\x{85}\x{2028}\x{2029}]"
_SPACE = r"[\t\p{Zs}]"
# How a CSV file keeps a spreadsheet from making a number of it, and what is left of a cell that two
# programs have quoted.
_QUOTED = r'^\s*=?"([^"]*)"\s*$'
# `MÃ¼ller`: UTF-8 that was once read as cp1252. No language has such a letter before such a sign.
_TWICE_CODED = r"[ÂÃÄÅâ][\x{80}-\x{bf}ŒœŠšŸŽžƒˆ˜–—‘’‚“”„†‡•…‰‹›€™]"  # noqa: RUF001
_OF_ESCAPES = "&<\\"
_WORDS, _NAMES = pa.array(sorted(NOTHING), TEXT), pa.array(sorted(NAMES), TEXT)


def clean(column: Column, *, several_lines: bool = False) -> Column:
    """Trimmed, composed (NFC), without what nobody sees; on one line unless told otherwise.

    What was written as `="00501"` is 00501, `"Ann"` is Ann, `MÃ¼ller` is Müller, and `R&amp;D` is R&D.
    """
    mend = _mended_lines if several_lines else _mended
    lowest, highest = byte_range(column)
    if lowest < ord(" ") or highest > ord("~"):
        column = changed(column, strange(column), mend)
    if any(holds(column, sign) for sign in _OF_ESCAPES):
        escaped = pc.match_substring_regex(column, MAYBE)
        column = changed(column, escaped, lambda rest: mend(_unescaped(rest)))
    if holds(column, '"'):
        column = changed(column, pc.match_substring_regex(column, _QUOTED), _unquoted)
    return pc.utf8_trim_whitespace(column)


def blanked(column: Column) -> Column:
    """The trimmed cells, without those that only say that there is nothing (`N/A`, `null`)."""
    found = pc.is_in(pc.ascii_lower(column), value_set=_WORDS)
    if not pc.any(found).as_py():
        return column
    return pc.if_else(pc.and_not(found, pc.is_in(column, value_set=_NAMES)), "", column)


def _coded_once(column: Column) -> Column:
    return per_distinct(column, lambda texts: pa.array(map(coded_once, texts.to_pylist()), TEXT))


def coded_once(text: str) -> str:
    """The text that was meant, where all of it is UTF-8 that was read as cp1252; else as it is."""
    try:
        meant = b"".join(map(_byte_of, text)).decode()
    except UnicodeError:
        return text
    return meant if meant == text else coded_once(meant)


def _byte_of(sign: str) -> bytes:
    # Windows passes on the five bytes that cp1252 leaves undefined.
    return sign.encode("latin-1" if sign < "\xa0" else "cp1252")


def _unescaped(column: Column) -> Column:
    return per_distinct(column, lambda texts: pa.array(map(unescaped, texts.to_pylist()), TEXT))


def _unquoted(column: Column) -> Column:
    return pc.replace_substring_regex(column, _QUOTED, r"\1")


def _mended(column: Column, line_break: str = " ") -> Column:
    column = changed(column, pc.match_substring_regex(column, _TWICE_CODED), _coded_once)
    column = pc.replace_substring_regex(column, _BREAK, line_break)
    column = pc.replace_substring_regex(column, _SPACE, " ")
    column = pc.replace_substring_regex(column, _INVISIBLE, "")
    column = pc.utf8_normalize(column, "NFC")
    # What is gone from between two signs, or made one of two, may have hidden such a pair.
    told = changed(column, pc.match_substring_regex(column, _TWICE_CODED), _coded_once)
    again = pc.not_equal(told, column)
    return changed(told, again, lambda rest: _mended(rest, line_break))


def _mended_lines(column: Column) -> Column:
    return _mended(column, "\n")

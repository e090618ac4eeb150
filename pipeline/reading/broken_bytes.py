"""What becomes of bytes that mean nothing in the encoding of their file. Pure.

Never a refused file, of which all other records are good: a letter, where it is plain which, and
else a sign in its place.
"""

from __future__ import annotations

import codecs

MENDED = "leads.mended"  # for `errors` where bytes are decoded

# First bytes of letters in the West, and what may stand behind one that was cut in two.
_OPENING = {bytes([byte]) for byte in (0xC2, 0xC3, 0xC4, 0xC5, 0xE2)}
_ENDING = {b"", *(bytes([byte]) for byte in b',;\t|"\r\n')}


def _mended(problem: UnicodeError) -> tuple[str, int]:
    """A byte that is no UTF-8 is a letter of Windows', as files put together from several have it;
    unless it opens a letter that was cut off at the end of a cell.
    """
    if not isinstance(problem, UnicodeDecodeError):
        raise problem
    bad = problem.object[problem.start : problem.end]
    is_cut = bad in _OPENING and problem.object[problem.end : problem.end + 1] in _ENDING
    if problem.encoding != "utf-8" or len(bad) > 1 or is_cut:
        return "\ufffd", problem.end
    return bad.decode("cp1252", "replace"), problem.end


codecs.register_error(MENDED, _mended)

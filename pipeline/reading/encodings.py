"""Which encoding a text is written in: marks first, then proof, then the likeliest. Pure.

Any bytes are some text in most of the old encodings, so that a library's guess alone is wrong
for the short, half ASCII texts that lead files are. Where it is not clear, it is cp1252: what
Excel writes in the West.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from itertools import chain
from statistics import fmean as mean
from string import ascii_letters
from typing import IO

from charset_normalizer import from_bytes

from pipeline.reading import latin_letters
from pipeline.reading.file_kinds import NotALeadFile

_BLOCK = 1 << 20
_GUESSED_BYTES = 1 << 16  # of lines that are not ASCII: what a guess stands on
_LINE = 2_000  # bytes of a line; more of it teaches nothing
_FEW = 2  # NULs may be dirt
_CLEAR = 0.8  # share of a text that must look like its script
_LATIN = 0.4  # share of signs: addresses, dividers and breaks make up as much of any lead file

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_PARTING = ",;\t|\n"
_TEXT = frozenset(b"\t\n\r" + bytes(range(0x20, 0x7F)))
_HIGH = re.compile(rb"[\x80-\xff]+")
_WORD = re.compile(r"[A-Za-z]*[^\x00-\x7f]+[A-Za-z]*")
_AROUND = "«»“”„‘’–—…•№§\xa0"  # noqa: RUF001  (signs, beside a word)
_MAC_LETTERS = re.compile(rb"[a-z][\x80-\x9f]|[\x80-\x9f][a-z]")


def find(start: bytes, rest: IO[bytes]) -> str:
    """The encoding of a file that begins with `start` and goes on with `rest`, read to its end.

    A mark decides; else NULs where UTF-32 or UTF-16 has them; else strict UTF-8 for the whole
    file; else a guess.
    """
    for mark, name in _MARKS:
        if start.startswith(mark):
            return name
    if name := _utf32(start) or _utf16(start):
        return name
    sample = _Sample()
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in chain([start], iter(lambda: rest.read(_BLOCK), b"")):
            sample.add(block)
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        while not sample.full and (block := rest.read(_BLOCK)):
            sample.add(block)
        return guess(bytes(sample.content))
    return "utf-8"


def as_said(start: bytes, name: str) -> str:
    """The encoding that a person named of a file that begins with `start`: UTF-16 without a mark
    has one of two orders. Raises NotALeadFile where it has neither.
    """
    if name != "utf-16" or start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return name
    for order in ("utf-16-le", "utf-16-be"):
        if _keeps_table(start, order):
            return order
    raise NotALeadFile("The file is not written in UTF-16: choose another encoding.")


def _utf32(start: bytes) -> str:
    """UTF-32 without a mark: of each four bytes the highest is NUL, and most of the others are."""
    if 2 * start.count(0) <= len(start):
        return ""
    tops = {"utf-32-le": start[3::4], "utf-32-be": start[::4]}
    likely = (name for name, top in tops.items() if not any(top) and _keeps_table(start, name))
    return next(likely, "")


def _utf16(start: bytes) -> str:
    """UTF-16 without a mark: half of each line break, comma and ASCII letter is NUL."""
    even, odd = start[::2].count(0), start[1::2].count(0)
    enough = max(_FEW, len(start) // 40)
    if odd > max(enough, 4 * even) and _keeps_table(start, "utf-16-le"):
        return "utf-16-le"
    keeps = even > max(enough, 4 * odd) and _keeps_table(start, "utf-16-be")
    return "utf-16-be" if keeps else ""


def _keeps_table(start: bytes, encoding: str) -> bool:
    """Whether the text read so has lines, and most of what parts cells: in a short file, three
    cells with a NUL in them may look like UTF-16, but the commas are lost. Letters that look like
    lost commas (all of Hindi's have a tab's byte) say nothing where enough of the text is Latin.
    """
    text = start.decode(encoding, "replace")
    kept = sum(map(text.count, _PARTING))
    latin = sum(sign <= "\xff" for sign in text) >= _LATIN * len(text)
    return not {"\n", "\r"}.isdisjoint(text) and (latin or kept >= sum(map(_is_swallowed, text)))


def _is_swallowed(sign: str) -> bool:
    """Whether two ASCII characters were read as this one, of which one parts cells: `a,` as U+2C61."""
    high, low = divmod(ord(sign), 256)
    return high in _TEXT and low in _TEXT and (chr(high) in _PARTING or chr(low) in _PARTING)


class _Sample:
    """The first lines that are not ASCII: one name with an accent may stand a gigabyte in."""

    def __init__(self) -> None:
        self.content = bytearray()

    @property
    def full(self) -> bool:
        return len(self.content) >= _GUESSED_BYTES

    def add(self, block: bytes) -> None:
        if block.isascii():
            return
        end = 0
        while not self.full and (found := _HIGH.search(block, end)):
            at = found.start()
            begin = max(block.rfind(b"\n", end, at) + 1, at - _LINE, end)
            stop = block.find(b"\n", at, at + _LINE)
            end = stop + 1 if stop >= 0 else at + _LINE
            self.content += block[begin:end]


def guess(sample: bytes) -> str:
    """The likeliest encoding of lines that are no good UTF-8; cp1252 unless another is clear."""
    # One broken sign, where a program cut a cell in two, does not make a UTF-8 file Windows'.
    text = sample.decode("utf-8", "replace")
    bad = text.count("\ufffd")
    good = sum(not sign.isascii() for sign in text) - bad
    if good >= 10 * bad:
        return "utf-8"
    runs = [len(run) for run in _HIGH.findall(sample)]
    # In Latin scripts a letter beyond ASCII mostly stands alone; in others whole words do.
    latin = 4 * sum(length for length in runs if length > 2) < sum(runs)  # noqa: PLR2004
    if not latin and (other := _other_script(sample)):
        return other
    # In Windows' Western letters a pair that is good UTF-8 stands by accident, and seldom; where
    # it does often, files in both were put together, and each byte that is none is mended.
    return "utf-8" if good >= 2 * bad else _latin(sample)


def _latin(sample: bytes) -> str:
    if _share("cp932", sample, _is_kana) >= _CLEAR:
        return "cp932"  # of which every other byte of katakana is ASCII
    # Excel for the Mac ends its lines in CR.
    high = sum(map(len, _HIGH.findall(sample)))
    is_mac = b"\n" not in sample and 2 * len(_MAC_LETTERS.findall(sample)) > high
    return latin_letters.best(sample, "mac_roman" if is_mac else latin_letters.WINDOWS)


def _other_script(sample: bytes) -> str:
    """The encoding of a text that is not in Latin letters; '' where none is clear."""
    likely = {name: round(_share(name, sample, looks), 3) for name, looks in _SCRIPTS.items()}
    best = max(likely.values())
    if round(best, 1) < _CLEAR:
        return ""
    names = [name for name, share in likely.items() if share == best]
    return names[0] if len(names) == 1 else _least_messy(sample, names)


def _least_messy(sample: bytes, names: list[str]) -> str:
    """Of encodings that spell equally well, the one whose text looks least like an accident."""
    mess = {
        name: match.chaos
        for match in from_bytes(sample, cp_isolation=names)
        for name in match.could_be_from_charset
    }
    return min(names, key=lambda name: mess.get(name, 1))


def _share(encoding: str, sample: bytes, looks: Callable[[str], float]) -> float:
    """How much of the text beyond ASCII looks like its script, word by word; 0 if undecodable."""
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return 0
    stripped = (word.strip(_AROUND) for word in _WORD.findall(text))
    words = [word for word in stripped if not word.isascii()]
    sizes = [sum(not sign.isascii() for sign in word) for word in words]
    found = sum(size * looks(word) for size, word in zip(sizes, words, strict=True))
    return found / (sum(sizes) or 1)


def _beyond_ascii(word: str) -> str:
    """Chinese and Japanese names stand next to Latin ones without a blank."""
    return word.strip(ascii_letters)


def _is_japanese_of_unix(word: str) -> float:
    """Chinese signs have the same bytes, but no kana among them, nor only the first half."""
    return _is_kana(word) + _COMMON_KANJI(word)


def _written(pattern: str) -> Callable[[str], float]:
    """Whole words or nothing: no Cyrillic one has a Latin letter, and their capitals tell the
    encodings apart.
    """
    whole = re.compile(pattern)
    return lambda word: float(whole.fullmatch(word) is not None)


def _is_hangul(word: str) -> float:
    return mean("\uac00" <= sign <= "\ud7a3" for sign in _beyond_ascii(word))


def _is_kana(word: str) -> float:
    return mean("\u3040" <= sign <= "\u30ff" for sign in _beyond_ascii(word))


def _is_japanese(word: str) -> float:
    kanji = mean("\u4e00" <= sign <= "\u9fa5" or sign == "\u3005" for sign in _beyond_ascii(word))
    return _is_kana(word) + kanji


def _common(encoding: str, first: int, last: int, rare: int) -> Callable[[str], float]:
    """Chinese character sets have the common signs first, which makes up most of a text."""

    def weight(sign: str) -> float:
        lead = sign.encode(encoding, "replace")[0]
        return 1 if first <= lead <= last else 0.5 if last < lead <= rare else 0

    return lambda word: mean(map(weight, _beyond_ascii(word)))


# Capitals, then small letters; in Greek the sigma of a word's end stands there only. Ukrainian,
# Serbian and others have letters of their own, and apostrophes.
_CYRILLIC = _written(
    "[\u0401-\u042f\u0490]?[\u0430-\u045f\u0491\u2019]*|[\u0401-\u042f\u0490\u2019]+"
)
_GREEK = _written("[\u0386-\u03ab]?[\u0390\u03ac-\u03c1\u03c3-\u03ce]*\u03c2?|[\u0386-\u03ab]+")
_ARABIC = _written(
    "[A-Za-z]*[\u0621-\u063a\u0641-\u0652\u0679-\u06d2\u060c\u061b\u061f\u200c]+[A-Za-z]*"
)
_HEBREW = _written("[\u05d0-\u05ea\u05f3\u05f4]+")
# Vowels before a consonant; vowels and tones above, below and behind it.
_THAI = _written(
    "(?:[\u0e40-\u0e44]?[\u0e01-\u0e2e][\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]*"
    "[\u0e30\u0e32\u0e33\u0e45\u0e46\u0e2f]*)+"
)
_COMMON_KANJI = _common("euc_jp", 0xB0, 0xCF, 0xF4)
# What is likelier stands first: it wins where the library sees no difference.
_SCRIPTS: dict[str, Callable[[str], float]] = {
    "cp1255": _HEBREW,  # whose few letters fail to spell most other texts
    "cp1251": _CYRILLIC,
    "cp1253": _GREEK,
    "koi8_u": _CYRILLIC,
    "cp866": _CYRILLIC,
    "iso8859_5": _CYRILLIC,
    "mac_cyrillic": _CYRILLIC,
    "iso8859_7": _GREEK,
    "cp1256": _ARABIC,
    "iso8859_6": _ARABIC,
    "cp874": _THAI,
    "cp932": _is_japanese,
    "cp949": _is_hangul,
    "gb18030": _common("gb2312", 0xB0, 0xD7, 0xF7),
    "euc_jp": _is_japanese_of_unix,
    "big5": _common("big5", 0xA4, 0xC6, 0xF9),
}

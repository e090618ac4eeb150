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
# What the letters of others look like when they are read as cp1252: Lodz becomes £ódŸ.
_POLISH = re.compile("[A-Za-z][¹³¿£¥¯][A-Za-z]|[£¥¯][a-z]|[a-z]{3}[³¹]")
_POLISH_OF_ISO = re.compile("[A-Za-z][±¶¼]|[±¶¦¬¼][a-z]")
_POLISH_OF_WINDOWS = re.compile("[A-Za-z][¹œŸ]|[¹œŸŒ][a-z]")
_CZECH = re.compile("ø[íáìý]|[ìù][a-z]|è[aeioíáì]")
# ő and ű, told from a Frenchman's û by á, ó and í, and from a Portuguese's õe.
_HUNGARIAN = re.compile("õ(?!e)|û")
_ALSO_HUNGARIAN, _NOT_HUNGARIAN = re.compile("[áóí]"), re.compile("[ãçêâàèôñ]")
# ü, é, ä, ç, ê, ô, ö of DOS: Windows' quotes and daggers, which stand between no two letters.
_DOS_LETTERS = re.compile(rb"[A-Za-z][\x81\x82\x84\x87\x88\x93\x94](?=[a-z])")
_MAC_LETTERS = re.compile(rb"[a-z][\x80-\x9f]|[\x80-\x9f][a-z]")
_SMALL, _CAPITAL = "a-zß-öø-ÿœšž", "A-ZÀ-ÖØ-ÞŒŠŽŸ"
_LETTER = _SMALL + _CAPITAL
# Where letters and signs stand that were read right: no capital within a word in small letters,
# no dagger behind a letter. José of a Mac is JosŽ to Windows, and Müller is MŸller.
_AT_HOME = re.compile(
    rf"[ß-öø-ÿ](?![{_CAPITAL}])"
    rf"|(?<![{_SMALL}])[À-ÖØ-ÞŒŠŽŸ](?![{_SMALL}])|(?<![{_LETTER}])[À-ÖØ-ÞŒŠŽŸ]"
    rf"|’|(?<![{_LETTER}])[‘“”„–—…•™®©°§«»€´·¿¡£ºª½²³\xa0]"  # noqa: RUF001
    rf"|[”…™®©°´»²³](?![{_LETTER}])"  # noqa: RUF001
)
_ANYWHERE = frozenset("œšž")  # which are ú, ö and û of a Mac: they tell nothing
_STRANGE, _USUAL = 0.5, 0.9  # shares of what is at home
_TURKISH = re.compile("[ÐÝÞðýþ]")
_NOT_TURKISH = re.compile("[ÁÉÍÓÚÆØÅáéíóúæøåñã]")


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
    if sum(not sign.isascii() for sign in text) - bad >= 10 * bad:
        return "utf-8"
    runs = [len(run) for run in _HIGH.findall(sample)]
    # In Latin scripts a letter beyond ASCII mostly stands alone; in others whole words do.
    latin = 4 * sum(length for length in runs if length > 2) < sum(runs)  # noqa: PLR2004
    return (not latin and _other_script(sample)) or _latin(sample)


def _latin(sample: bytes) -> str:
    if _share("cp932", sample, _is_kana) >= _CLEAR:
        return "cp932"  # of which every other byte of katakana is ASCII
    text, letters = sample.decode("cp1252", "replace"), sum(map(len, _HIGH.findall(sample)))
    if name := _of_old_machines(sample, letters):
        return name
    if 5 * len(_POLISH.findall(text)) >= letters:
        iso, windows = _POLISH_OF_ISO.findall(text), _POLISH_OF_WINDOWS.findall(text)
        return "iso8859_2" if len(iso) > len(windows) else "cp1250"
    name = _of_one_letter_each(text, letters)
    return (name == "cp1252" and _by_what_is_at_home(sample)) or name


def _of_old_machines(sample: bytes, letters: int) -> str:
    """A Mac's text, whose lines end in CR, or one of DOS; '' for none of them."""
    if b"\n" not in sample and 2 * len(_MAC_LETTERS.findall(sample)) > letters:
        mac, windows = (_share_at_home(sample, name) for name in ("mac_roman", "cp1252"))
        if mac >= windows:
            return "mac_roman"
    dos = len(_DOS_LETTERS.findall(sample))
    return "cp850" if dos >= _FEW and 3 * dos >= letters else ""


def _by_what_is_at_home(sample: bytes) -> str:
    """A Mac's text or DOS's, where it makes no sense as Windows' and one of these is clear."""
    names = ("cp1252", "mac_roman", "cp850")
    shares = {name: _share_at_home(sample, name) for name in names}
    first, second = sorted(names[1:], key=lambda name: -shares[name])
    is_clear = shares[first] >= _USUAL and shares[first] > shares[second]
    return first if shares["cp1252"] < _STRANGE and is_clear else ""


def _share_at_home(sample: bytes, encoding: str) -> float:
    """How many of the signs beyond ASCII stand where such signs do."""
    text = sample.decode(encoding, "replace")
    signs = sum(not sign.isascii() and sign not in _ANYWHERE for sign in text)
    return len(_AT_HOME.findall(text)) / signs if signs else 1


def _of_one_letter_each(text: str, letters: int) -> str:
    """Turkish, Czech and Hungarian differ from the West's letters in few; text read as cp1252."""
    turkish = _TURKISH.findall(text)
    if len(set(turkish)) > 1 and 3 * len(turkish) >= letters and not _NOT_TURKISH.search(text):
        return "cp1254"
    czech, hungarian = len(_CZECH.findall(text)), len(_HUNGARIAN.findall(text))
    is_hungarian = _ALSO_HUNGARIAN.search(text) and not _NOT_HUNGARIAN.search(text)
    few = 7 * czech < letters or czech < _FEW
    return "cp1252" if few and not (hungarian >= _FEW and is_hungarian) else "cp1250"


def _other_script(sample: bytes) -> str:
    """The encoding of a text that is not in Latin letters; '' where none is clear."""
    likely = {name: round(_share(name, sample, looks), 1) for name, looks in _SCRIPTS.items()}
    best = max(likely.values())
    if best < _CLEAR:
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
        words = _WORD.findall(sample.decode(encoding))
    except UnicodeDecodeError:
        return 0
    sizes = [sum(not sign.isascii() for sign in word) for word in words]
    found = sum(size * looks(word) for size, word in zip(sizes, words, strict=True))
    return found / (sum(sizes) or 1)


def _beyond_ascii(word: str) -> str:
    """Chinese and Japanese names stand next to Latin ones without a blank."""
    return word.strip(ascii_letters)


def _written(pattern: str) -> Callable[[str], float]:
    """Whole words or nothing: no Cyrillic one has a Latin letter, and their capitals tell the
    encodings apart.
    """
    whole = re.compile(pattern)
    return lambda word: float(whole.fullmatch(word) is not None)


def _letters(first: str, last: str) -> Callable[[str], float]:
    return lambda word: mean(first <= sign <= last for sign in _beyond_ascii(word))


def _is_kana(word: str) -> float:
    return mean("\u3040" <= sign <= "\u30ff" for sign in _beyond_ascii(word))


def _is_japanese(word: str) -> float:
    kanji = mean("\u4e00" <= sign <= "\u9fa5" for sign in _beyond_ascii(word))
    return _is_kana(word) + kanji


def _common(encoding: str, first: int, last: int, rare: int) -> Callable[[str], float]:
    """Chinese character sets have the common signs first, which makes up most of a text."""

    def weight(sign: str) -> float:
        lead = sign.encode(encoding, "replace")[0]
        return 1 if first <= lead <= last else 0.5 if last < lead <= rare else 0

    return lambda word: mean(map(weight, _beyond_ascii(word)))


# Capitals, then small letters; in Greek the sigma of a word's end stands there only.
_CYRILLIC = _written("[\u0410-\u042f\u0401]?[\u0430-\u044f\u0451]*|[\u0410-\u042f\u0401]+")
_GREEK = _written("[\u0386-\u03ab]?[\u03ac-\u03c1\u03c3-\u03ce]*\u03c2?|[\u0386-\u03ab]+")
# What is likelier stands first: it wins where the library sees no difference.
_SCRIPTS: dict[str, Callable[[str], float]] = {
    "cp1255": _letters("א", "ת"),  # whose few letters fail to spell most other texts
    "cp1251": _CYRILLIC,
    "cp1253": _GREEK,
    "koi8_r": _CYRILLIC,
    "cp866": _CYRILLIC,
    "iso8859_5": _CYRILLIC,
    "iso8859_7": _GREEK,
    "cp1256": _letters("ء", "ي"),
    "cp932": _is_japanese,
    "cp949": _letters("가", "힣"),
    "gb18030": _common("gb2312", 0xB0, 0xD7, 0xF7),
    "big5": _common("big5", 0xA4, 0xC6, 0xF9),
}

"""In which encoding a text in Latin letters is made of words. Pure.

The old encodings of Europe share most letters and differ in some, and what tells them apart is
where these stand: in a word, a consonant stands beside vowels and a vowel beside consonants.
`Kovaèeviæ` is no word and `Kovačević` is one; with `Lefèvre` it is the other way round.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

Mark: TypeAlias = float | None  # from 0 to 1: how well a sign stands; None where nobody can tell

WINDOWS = "cp1252"

# The letters beyond ASCII of a language. Lists of leads mix those of the West, and few others.
_WEST = "àâæçéèêëîïôœùûüÿäößáíóúñãõåøìòšž"
_ICELANDIC, _ESTONIAN, _TURKISH = "áéíóúýþæðö", "äöõüšž", "çğıi̇öşüâîû"  # noqa: RUF001
_POLISH, _CZECH, _ROMANIAN = "ąćęłńóśźżéöü", "áäčďéěíĺľňóôřŕšťúůýž", "ăâîşţé"
_HUNGARIAN, _CROATIAN = "áéíóöőúüű", "čćđšžé"
_LITHUANIAN, _LATVIAN = "ąčęėįšųūž", "āčēģīķļņšūž"
_MIXED = f"{_POLISH}{_CZECH}{_HUNGARIAN}{_CROATIAN}äöüß"  # several of them, and German
_OF_THE_EAST = (_POLISH, _CZECH, _HUNGARIAN, _CROATIAN, _ROMANIAN, _MIXED)
# What is likelier stands first: it wins where words make equal sense.
_LANGUAGES = {
    WINDOWS: (_WEST, _ICELANDIC, _ESTONIAN),
    "cp1250": _OF_THE_EAST,
    "iso8859_2": _OF_THE_EAST,
    "cp1254": (_TURKISH,),
    "cp1257": (_LITHUANIAN, _LATVIAN, _ESTONIAN),
    "iso8859_15": (_WEST,),
    "cp850": (_WEST,),
    "mac_roman": (_WEST,),
    "cp852": _OF_THE_EAST,
}
_MOST_WORDS = 500
_LIKELY = 0.65  # the mark of a language that the text may be in
# The same of those that are seldom among the ones of the West.
_SURELY = {_ICELANDIC: 0.8, _ESTONIAN: 0.65}
_LESS = 0.1  # of so many letters some fit any text
_CLEARLY, _AT_ALL = 0.25, 0.5  # better than in Windows' letters: each that differs, and their sum

_WORD = re.compile(rb"[A-Za-z]*[\x80-\xff][A-Za-z\x80-\xff]*")
_UNITS = re.compile(rb"[ckm]?m[\xb2\xb3]")  # square and cubic metres
_LETTERS = re.compile(r"[^\W\d_]+")
_BEFORE, _BEHIND = "«‹“„‘‚–—•·¿¡€\xa0", "»›”’“…™®°ºª–—•·\xa0"  # noqa: RUF001  (a word)
_WITHIN = "’·–—"  # noqa: RUF001
_VOWELS = frozenset("aeiouyæøœıĺŕ")  # noqa: RUF001
# By what stands beside: a vowel, a consonant, or nothing at an end of the word.
_AS_VOWEL = {"vv": 0.0, "vc": 0.6, "cv": 0.6, "v": 0.6, "c": 1.0, "cc": 1.0}
_AS_CONSONANT = {"vv": 1.0, "vc": 0.85, "cv": 0.85, "v": 1.0, "c": 0.6, "cc": 0.2}
# Where letters stand all the same, and where they never do; what stands first decides.
_HABITS = {
    _WEST: (
        (
            re.compile("[áéíóúå]|œ(?=u)|[iu]è(?=[b-df-hj-np-tv-z])|[uo]è$|(?<=[aoeu])ï(?=.)|[oa]û"),
            1.0,
        ),
        (re.compile("ø(?=[ey])"), 0.85),
        (re.compile("û"), 0.7),
        (re.compile("[ìòù](?=[a-z])|ã(?![oes]|$)|õ(?!e)|ï$|^ï|[iueoa]æ$|ø(?=[ìýa])"), 0.0),
    ),
    _ICELANDIC: ((re.compile("[aeiouyáéíóúýæö]þ|þ$|^ð|..ý$"), 0.0),),
}


def best(sample: bytes, likeliest: str = WINDOWS) -> str:
    """The encoding whose words make most sense; Windows' unless another is clearly better, or is
    the likeliest and no worse.
    """
    words = Counter(word for word in _WORD.findall(sample) if not _UNITS.fullmatch(word))
    common = words.most_common(_MOST_WORDS)
    found = {name: _Reading(common, name) for name in _LANGUAGES}
    windows = found.pop(WINDOWS)
    if likeliest in found and found[likeliest].mark >= windows.mark:
        return likeliest
    likely = [each for each in found.values() if each.mark >= _LIKELY and each.is_clear_of(windows)]
    return max(likely, key=lambda each: each.mark).encoding if likely else WINDOWS


class _Reading:
    """Words read in an encoding, as the language that they may be most of all."""

    def __init__(self, words: Sequence[tuple[bytes, int]], encoding: str) -> None:
        self.encoding = encoding
        self._times = [times for _, times in words]
        self._words = [word.decode(encoding, "replace") for word, _ in words]
        self._marks: list[list[Mark]] = []
        self.mark = 0.0
        for letters in _LANGUAGES[encoding]:
            marks = [_marks(word, letters) for word in self._words]
            mark = self._mean(marks) - (_LESS if letters is _MIXED else 0)
            if not self._marks or mark > max(self.mark, _SURELY.get(letters, 0)):
                self._marks, self.mark = marks, mark

    def _mean(self, marks: Sequence[Sequence[Mark]]) -> float:
        told = [
            (mark, times)
            for each, times in zip(marks, self._times, strict=True)
            for mark in each
            if mark is not None
        ]
        count = sum(times for _, times in told)
        return sum(mark * times for mark, times in told) / count if count else 0

    def is_clear_of(self, windows: _Reading) -> bool:
        """Whether the letters that Windows has in their place make less sense."""
        gained: list[float] = []
        rows = (self._times, self._words, self._marks, windows._words, windows._marks)
        for times, word, marks, other, others in zip(*rows, strict=True):
            for sign, mark, its, that in zip(word, marks, other, others, strict=True):
                if sign != its and mark is not None:
                    gained += [mark - (1 if that is None else that)] * times
        return sum(gained) >= max(_AT_ALL, _CLEARLY * len(gained))


def _marks(word: str, letters: str) -> list[Mark]:
    """Of each sign of a word."""
    marks = [None if sign.isascii() else _of_sign(word, n) for n, sign in enumerate(word)]
    for piece in _LETTERS.finditer(word):
        marks[piece.start() : piece.end()] = _of_letters(piece[0], letters)
    return marks


def _of_sign(word: str, at: int) -> Mark:
    """Of one that is no letter: £ukasz is no name."""
    before, behind = word[max(at - 1, 0) : at].isalpha(), word[at + 1 : at + 2].isalpha()
    homes = _WITHIN if before and behind else _BEHIND if before else _BEFORE
    return None if word[at] in homes or not (before or behind) else 0


def _of_letters(piece: str, letters: str) -> list[Mark]:
    if len(piece) == 1:
        return [None]
    fits = piece.isupper() or piece[1:].islower()
    small = "".join(sign.lower()[0] for sign in piece)
    habits: dict[int, float] = {}
    for pattern, mark in _HABITS.get(letters, ()):
        for found in pattern.finditer(small):
            habits.setdefault(found.end() - 1, mark)
    return [
        None
        if sign.isascii()
        else habits.get(n, _of_letter(small, n))
        if fits and sign.lower() in letters
        else 0
        for n, sign in enumerate(piece)
    ]


def _of_letter(word: str, at: int) -> float:
    beside = word[max(at - 1, 0) : at] + word[at + 1 : at + 2]
    around = "".join("v" if _is_vowel(sign) else "c" for sign in beside)
    return (_AS_VOWEL if _is_vowel(word[at]) else _AS_CONSONANT)[around]


def _is_vowel(letter: str) -> bool:
    return letter in _VOWELS or unicodedata.normalize("NFD", letter)[0] in _VOWELS

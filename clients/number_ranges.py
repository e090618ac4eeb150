"""Numbers and ranges as lead files and people write them: 11-50, 1,001-5,000, 10k+. Pure.

In the seven languages in which headers are known. Both ends belong to a range. A point or a comma
before exactly three digits parts thousands.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Range:
    """From `low` to `high`, both included; the high end may be infinite."""

    low: float
    high: float

    def meets(self, other: Range) -> bool:
        """Whether some number lies in both."""
        return self.low <= other.high and other.low <= self.high

    @property
    def is_empty(self) -> bool:
        return self.low > self.high


_SCALES = {
    "k": 1e3, "thousand": 1e3, "tsd": 1e3, "tausend": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6,
    "million": 1e6, "millions": 1e6, "millionen": 1e6, "millones": 1e6, "milhões": 1e6,
    "milioni": 1e6, "miljoen": 1e6, "b": 1e9, "bn": 1e9, "mrd": 1e9, "billion": 1e9,
}  # fmt: skip
_NUMBER = rf"(\d[\d.,' \u2019]*)\s*({'|'.join(sorted(_SCALES, key=len, reverse=True))})?[.]?"
_CURRENCY = re.compile(r"\b(?:usd|eur|gbp|chf)\b|[$€£]")
_ABOUT = re.compile(
    r"^(?:~|(?:about|around|approx|approximately|circa|ca|etwa|rund|environ|env)\b[.]?)\s*"
)
_UNIT = re.compile(
    r"\s*\b(?:employees?|people|staff|mitarbeiter(?:innen|nde)?|mitarbeitende|beschäftigte|personen"
    r"|employés|salariés|collaborateurs|personnes|empleados|trabajadores|personas"
    r"|funcionários|colaboradores|pessoas|dipendenti|addetti|persone|medewerkers|werknemers)$"
)
_THOUSANDS = re.compile(r"(?<=\d)[.,' \u2019](?=\d{3}(?!\d))")
_OPENING = "between|from|zwischen|von|entre|de|tra|fra|da|tussen|van"
_TO = "to|and|bis|und|à|a|et|y|e|até|tot|en"
_FROM_TO = re.compile(
    rf"(?:(?:{_OPENING}) )?{_NUMBER}\s*(?:[-\u2013\u2014]|[.][.]|\b(?:{_TO})\b)\s*{_NUMBER}"
)
_AT_LEAST = (
    "from|at least|ab|mindestens|à partir de|au moins|desde|al menos|a partir de|pelo menos"
    "|a partir di|almeno|vanaf|minstens|minimaal"
)
_OR_MORE = r"(?:or|oder|und|ou|et|o|y|e|of|en) (?:more|mehr|plus|más|mais|più|meer)"
_MORE_THAN = "over|more than|über|mehr als|plus de|más de|mais de|più di|oltre|meer dan"
_AT_MOST = "up to|at most|bis|bis zu|höchstens|jusqu'à|au plus|hasta|até|fino a|tot|hooguit"
_LESS_THAN = "under|less than|fewer than|unter|weniger als|moins de|menos de|meno di|minder dan"
_ONE_ENDED: tuple[tuple[re.Pattern[str], Callable[[float], Range]], ...] = (
    (re.compile(rf"(?:>=|≥|(?:{_AT_LEAST}) )\s*{_NUMBER}"), lambda low: Range(low, math.inf)),
    (re.compile(rf"{_NUMBER}\s*(?:\+|{_OR_MORE})"), lambda low: Range(low, math.inf)),
    (re.compile(rf"(?:>|(?:{_MORE_THAN}) )\s*{_NUMBER}"), lambda low: Range(low + 1, math.inf)),
    (re.compile(rf"(?:<=|≤|(?:{_AT_MOST}) )\s*{_NUMBER}"), lambda high: Range(0, high)),
    (re.compile(rf"(?:<|(?:{_LESS_THAN}) )\s*{_NUMBER}"), lambda end: Range(0, end - 1)),
    (re.compile(_NUMBER), lambda number: Range(number, number)),
)
_ONE_PERSON = frozenset(
    {"self-employed", "self employed", "myself only"}
)  # LinkedIn's smallest size
# 11-50 and 2-10 after a spreadsheet took them for dates.
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DATED = re.compile(rf"(\d{{1,2}})-({'|'.join(_MONTHS)})|({'|'.join(_MONTHS)})-(\d\d)")


def read_range(text: str) -> Range | None:
    """The numbers that a text speaks of; None where it is not just a number or a range."""
    plain = _UNIT.sub("", _CURRENCY.sub("", " ".join(text.casefold().split()))).strip()
    if dated := _DATED.fullmatch(plain):
        return _undated(*dated.groups())
    plain = "1" if plain in _ONE_PERSON else _ABOUT.sub("", plain)
    if pair := _FROM_TO.fullmatch(plain):
        return _from_to(*pair.groups())
    for form, made in _ONE_ENDED:
        if found := form.fullmatch(plain):
            number = _number(*found.groups())
            return None if number is None else made(number)
    return None


def _undated(day: str | None, month: str | None, first: str | None, year: str | None) -> Range:
    """`10-Feb` and `2-Oct` were 2-10; `Nov-50` was 11-50."""
    low, high = sorted((int(day or year or 0), _MONTHS.index(month or first or "") + 1))
    return Range(low, high)


def _from_to(low: str, low_scale: str | None, high: str, high_scale: str | None) -> Range | None:
    first, last, last_plain = _number(low, low_scale), _number(high, high_scale), _number(high)
    if first is None or last is None or last_plain is None:
        return None
    if low_scale is None and first < last_plain:
        first *= last / last_plain  # 5-10k means 5k; in 500-1k, 500 is meant as it stands
    return Range(first, last)


def _number(digits: str, scale: str | None = None) -> float | None:
    try:
        number = float(_THOUSANDS.sub("", digits.strip()).replace(",", "."))
    except ValueError:
        return None
    return number * _SCALES.get(scale or "", 1)

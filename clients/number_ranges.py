"""Numbers and ranges as lead files and people write them: 11-50, 1,001-5,000, 10k+. Pure.

Both ends belong to a range. A point or a comma before exactly three digits parts thousands.
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
    "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6,
    "b": 1e9, "bn": 1e9, "billion": 1e9,
}  # fmt: skip
_NUMBER = rf"(\d[\d.,' ]*)\s*({'|'.join(sorted(_SCALES, key=len, reverse=True))})?"
_CURRENCY = re.compile(r"\b(?:usd|eur|gbp|chf)\b|[$€£~]")
_UNIT = re.compile(r"\s*\b(?:employees|people|staff)$")
_THOUSANDS = re.compile(r"(?<=\d)[.,' ](?=\d{3}(?!\d))")
_FROM_TO = re.compile(
    rf"(?:between )?{_NUMBER}\s*(?:-|\u2013|\u2014|\bto\b|\band\b|\.\.)\s*{_NUMBER}"
)
_ONE_ENDED: tuple[tuple[re.Pattern[str], Callable[[float], Range]], ...] = (
    (re.compile(rf"(?:>=|≥|from |at least )\s*{_NUMBER}"), lambda low: Range(low, math.inf)),
    (re.compile(rf"{_NUMBER}\s*(?:\+|or more)"), lambda low: Range(low, math.inf)),
    (re.compile(rf"(?:>|over |more than )\s*{_NUMBER}"), lambda low: Range(low + 1, math.inf)),
    (re.compile(rf"(?:<=|≤|up to |at most )\s*{_NUMBER}"), lambda high: Range(0, high)),
    (re.compile(rf"(?:<|under |less than |fewer than )\s*{_NUMBER}"), lambda end: Range(0, end - 1)),
    (re.compile(_NUMBER), lambda number: Range(number, number)),
)  # fmt: skip


def read_range(text: str) -> Range | None:
    """The numbers that a text speaks of; None where it is not just a number or a range."""
    plain = _UNIT.sub("", _CURRENCY.sub("", " ".join(text.casefold().split()))).strip()
    if pair := _FROM_TO.fullmatch(plain):
        return _from_to(*pair.groups())
    for form, made in _ONE_ENDED:
        if found := form.fullmatch(plain):
            number = _number(*found.groups())
            return None if number is None else made(number)
    return None


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

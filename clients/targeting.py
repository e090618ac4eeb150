"""Which leads a client wants (spec A5). Pure.

Each rule looks at one field; all must accept. Comparison ignores case and blanks.

- *is one of*, *is none of*: the whole value, and other names of the same thing (`synonyms`):
  `USA` is `United States`, `Software` is `Information Technology & Services`.
- *contains one of*, *contains none of*: whole words, so `CTO` is not in `Director`; an asterisk
  stands for any ending, so `market*` is in `Head of Marketing`.
- *is between*: a range, such as `11-200` or `10k+`, or two numbers: from, to. Values that are
  ranges themselves fit where some number lies in both. What is no number counts as missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from clients.number_ranges import Range, read_range
from clients.synonyms import one_name, plain

_GIVE = "Give ranges such as 11-200 or 10k+, or two numbers: from, to."
_FROM_TO = 2  # bare numbers that make a range


class Operator(Enum):
    IN = "IN"
    NOT_IN = "NOT_IN"
    CONTAINS = "CONTAINS"
    NOT_CONTAINS = "NOT_CONTAINS"
    BETWEEN = "BETWEEN"

    @property
    def label(self) -> str:
        return {
            "IN": "is one of",
            "NOT_IN": "is none of",
            "CONTAINS": "contains one of",
            "NOT_CONTAINS": "contains none of",
            "BETWEEN": "is between",
        }[self.value]


class BadRule(ValueError):
    """A rule that nobody can have meant; the message says why, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    field: str
    operator: Operator
    values: tuple[str, ...]
    accept_missing: bool = False

    def __str__(self) -> str:
        return f"{self.field} {self.operator.label} {', '.join(self.values)}"

    def accepts(self, value: str) -> bool:
        """Whether a lead with this value passes; an empty value passes only where told so."""
        if not value.strip():
            return self.accept_missing
        if self.operator is Operator.BETWEEN:
            return self._spans(value)
        if self.operator in {Operator.IN, Operator.NOT_IN}:
            found = one_name(self.field, value) in self._names
        else:
            found = self._words.search(plain(value)) is not None
        return found is (self.operator in {Operator.IN, Operator.CONTAINS})

    def _spans(self, value: str) -> bool:
        numbers = read_range(value)
        if numbers is None:
            return self.accept_missing
        return any(numbers.meets(wanted) for wanted in self._ranges)

    def accepts_many(self, values: Sequence[str]) -> list[bool]:
        """`accepts` for each; every distinct value is looked at once."""
        verdicts = {value: self.accepts(value) for value in set(values)}
        return [verdicts[value] for value in values]

    def check(self) -> None:
        """Raise BadRule where the values cannot be what the operator asks for."""
        if not self.field.strip():
            raise BadRule("A rule needs a field.")
        if not [value for value in self.values if value.strip(" *")]:
            raise BadRule(f"{self.field} {self.operator.label} needs at least one value.")
        if self.operator is Operator.BETWEEN:
            _check_ranges(self.values, self._ranges)

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "operator": self.operator.value,
            "values": list(self.values),
            "accept_missing": self.accept_missing,
        }

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(one_name(self.field, value) for value in self.values)

    @cached_property
    def _words(self) -> re.Pattern[str]:
        wishes = "|".join(_pattern(plain(value)) for value in self.values if value.strip(" *"))
        return re.compile(rf"(?<!\w)(?:{wishes})" if wishes else r"(?!)")

    @cached_property
    def _ranges(self) -> tuple[Range, ...]:
        return _ranges(self.values)


def _pattern(wish: str) -> str:
    """A wish at a word's beginning; without an asterisk it also ends with the word."""
    return re.escape(wish.rstrip("*")) + ("" if wish.endswith("*") else r"(?!\w)")


def _ranges(values: Sequence[str]) -> tuple[Range, ...]:
    found = [numbers for value in values if (numbers := read_range(value)) is not None]
    bare = [numbers for numbers in found if numbers.low == numbers.high]
    if len(values) == len(bare) == _FROM_TO:
        return (Range(bare[0].low, bare[1].high),)
    return tuple(found)


def _check_ranges(values: Sequence[str], ranges: Sequence[Range]) -> None:
    unread = next((value for value in values if read_range(value) is None), None)
    if unread is not None:
        raise BadRule(f"{unread} is no range. {_GIVE}")
    if len(ranges) == len(values):  # else two numbers were made into one range
        for value, span in zip(values, ranges, strict=True):
            if span.low == span.high:
                raise BadRule(f"{value} is one number. {_GIVE}")
    if any(span.is_empty for span in ranges):
        raise BadRule(f"Nothing lies between {' and '.join(values)}: the first is the greater.")


def first_refusal(rules: Iterable[Rule], lead: Mapping[str, str]) -> Rule | None:
    """The first rule that refuses the lead (field name → text); None where all accept."""
    return next((rule for rule in rules if not rule.accepts(lead.get(rule.field, ""))), None)


def contradictions(rules: Sequence[Rule]) -> list[str]:
    """In a sentence each: wishes that another rule on the same field can only refuse."""
    found = []
    for rule in rules:
        if rule.operator not in {Operator.IN, Operator.CONTAINS}:
            continue
        others = [each for each in rules if each.field == rule.field and each != rule]
        for value in rule.values:
            refusal = next((each for each in others if _bars(each, rule, value)), None)
            if refusal is not None:
                found.append(
                    f"{rule.field}: {value} is wanted by one rule and refused by another"
                    f" ({refusal})."
                )
    return found


def _bars(other: Rule, rule: Rule, value: str) -> bool:
    if rule.operator is Operator.CONTAINS:  # the value is only a part of what a lead says
        return other.operator is Operator.NOT_CONTAINS and not other.accepts(value.rstrip("* "))
    return not other.accepts(value)

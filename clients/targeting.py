"""Which leads a client wants (spec A5). Pure.

Each rule looks at one field; all must accept. Comparison ignores case and surrounding blanks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Operator(Enum):
    IN = "IN"
    NOT_IN = "NOT_IN"
    CONTAINS = "CONTAINS"

    @property
    def label(self) -> str:
        return {"IN": "is one of", "NOT_IN": "is none of", "CONTAINS": "contains one of"}[
            self.value
        ]


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
        value = value.strip().casefold()
        if not value:
            return self.accept_missing
        wanted = [wish.strip().casefold() for wish in self.values]
        match self.operator:
            case Operator.IN:
                return value in wanted
            case Operator.NOT_IN:
                return value not in wanted
            case Operator.CONTAINS:
                return any(wish in value for wish in wanted)

    def as_json(self) -> dict[str, Any]:
        return {
            "field": self.field,
            "operator": self.operator.value,
            "values": list(self.values),
            "accept_missing": self.accept_missing,
        }


def first_refusal(rules: Iterable[Rule], lead: Mapping[str, str]) -> Rule | None:
    """The first rule that refuses the lead (field name → text); None where all accept."""
    return next((rule for rule in rules if not rule.accepts(lead.get(rule.field, ""))), None)

"""What a stage did with what it saw. Pure.

`seen` is never stored apart from its parts, so that the numbers cannot fail to add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Counts:
    """How many a stage kept, and how many it dropped under each reason code (spec V2)."""

    kept: int = 0
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        return self.kept + self.dropped_total

    @property
    def dropped_total(self) -> int:
        return sum(self.dropped.values())

    def __add__(self, other: Counts) -> Counts:
        codes = sorted({*self.dropped, *other.dropped})
        return Counts(
            kept=self.kept + other.kept,
            dropped={
                code: self.dropped.get(code, 0) + other.dropped.get(code, 0) for code in codes
            },
        )

    def as_json(self) -> dict[str, Any]:
        return {"kept": self.kept, "dropped": dict(self.dropped)}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Counts:
        return cls(kept=stored.get("kept", 0), dropped=stored.get("dropped", {}))


def total(parts: Iterable[Counts]) -> Counts:
    return sum(parts, start=Counts())

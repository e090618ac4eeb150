"""One line of `var/bench.json` (contract.md), and how a round is told from noise."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

BUSY = 1.5  # load per core above which seconds say nothing
ROUNDS = 3
PROCESSES = 2  # of a worker: the default of WORKERS


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A figure and its bar. Ratios of one round hold on a busy machine; seconds do not."""

    name: str
    value: float
    unit: str
    bar: float
    better: str
    against: str
    rounds: int
    load: float

    @property
    def ok(self) -> bool | None:
        if self.unit == "s" and self.load >= BUSY * (os.cpu_count() or 1):
            return None
        return self.value <= self.bar if self.better == "lower" else self.value >= self.bar

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "bar": self.bar,
            "better": self.better,
            "ok": self.ok,
            "against": self.against,
            "rounds": self.rounds,
            "load": round(self.load, 2),
            "command": f"make bench ONLY={self.name}",
        }

    def __str__(self) -> str:
        verdict = {True: "holds", False: "MISSED", None: "not judged: the machine is busy"}[self.ok]
        sign = "<=" if self.better == "lower" else ">="
        return (
            f"{self.name:28} {self.value:10.3f} {self.unit:6} {sign} {self.bar:<8g} {verdict};"
            f" {self.against}"
        )


@dataclass(frozen=True, kw_only=True)
class Benchmark:
    """What measures some of the names; they share their preparation and their rounds."""

    names: tuple[str, ...]
    measure: Callable[[], list[Measure]]


def median(values: Sequence[float]) -> float:
    return statistics.median(values)


def load() -> float:
    """Processes that want a core, over the last minute."""
    return os.getloadavg()[0]

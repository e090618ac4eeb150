"""The exact allocation of classes of leads to seats, and of single leads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.allocation import deal as dealing
from pipeline.allocation import keeping
from pipeline.allocation.decompose import divide
from pipeline.allocation.domains import Had
from pipeline.allocation.flow import Ints
from pipeline.allocation.keeping import Units
from pipeline.allocation.network import build
from pipeline.allocation.pools import Claims, Pools, claims, pools
from pipeline.allocation.portions import Portions, portions
from pipeline.allocation.problem import Drafted, Problem


@dataclass(frozen=True, kw_only=True, eq=False)
class Flows:
    """How many leads go from where to whom.

    `kept`: out of a portion (leads of a pool with the same drafts), dealt first; `loose`: out of
    what remains of a pool. `given`: per seat, in the order of `claims`.
    """

    claims: Claims
    pools: Pools
    portions: Portions
    kept: Units
    loose: Units

    @property
    def given(self) -> Ints:
        seat = np.concatenate([self.kept.seat, self.loose.seat])
        leads = np.concatenate([self.kept.leads, self.loose.leads])
        return np.bincount(seat, leads, minlength=len(self.claims)).astype(np.int64)

    def per_client(self) -> dict[int, int]:
        """Client id → leads it is given."""
        return dict(zip(self.claims.client_id.tolist(), self.given.tolist(), strict=True))

    def deal(self, class_of: Ints) -> tuple[Ints, Ints]:
        """Positions of leads and seats; `class_of` lists the leads, oldest first."""
        return dealing.deal(self.pools, self.portions, self.kept, self.loose, class_of)


def solve(
    problem: Problem,
    sizes: Ints,
    *,
    drafted: Drafted | None = None,
    had: Had | None = None,
) -> Flows:
    """The optimum, in this order: higher tiers first, most leads, alike within a tier, drafts.

    `sizes`: leads per class. Placing higher tiers first never costs a lead in total, nor does
    filling alike. Same input in any order, same result.
    """
    seats = claims(problem.seats)
    found = pools(problem, sizes, seats)
    split = portions(found, seats, sizes, drafted or Drafted())
    network = build(found, seats, had or Had())
    kept, loose = keeping.route(network, divide(network, seats), found, split)
    kept, loose = dealing.by_portion(found, split, kept, loose, seats=len(seats))
    return Flows(claims=seats, pools=found, portions=split, kept=kept, loose=loose)

"""What is asked of the solver: classes of equal leads, and the seats of the clients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from pipeline.allocation.flow import Ints

MOST = 2**25  # leads of one client; more is as good as that, see targets.py


@dataclass(frozen=True, kw_only=True)
class Seat:
    """A client that may be given leads.

    `left`: at most so many now; None is unlimited. Clients of one priority are filled alike,
    measured by (already + given) / weight; where no weight is set it is the quota, and without
    a quota the median one of the priority. Of those alike the one goes first that waits longest
    for a lead, `last_given` at this second since 1970 or never (0), then the lower id (spec A2).
    `max_per_domain`: of one company, None is unlimited.
    """

    client_id: int
    priority: int = 2
    left: int | None = None
    quota: int | None = None
    already: int = 0
    weight: int | None = None
    last_given: int = 0
    exclusive_only: bool = True
    max_per_domain: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Problem:
    """Class c: leads that `groups[group_of[c]]` may have, each up to `max_clients[c]` of them.

    A group lists client ids; those without a seat get nothing. Leads of one class are equal in
    all that matters, history included: a client that had some of them before splits the class.
    """

    seats: Sequence[Seat]
    groups: Sequence[Sequence[int] | Ints]
    group_of: Ints
    max_clients: Ints
    domain_of: Ints = field(default_factory=lambda: np.full(1, -1))  # -1: no company's class

    def __post_init__(self) -> None:
        object.__setattr__(self, "domain_of", np.broadcast_to(self.domain_of, len(self.group_of)))
        _check_seats(self.seats)
        if len(self.max_clients) != len(self.group_of):
            raise ValueError("max_clients must have one number per class")
        if len(self.max_clients) and self.max_clients.min() < 1:
            raise ValueError("a lead is for one client or more")

    def refined(self, parent: Ints, domain_of: Ints) -> Problem:
        """The same with finer classes: class i is part of the present class `parent[i]`."""
        return replace(
            self,
            group_of=self.group_of[parent],
            max_clients=self.max_clients[parent],
            domain_of=domain_of,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Drafted:
    """Pairs: every lead of the class has a draft for the client."""

    class_of: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    client_id: Ints = field(default_factory=lambda: np.zeros(0, np.int64))


def _check_seats(seats: Sequence[Seat]) -> None:
    if len({seat.client_id for seat in seats}) != len(seats):
        raise ValueError("two seats have the same client")
    for seat in seats:
        numbers = (seat.left, seat.quota, seat.already, seat.weight, seat.max_per_domain)
        if any(number is not None and number < 0 for number in numbers):
            raise ValueError(f"client {seat.client_id}: a number of leads is 0 or more")
        if seat.priority not in {1, 2, 3}:
            raise ValueError(f"client {seat.client_id}: a priority is 1, 2 or 3")

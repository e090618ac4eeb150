"""Small invented markets with every odd thing in them, the same for the same number."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

import numpy as np

from pipeline.allocation.leads import Leads
from pipeline.allocation.problem import Problem, Seat


@dataclass(frozen=True, kw_only=True)
class Market:
    problem: Problem
    leads: Leads

    @property
    def sizes(self):
        return np.bincount(self.leads.class_of, minlength=len(self.problem.group_of))


def market(
    number: int,
    *,
    clients: int = 12,
    kinds: int = 12,
    most: int = 9,
    each: tuple[int, ...] = (1,),
    companies: int = 0,
) -> Market:
    """Up to so many clients and classes, of up to `most` leads for one of `each` clients.

    With `companies`, half of the leads are of one of them, and clients limit how many of one.
    """
    rng = random.Random(number)  # noqa: S311 - for the same market again
    seats = [_seat(rng, client * 3 + 1) for client in range(rng.randint(1, clients))]
    groups = [
        [seat.client_id for seat in seats if rng.random() < 0.5] for _ in range(rng.randint(1, 8))
    ]
    count = rng.randint(1, kinds)
    sizes = [rng.randint(0, most) for _ in range(count)]
    shuffled = [kind for kind, size in enumerate(sizes) for _ in range(size)]
    rng.shuffle(shuffled)
    class_of = np.array(shuffled, np.int64)
    drafted = [
        (lead, seat.client_id)
        for lead in range(len(class_of))
        for seat in seats
        if rng.random() < 1.2 / len(seats)
    ]
    if companies:
        seats = [replace(seat, max_per_domain=rng.choice([None, 0, 1, 1, 2])) for seat in seats]
    return Market(
        problem=Problem(
            seats=seats,
            groups=groups,
            group_of=np.array([rng.randrange(len(groups)) for _ in range(count)]),
            max_clients=np.array([rng.choice(each) for _ in range(count)]),
        ),
        leads=Leads(
            lead_id=np.arange(len(class_of)) * 2 + 5,
            class_of=class_of,
            domain=np.array(
                [rng.choice([-1, rng.randrange(companies)]) for _ in class_of], np.int64
            )
            if companies
            else np.zeros(0, np.int64),
            drafted_lead=np.array([lead * 2 + 5 for lead, _ in drafted], np.int64),
            drafted_client=np.array([client for _, client in drafted], np.int64),
        ),
    )


def _seat(rng: random.Random, client_id: int) -> Seat:
    return Seat(
        client_id=client_id,
        priority=rng.choice([1, 2, 2, 3]),
        left=rng.choice([None, 0, *range(1, 15)]),
        quota=rng.choice([None, *range(20)]),
        already=rng.choice([0, 0, 3, rng.randint(0, 10)]),
        weight=rng.choice([None, None, None, 7]),
        exclusive_only=rng.random() < 0.3,
    )

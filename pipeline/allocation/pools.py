"""The problem in one order, whatever order it came in: seats by client, equal classes as pools."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median_low

import numpy as np

from pipeline.allocation.flow import Bools, Ints
from pipeline.allocation.problem import MOST, Problem, Seat


@dataclass(frozen=True, kw_only=True, eq=False)
class Claims:
    """The seats by client id, one array per fact. `most_of_one`: leads of one company, -1 any.

    `turn`: a seat's place among those alike; the one that waits longest for a lead is first.
    """

    client_id: Ints
    tier: Ints
    left: Ints
    already: Ints
    weight: Ints
    turn: Ints
    shares: Bools
    most_of_one: Ints

    def __len__(self) -> int:
        return len(self.client_id)

    def find(self, client_ids: Ints) -> Ints:
        """The seat of each client, -1 where it has none."""
        if not len(self):
            return np.full(len(client_ids), -1)
        at = np.searchsorted(self.client_id, client_ids).clip(max=len(self) - 1)
        return np.where(self.client_id[at] == client_ids, at, -1)


def claims(seats: Sequence[Seat]) -> Claims:
    seats = sorted(seats, key=lambda seat: seat.client_id)
    return Claims(
        client_id=np.array([seat.client_id for seat in seats], np.int64),
        tier=np.array([seat.priority for seat in seats], np.int64),
        left=_leads(MOST if seat.left is None else seat.left for seat in seats),
        already=_leads(seat.already for seat in seats),
        weight=_leads(_weights(seats)),
        turn=np.argsort(np.argsort([seat.last_given for seat in seats], kind="stable")),
        shares=np.array([not seat.exclusive_only for seat in seats], np.bool_),
        most_of_one=_leads(
            -1 if seat.max_per_domain is None else seat.max_per_domain for seat in seats
        ),
    )


def _leads(numbers: Iterable[int]) -> Ints:
    return np.array([min(number, MOST) for number in numbers], np.int64)


def _weights(seats: Sequence[Seat]) -> Iterator[int]:
    usual = usual_quotas((seat.priority, seat.quota) for seat in seats)
    for seat in seats:
        yield seat.weight or seat.quota or usual[seat.priority]


def usual_quotas(quotas: Iterable[tuple[int, int | None]]) -> dict[int, int]:
    """Priority → what a client without a quota is measured by: the median of those of the priority,
    or else of all. `quotas`: each client's priority and its own.
    """
    known: dict[int, list[int]] = {1: [], 2: [], 3: []}
    for tier, quota in quotas:
        if quota:
            known[tier].append(quota)
    everyones = [quota for some in known.values() for quota in some]
    return {tier: median_low(some or everyones or [1]) for tier, some in known.items()}


@dataclass(frozen=True, kw_only=True, eq=False)
class Pools:
    """Leads that the same seats may have. Pairs (pool, seat) are sorted; `of_class` -1: nobody's."""

    of_class: Ints
    size: Ints
    clients_each: Ints
    domain: Ints
    pair_pool: Ints
    pair_seat: Ints

    def __len__(self) -> int:
        return len(self.size)

    def at(self, pool: Ints, seat: Ints, seats: int) -> Ints:
        """The number of each pair (pool, seat), -1 where the seat may not have leads of the pool."""
        if not len(self.pair_pool):
            return np.full(len(pool), -1)
        keys = self.pair_pool * seats + self.pair_seat
        wanted = np.where((pool < 0) | (seat < 0), -1, pool * seats + seat)
        at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
        return np.where(keys[at] == wanted, at, -1)


def pools(problem: Problem, sizes: Ints, found: Claims) -> Pools:
    """Classes with the same takers, the same number of them each and the same company, as one."""
    first, kind_of = numbered(problem.group_of, problem.max_clients, problem.domain_of)
    keys = _keys(problem, first, found)
    leads = np.bincount(kind_of, sizes, minlength=len(keys)).astype(np.int64)
    order = sorted({key for key, size in zip(keys, leads.tolist(), strict=True) if key[2] and size})
    number = {key: at for at, key in enumerate(order)}
    pool_of_kind = np.array([number.get(key, -1) for key in keys], np.int64)
    size = np.zeros(len(order), np.int64)
    np.add.at(size, pool_of_kind[pool_of_kind >= 0], leads[pool_of_kind >= 0])
    takers = [np.frombuffer(key[2], np.int64) for key in order]
    return Pools(
        of_class=pool_of_kind[kind_of],
        size=size,
        clients_each=np.array([key[1] for key in order], np.int64),
        domain=np.array([key[0] for key in order], np.int64),
        pair_pool=np.repeat(np.arange(len(order)), [len(some) for some in takers]),
        pair_seat=np.concatenate([np.zeros(0, np.int64), *takers]),
    )


def _keys(problem: Problem, first: Ints, found: Claims) -> list[tuple[int, int, bytes]]:
    """(company, clients each, takers) of each kind of class."""
    takers_of = _takers(problem.groups, found)
    limits = found.most_of_one >= 0
    keys = []
    for group, each, domain in zip(
        problem.group_of[first].tolist(),
        problem.max_clients[first].tolist(),
        problem.domain_of[first].tolist(),
        strict=True,
    ):
        takers = takers_of[group]
        if each > 1:
            takers = takers[found.shares[takers]]
        limited = domain >= 0 and limits[takers].any()
        keys.append((domain if limited else -1, min(each, len(takers)), takers.tobytes()))
    return keys


def _takers(groups: Sequence[Sequence[int] | Ints], found: Claims) -> list[Ints]:
    """The seats of each group that may take anything at all, in order."""
    none = np.zeros(0, np.int64)
    group = np.repeat(np.arange(len(groups)), [len(some) for some in groups])
    seat = found.find(np.concatenate([none, *groups]).astype(np.int64))
    useful = (seat >= 0) & (found.left[seat] > 0) if len(found) else seat >= 0
    pairs = group[useful] * len(found) + seat[useful]
    if (np.diff(pairs) <= 0).any():
        pairs = np.unique(pairs)
    group, seat = np.divmod(pairs, max(len(found), 1))
    return np.split(seat, np.searchsorted(group, np.arange(1, len(groups)))) if groups else []


def numbered(*columns: Ints) -> tuple[Ints, Ints]:
    """Equal rows get one number: the first row of each number, and each row's number."""
    number = np.zeros(len(columns[0]), np.int64)
    first = number[:1]
    for column in columns:
        _, rank = np.unique(column, return_inverse=True)
        _, first, number = np.unique(
            number * (rank.max(initial=0) + 1) + rank, return_index=True, return_inverse=True
        )
    return first, number

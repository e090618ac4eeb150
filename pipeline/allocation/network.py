"""Pools and seats as a network.

An exclusive lead goes pool → seat, or pool → filter → seat where several seats have the same
pools: that saves half of the arcs of ten thousand clients. Neither arc limits anything; a pool's
supply does. A shared lead goes pool → seat, at most once to each: the arc holds as many as the
pool has leads. A lead of a company goes pool → limit → seat where the client limits how many of
one company it takes; the arc from the limit holds that many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.allocation.domains import Had
from pipeline.allocation.flow import Arcs, Bools, Ints, arcs, join
from pipeline.allocation.pools import Claims, Pools, numbered

UNLIMITED = 2**40


@dataclass(frozen=True, kw_only=True, eq=False)
class Network:
    """Nodes: pools, seats, filters, limits, in this order.

    `seat_at`: the seat that a node leads to and no other, -1 for pools and filters; `way_out`:
    the arc by which a limit does. `entry` of a pair (pool, seat): the node behind which leads of
    the pool are the seat's. `most`: the leads that a seat may have at all.
    """

    pools: int
    seats: int
    first_limit: int
    nodes: int
    supply: Ints
    arcs: Arcs
    seat_at: Ints
    way_out: Ints
    entry: Ints
    most: Ints

    def seat_node(self, seat: Ints) -> Ints:
        return self.pools + seat


def build(found: Pools, claims: Claims, had: Had) -> Network:
    """The network of these pools and seats."""
    count, seats = len(found), len(claims)
    size = found.size[found.pair_pool]
    shared = found.clients_each[found.pair_pool] > 1
    limited = (found.domain[found.pair_pool] >= 0) & (claims.most_of_one[found.pair_seat] >= 0)
    limited[limited] = _binds(found, claims, had, limited)
    direct = limited | shared
    filtered = _filtered(found, ~direct, seats=seats)
    first_limit = max(count + seats, int(filtered.head.max(initial=-1)) + 1)
    limits, limit = _limits(found, claims, had, limited, first=first_limit)
    nodes = first_limit + len(limits)
    entry = count + found.pair_seat
    entry[limited] = limit
    pairs = arcs(found.pair_pool[direct], entry[direct], np.where(shared, size, UNLIMITED)[direct])
    seat_at = np.full(nodes, -1)
    seat_at[count : count + seats] = np.arange(seats)
    seat_at[first_limit:] = limits.head - count
    way_out = np.full(nodes, -1)
    way_out[first_limit:] = len(filtered) + len(pairs) + np.arange(len(limits))
    return Network(
        pools=count,
        seats=seats,
        first_limit=first_limit,
        nodes=nodes,
        supply=found.size * found.clients_each,
        arcs=join(filtered, pairs, limits),
        seat_at=seat_at,
        way_out=way_out,
        entry=entry,
        most=np.bincount(found.pair_seat, size, minlength=seats).astype(np.int64),
    )


def _binds(found: Pools, claims: Claims, had: Had, limited: Bools) -> Bools:
    """Whether there are more leads of the company for the seat than it may have of it."""
    _, number = numbered(found.domain[found.pair_pool[limited]], found.pair_seat[limited])
    leads = np.bincount(number, found.size[found.pair_pool[limited]])
    rest = had.rest(claims, found.pair_seat[limited], found.domain[found.pair_pool[limited]])
    return leads[number] > rest


def _limits(
    found: Pools, claims: Claims, had: Had, limited: Bools, *, first: int
) -> tuple[Arcs, Ints]:
    """An arc for each company and seat that limits it, from a node of its own; and each pair's."""
    seat = found.pair_seat[limited]
    domain = found.domain[found.pair_pool[limited]]
    keys, number = np.unique(domain * max(len(claims), 1) + seat, return_inverse=True)
    domains, seats = np.divmod(keys, max(len(claims), 1))
    ways = arcs(first + np.arange(len(keys)), len(found) + seats, had.rest(claims, seats, domains))
    return ways, first + number.ravel()


def _filtered(found: Pools, chosen: Bools, *, seats: int) -> Arcs:
    """Arcs of exclusive leads; seats that have the very same pools share a filter's node."""
    members = _seats_by_pools(found, chosen)
    alone = np.array([len(some) == 1 for some in members.values()], np.bool_)
    firsts = np.array([some[0] for some in members.values()], np.int64)
    filters = len(found) + seats + np.cumsum(~alone) - 1
    takes = [np.frombuffer(key, np.int64) for key in members]
    together = [some for some in members.values() if len(some) > 1]
    none = np.zeros(0, np.int64)
    return join(
        arcs(
            np.concatenate([none, *takes]),
            np.repeat(np.where(alone, len(found) + firsts, filters), [len(some) for some in takes]),
            UNLIMITED,
        ),
        arcs(
            np.repeat(filters[~alone], [len(some) for some in together]),
            len(found) + np.concatenate([none, *together]).astype(np.int64),
            UNLIMITED,
        ),
    )


def _seats_by_pools(found: Pools, chosen: Bools) -> dict[bytes, list[int]]:
    """Seats that have the very same pools, under the pools' numbers."""
    order = np.argsort(found.pair_seat[chosen], kind="stable")
    pool, seat = found.pair_pool[chosen][order], found.pair_seat[chosen][order]
    seats, begins = np.unique(seat, return_index=True)
    ends = np.searchsorted(seat, seats, side="right")
    members: dict[bytes, list[int]] = {}
    for at, begin, end in zip(seats.tolist(), begins.tolist(), ends.tolist(), strict=True):
        members.setdefault(pool[begin:end].tobytes(), []).append(at)
    return members

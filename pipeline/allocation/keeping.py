"""Which pool serves which seat, so that as many drafts are used as the totals allow.

The totals of the seats are fixed. Beside each way from a pool to a seat goes one for the leads
that have a draft for it, cheaper by one; the cheapest flow uses the most drafts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.allocation.decompose import Division
from pipeline.allocation.flow import Arcs, Bools, Ints, arcs, cheapest_flow, join, max_flow
from pipeline.allocation.network import UNLIMITED, Network
from pipeline.allocation.pools import Pools
from pipeline.allocation.portions import Portions


@dataclass(frozen=True, kw_only=True, eq=False)
class Units:
    """So many leads out of a portion or a pool for a seat; sorted, once per pair, none empty."""

    source: Ints
    seat: Ints
    leads: Ints

    def __len__(self) -> int:
        return len(self.leads)


def units(source: Ints, seat: Ints, leads: Ints, *, seats: int) -> Units:
    """The same, summed by pair."""
    some = leads > 0
    keys, number = np.unique(source[some] * max(seats, 1) + seat[some], return_inverse=True)
    total = np.bincount(number.ravel(), leads[some], minlength=len(keys)).astype(np.int64)
    sources, heads = np.divmod(keys, max(seats, 1))
    return Units(source=sources, seat=heads, leads=total)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Ways:
    """Arcs for drafts: from a pool, or from a portion whose leads have drafts for several."""

    arcs: Arcs
    portion: Ints
    seat: Ints


def route(
    network: Network, division: Division, found: Pools, split: Portions
) -> tuple[Units, Units]:
    """Leads by (portion, seat) that use drafts, and the others by (pool, seat)."""
    ways = _ways(network, division, found, split)
    plain = network.arcs.take(division.alive)
    plain = Arcs(tail=plain.tail, head=plain.head, cap=division.cap[division.alive])
    plain = _cut(plain, ways, network, found)
    if len(ways.arcs) and network.first_limit < network.nodes:
        plain = _sparse(network, division, found, plain, ways)
    several = np.unique(ways.arcs.tail[ways.arcs.tail >= network.nodes]) - network.nodes
    supply = np.zeros(network.nodes + len(split), np.int64)
    supply[: network.pools] = division.supply
    np.subtract.at(supply, split.pool[several], split.size[several])
    supply[network.nodes + several] = split.size[several]
    np.subtract.at(supply, division.sink_node, division.given)
    home = arcs(network.nodes + several, split.pool[several], UNLIMITED)
    flow = _flow(join(plain, ways.arcs, home), supply, len(plain), len(ways.arcs), network.pools)
    kept = units(
        ways.portion, ways.seat, flow[len(plain) : len(plain) + len(ways.arcs)], seats=network.seats
    )
    return kept, _by_pool(network, division, plain, flow[: len(plain)])


def _ways(network: Network, division: Division, found: Pools, split: Portions) -> _Ways:
    pool = split.pool[split.pair_portion]
    entry = network.entry[found.at(pool, split.pair_seat, network.seats)]
    alive = division.block[pool] == division.block[entry]
    portion, pool, entry = split.pair_portion[alive], pool[alive], entry[alive]
    several = (split.drafts[portion] > 1) & (found.clients_each[pool] == 1)
    tail = np.where(several, network.nodes + portion, pool)
    return _Ways(
        arcs=arcs(tail, entry, split.size[portion]),
        portion=portion,
        seat=split.pair_seat[alive],
    )


def _cut(plain: Arcs, ways: _Ways, network: Network, found: Pools) -> Arcs:
    """A shared lead with a draft for a seat is the seat's by the draft's arc or not at all."""
    pool = np.minimum(ways.arcs.tail, network.pools - 1)
    shared = (ways.arcs.tail < network.pools) & (found.clients_each[pool] > 1)
    if not shared.any():
        return plain
    keys = plain.tail * network.nodes + plain.head
    order = np.argsort(keys)
    wanted = (ways.arcs.tail * network.nodes + ways.arcs.head)[shared]
    cap = plain.cap.copy()
    np.subtract.at(cap, order[np.searchsorted(keys, wanted, sorter=order)], ways.arcs.cap[shared])
    return Arcs(tail=plain.tail, head=plain.head, cap=cap)


def _sparse(network: Network, division: Division, found: Pools, plain: Arcs, ways: _Ways) -> Arcs:
    """Without the ways of single companies that one flow to these totals can do without.

    Such companies make a network ten times as large for a few leads. What they have drafts for
    and what the others can do for drafts stays: fewer may be used than could be, hardly any.
    """
    whole = network.arcs.take(division.alive)
    whole = Arcs(tail=whole.tail, head=whole.head, cap=division.cap[division.alive])
    supply = np.zeros(network.nodes, np.int64)
    supply[: network.pools] = division.supply
    np.subtract.at(supply, division.sink_node, division.given)
    flow = _flow(whole, supply, len(whole), 0, network.pools)
    needless = np.zeros(network.nodes, np.bool_)
    needless[: network.pools] = found.domain >= 0
    needless[network.first_limit :] = True
    needless[ways.arcs.head] = False
    return plain.take(~needless[plain.tail] | (flow > 0))


def _flow(every: Arcs, supply: Ints, plain: int, drafts: int, pools: int) -> Ints:
    """Bring all demands what they were promised; where there are drafts, by as many as possible."""
    nodes = len(supply)
    if not drafts:
        gives, takes = np.flatnonzero(supply > 0), np.flatnonzero(supply < 0)
        ends = join(
            every,
            arcs(nodes, gives, supply[gives]),
            arcs(takes, nodes + 1, -supply[takes]),
        )
        return max_flow(ends, source=nodes, sink=nodes + 1)[0][: len(every)]
    spare = arcs(np.arange(pools), nodes, UNLIMITED)
    cost = np.zeros(len(every) + pools, np.int64)
    cost[plain : plain + drafts] = -1
    supply = np.append(supply, -supply.sum())
    return cheapest_flow(join(every, spare), cost=cost, supply=supply)[: len(every)]


def _by_pool(network: Network, division: Division, plain: Arcs, flow: Ints) -> Units:
    """Follow the flow through the filters, and add what was fixed on the way."""
    from_pool = plain.tail < network.pools
    direct = from_pool & (network.seat_at[plain.head] >= 0)
    inwards = from_pool & ~direct & (flow > 0)
    outwards = (plain.tail >= network.pools) & (plain.tail < network.first_limit) & (flow > 0)
    pool, seat, leads = _through(plain, flow, inwards, outwards)
    fixed = division.fixed & (network.arcs.tail < network.pools)
    full = network.arcs.take(fixed)
    return units(
        np.concatenate([plain.tail[direct], pool, full.tail]),
        np.concatenate(
            [
                network.seat_at[plain.head[direct]],
                network.seat_at[seat],
                network.seat_at[full.head],
            ]
        ),
        np.concatenate([flow[direct], leads, division.cap[fixed]]),
        seats=network.seats,
    )


def _through(plain: Arcs, flow: Ints, inwards: Bools, outwards: Bools) -> tuple[Ints, Ints, Ints]:
    """Match what comes into each filter with what goes out, in order: pool, seat's node, leads."""
    come, go = plain.take(inwards), plain.take(outwards)
    by_filter = np.lexsort((come.tail, come.head))
    to_seat = np.lexsort((go.head, go.tail))
    come_end = np.cumsum(flow[inwards][by_filter])
    go_end = np.cumsum(flow[outwards][to_seat])
    ends = np.unique(np.concatenate([come_end, go_end]))
    begins = np.append(0, ends)[:-1]
    pool = come.tail[by_filter][np.searchsorted(come_end, begins, side="right")]
    seat = go.head[to_seat][np.searchsorted(go_end, begins, side="right")]
    return pool, seat, ends - begins

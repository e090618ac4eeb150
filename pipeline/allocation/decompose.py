"""How many leads each client gets: the exact optimum, by cutting the network in blocks.

Fill every seat as far as leads flow: who is full is settled. The others want more than there is;
they form a block with a fixed number of leads. Share that number out as if no lead were scarce
(`targets`), and try it by one max-flow. A block that can do it is settled. In any other, the
minimum cut parts the seats that cannot have their share from those that can have more than
theirs: two smaller blocks. The reachable totals form a polymatroid, so that no later choice
gains by undoing a cut (Groenevelt 1991; Fujishige 2005, section 8.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.allocation.flow import Arcs, Bools, Ints, arcs, join, max_flow
from pipeline.allocation.network import Network
from pipeline.allocation.pools import Claims
from pipeline.allocation.targets import Takers, targets


@dataclass(frozen=True, kw_only=True, eq=False)
class Division:
    """What the cuts leave: `alive` arcs stay within a block, `fixed` ones are full for certain.

    A sink is a seat (the first ones, in order) or a pin: a limit whose full flow was fixed.
    """

    supply: Ints
    cap: Ints
    alive: Bools
    fixed: Bools
    block: Ints
    sink_node: Ints
    given: Ints


def divide(network: Network, claims: Claims) -> Division:
    """Settle every block."""
    work = _Work(network, claims)
    work.settle(work.room)
    while work.open_sinks.any():
        work.settle(work.wanted())
    return Division(
        supply=work.supply,
        cap=work.cap,
        alive=work.alive,
        fixed=work.fixed,
        block=work.block,
        sink_node=work.sink_node,
        given=work.given,
    )


class _Work:
    """The state between two rounds; arrays by node, by arc, by sink or by block."""

    def __init__(self, network: Network, claims: Claims) -> None:
        self.network = network
        self.block = np.zeros(network.nodes, np.int64)
        self.supply = network.supply.copy()

        self.cap = network.arcs.cap.copy()
        self.alive = np.ones(len(network.arcs), np.bool_)
        self.fixed = np.zeros(len(network.arcs), np.bool_)
        self.open_arcs = np.arange(len(network.arcs))

        self.sink_node = network.seat_node(np.arange(network.seats))
        self.tier = claims.tier
        self.start = claims.already.copy()
        self.room = np.minimum(claims.left, network.most)
        self.weight = claims.weight
        self.turn = claims.turn
        self.given = np.zeros(network.seats, np.int64)
        self.open_sinks = np.ones(network.seats, np.bool_)

        self.amount = np.zeros(1, np.int64)
        self.is_open = np.zeros(1, np.bool_)  # the first round settles all that stays behind

    def wanted(self) -> Ints:
        """What each open sink should get of its block's amount."""
        sinks = np.flatnonzero(self.open_sinks)
        blocks, number = np.unique(self.block[self.sink_node[sinks]], return_inverse=True)
        takers = Takers(
            block=number.ravel(),
            tier=self.tier[sinks],
            start=self.start[sinks],
            room=self.room[sinks],
            weight=self.weight[sinks],
            turn=self.turn[sinks],
        )
        return targets(takers, self.amount[blocks])

    def settle(self, wanted: Ints) -> None:
        """One max-flow for all open blocks: close those that get what they want, cut the others."""
        sinks = np.flatnonzero(self.open_sinks)
        got, short = self._flow(sinks, wanted)
        self.given[sinks] = got
        block = self.block[self.sink_node[sinks]]
        unmet = short[self.sink_node[sinks]]
        cut = np.unique(block[unmet])
        parted = np.bincount(block[unmet], got[unmet], minlength=len(self.amount))
        taken = parted[cut].astype(np.int64)
        twin = np.full(len(self.amount), -1)
        twin[cut] = len(self.amount) + np.arange(len(cut))
        self.block[short] = twin[self.block[short]]
        self.amount[cut] -= taken
        stays = self.is_open & (twin >= 0)
        self.amount = np.append(self.amount, taken)
        self.is_open = np.append(stays, np.ones(len(cut), np.bool_))
        self._part(short)
        self.open_sinks = self.is_open[self.block[self.sink_node]]
        self.open_arcs = self.open_arcs[
            self.alive[self.open_arcs]
            & self.is_open[self.block[self.network.arcs.tail[self.open_arcs]]]
        ]

    def _flow(self, sinks: Ints, wanted: Ints) -> tuple[Ints, Bools]:
        """What each sink gets, and for every node whether it could reach a sink that is short."""
        present = np.zeros(self.network.nodes, np.bool_)
        inner = self.network.arcs.take(self.open_arcs)
        present[inner.tail] = present[inner.head] = True
        present[self.sink_node[sinks]] = True
        nodes = np.flatnonzero(present)
        number = np.cumsum(present) - 1
        pools = nodes[nodes < self.network.pools]
        source, sink = len(nodes), len(nodes) + 1
        flow, short = max_flow(
            join(
                arcs(number[self.sink_node[sinks]], sink, wanted),
                arcs(source, number[pools], self.supply[pools]),
                Arcs(
                    tail=number[inner.tail], head=number[inner.head], cap=self.cap[self.open_arcs]
                ),
            ),
            source=source,
            sink=sink,
        )
        everywhere = np.zeros(self.network.nodes, np.bool_)
        everywhere[nodes] = short[: len(nodes)]
        return flow[: len(sinks)], everywhere

    def _part(self, short: Bools) -> None:
        """End the arcs across the cut; those into the short side are full, now and for good."""
        ends = self.network.arcs.take(self.open_arcs)
        crossing = short[ends.tail] != short[ends.head]
        self.alive[self.open_arcs[crossing]] = False
        full = self.open_arcs[crossing & short[ends.head]]
        if len(full):
            self.fixed[full] = True
            self._bring(self.network.arcs.head[full], self.cap[full])
            self._draw(self.network.arcs.tail[full], self.cap[full])

    def _bring(self, node: Ints, leads: Ints) -> None:
        """The seats behind these nodes have the leads for certain, before all sharing out."""
        seat = self.network.seat_at[node]
        np.add.at(self.start, seat, leads)
        np.subtract.at(self.room, seat, leads)
        np.subtract.at(self.amount, self.block[self.sink_node[seat]], leads)
        limit = node >= self.network.first_limit
        np.subtract.at(self.cap, self.network.way_out[node[limit]], leads[limit])

    def _draw(self, node: Ints, leads: Ints) -> None:
        """The pools lose the leads; a limit must be filled from its own side: it becomes a sink."""
        pool = node < self.network.pools
        np.subtract.at(self.supply, node[pool], leads[pool])
        pins, full = node[~pool], leads[~pool]
        np.add.at(self.amount, self.block[pins], full)
        none = np.zeros(len(pins), np.int64)
        self.sink_node = np.append(self.sink_node, pins)
        self.tier = np.append(self.tier, none)
        self.start = np.append(self.start, none)
        self.room = np.append(self.room, full)
        self.weight = np.append(self.weight, none + 1)
        self.turn = np.append(self.turn, none)
        self.given = np.append(self.given, full)

"""Maximum and cheapest flows on arrays, by OR-Tools.

Loaded at the first call: nobody but the stage that solves pays for the import.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_LIMIT = 2**62  # OR-Tools scales costs by the number of nodes, in 64 bits


class NoFlow(Exception):
    """The flow that must exist was not found: a defect, never a matter of the data."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Arcs:
    """Arcs of a network, one per position; nodes are numbered from 0."""

    tail: Ints
    head: Ints
    cap: Ints

    def __len__(self) -> int:
        return len(self.tail)

    def take(self, chosen: Bools | Ints) -> Arcs:
        return Arcs(tail=self.tail[chosen], head=self.head[chosen], cap=self.cap[chosen])


def join(*parts: Arcs) -> Arcs:
    return Arcs(
        tail=np.concatenate([part.tail for part in parts]),
        head=np.concatenate([part.head for part in parts]),
        cap=np.concatenate([part.cap for part in parts]),
    )


def arcs(tail: Ints | int, head: Ints | int, cap: Ints | int) -> Arcs:
    """Arcs from these ends; one number for a tail, a head or a cap stands for all."""
    tails, heads, caps = np.broadcast_arrays(tail, head, cap)
    return Arcs(tail=tails, head=heads, cap=caps)


def max_flow(network: Arcs, *, source: int, sink: int) -> tuple[Ints, Bools]:
    """The flow on each arc, and which nodes could still send more to the sink."""
    from ortools.graph.python import max_flow as library  # noqa: PLC0415 - see above

    solver = library.SimpleMaxFlow()
    solver.add_arcs_with_capacity(
        network.tail.astype(np.int32), network.head.astype(np.int32), network.cap
    )
    status = solver.solve(source, sink)
    if status != solver.OPTIMAL:
        raise NoFlow(f"max-flow ended {status}")
    wanting = np.zeros(max(source, sink) + 1, np.bool_)
    wanting[solver.get_sink_side_min_cut()] = True
    return np.asarray(solver.flows(np.arange(len(network)))), wanting


def cheapest_flow(network: Arcs, *, cost: Ints, supply: Ints) -> Ints:
    """The flow on each arc that brings every supply to the demands (below 0) at least cost."""
    from ortools.graph.python import min_cost_flow as library  # noqa: PLC0415 - see above

    if int(np.abs(cost).max(initial=0)) * (len(supply) + 1) >= _LIMIT:
        raise NoFlow("costs leave no room for scaling")
    solver = library.SimpleMinCostFlow()
    solver.add_arcs_with_capacity_and_unit_cost(
        network.tail.astype(np.int32), network.head.astype(np.int32), network.cap, cost
    )
    solver.set_nodes_supplies(np.arange(len(supply), dtype=np.int32), supply)
    status = solver.solve()
    if status != solver.OPTIMAL:
        raise NoFlow(f"min-cost flow ended {status}")
    return np.asarray(solver.flows(np.arange(len(network))))

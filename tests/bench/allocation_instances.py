"""Invented markets for the allocator, and how long it takes on them.

    python tests/bench/allocation_instances.py mb ms lb ls mb3

mb, ms: a million leads in 2,400 classes for 1,000 clients; lb, ls: in 20,000 classes for 10,000
clients. b is balanced; s is skewed: few classes hold most leads, most clients want the same.
A 3 behind the name: shared leads, up to three clients each; /4: four leads of one company for a
client at most. Prints seconds of CPU and of the
clock, and the peak of the process's memory; each instance runs in a process of its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from pipeline.allocation.leads import Leads, allocate
from pipeline.allocation.problem import Problem, Seat

LEADS = 1_000_000
DEMAND = 1.1
DRAFTED = 300_000

# attributes: how many values each has, and how many of them a filter names on average
SHAPES = {
    "m": ((40, 20, 3), (5, 4, 1), 1_000),
    "l": ((50, 40, 10), (5, 4, 1.7), 10_000),
}


@dataclass(frozen=True, kw_only=True)
class Instance:
    problem: Problem
    leads: Leads


def instance(
    name: str, *, leads: int = LEADS, seed: int = 1, max_per_domain: int | None = None
) -> Instance:
    """The market of that name; the same one at every call."""
    rng = np.random.default_rng(seed)
    values, named, clients = SHAPES[name[0]]
    each = int(name[2:] or 1)
    skew = name[1] == "s"
    popular = [_popularity(count, skew=skew) for count in values]
    grid = np.indices(values).reshape(len(values), -1)
    breadth = rng.lognormal(sigma=0.5, size=(clients, 1))
    wishes = [
        _wishes(rng, breadth * many / count, count)
        for count, many in zip(values, named, strict=True)
    ]
    groups = [
        np.flatnonzero(
            np.logical_and.reduce([w[:, at] for w, at in zip(wishes, place, strict=True)])
        )
        + 1
        for place in grid.T
    ]
    share = np.prod([popular[axis][grid[axis]] for axis in range(len(values))], axis=0)
    class_of = rng.choice(len(share), size=leads, p=share / share.sum())
    demand = rng.lognormal(sigma=1.0 if skew else 0.4, size=clients)
    quota = np.maximum(demand / demand.sum() * leads * each * DEMAND, 1).astype(int)
    priority = rng.choice([1, 2, 3], size=clients, p=[0.2, 0.5, 0.3])
    problem = Problem(
        seats=[
            Seat(
                client_id=number + 1,
                priority=int(priority[number]),
                left=int(quota[number]),
                quota=int(quota[number]),
                exclusive_only=False,
                max_per_domain=max_per_domain,
            )
            for number in range(clients)
        ],
        groups=groups,
        group_of=np.arange(grid.shape[1]),
        max_clients=np.full(grid.shape[1], each),
    )
    return Instance(problem=problem, leads=_leads(rng, problem, class_of, values))


def _popularity(count: int, *, skew: bool):
    weight = 1 / np.arange(1, count + 1) if skew else np.ones(count)
    return weight / weight.sum()


def _wishes(rng, odds, count: int):
    """Per client the values its filter names; one at least."""
    wishes = rng.random((len(odds), count)) < odds
    wishes[np.arange(len(odds)), rng.integers(0, count, size=len(odds))] = True
    return wishes


def _leads(rng, problem: Problem, class_of, values) -> Leads:
    """The leads, with companies (few are large), and drafts for some who might have them."""
    leads = len(class_of)
    sizes = np.array([len(group) for group in problem.groups])
    begins = np.cumsum(sizes) - sizes
    drafted = np.sort(rng.choice(leads, size=int(leads * DRAFTED / LEADS), replace=False))
    drafted = drafted[sizes[class_of[drafted]] > 0]
    pick = rng.integers(0, sizes[class_of[drafted]])
    clients = np.concatenate(problem.groups)[begins[class_of[drafted]] + pick]
    return Leads(
        lead_id=np.arange(1, leads + 1),
        class_of=class_of,
        domain=_companies(rng, class_of // values[-1]),
        drafted_lead=drafted + 1,
        drafted_client=clients,
    )


def _companies(rng, place):
    """Most have one lead, few have hundreds; all leads of one are of one place and industry."""
    sizes = np.minimum(rng.zipf(2.5, size=len(place)), 300)
    company = np.empty(len(place), np.int64)
    company[np.lexsort((rng.random(len(place)), place))] = np.repeat(np.arange(len(place)), sizes)[
        : len(place)
    ]
    return company


def measure(name: str) -> None:
    market, _, limit = name.partition("/")
    case = instance(market, max_per_domain=int(limit) if limit else None)
    before, started, cpu = _peak(), time.perf_counter(), time.process_time()
    found = allocate(case.problem, case.leads)
    cpu, seconds = time.process_time() - cpu, time.perf_counter() - started
    print(
        f"{name}: {found.rounds} rounds, {found.taken_back:,} taken back, {len(found.lead_id):,} placed, {found.kept:,} drafts kept,"
        f" {cpu:.2f} s CPU, {seconds:.2f} s, peak {_peak():.0f} MB ({before:.0f} before)"
    )


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    for name in sys.argv[1:] or ["mb", "ms", "lb", "ls"]:
        process = multiprocessing.Process(target=measure, args=(name,))
        process.start()
        process.join()
        if process.exitcode:
            sys.exit(process.exitcode)


if __name__ == "__main__":
    main()

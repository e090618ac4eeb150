"""What an allocation must be, said again without a flow: by search, by LP and by counting.

Works on the problem as it was asked, class by class, and knows nothing of the solver's insides.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from fractions import Fraction
from statistics import median_low

import numpy as np

from pipeline.allocation.problem import Problem, Seat


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A problem with its sizes, spelled out: who may have which class."""

    seats: dict[int, Seat]
    takers: list[list[int]]
    sizes: list[int]
    each: list[int]
    company: list[int]

    @staticmethod
    def of(problem: Problem, sizes) -> Ask:
        seats = {seat.client_id: seat for seat in problem.seats}
        takers = [
            [
                int(client)
                for client in sorted(set(map(int, problem.groups[group])))
                if client in seats
                and seats[client].left != 0
                and (each == 1 or not seats[client].exclusive_only)
            ]
            for group, each in zip(
                problem.group_of.tolist(), problem.max_clients.tolist(), strict=True
            )
        ]
        each = [
            min(most, len(some))
            for most, some in zip(problem.max_clients.tolist(), takers, strict=True)
        ]
        return Ask(
            seats=seats,
            takers=takers,
            sizes=[int(size) for size in sizes],
            each=each,
            company=problem.domain_of.tolist(),
        )

    def room(self, client: int) -> int:
        """No cap is the same as a cap of all leads there are."""
        left = self.seats[client].left
        return sum(self.sizes) if left is None else left

    def limit(self, client: int, company: int) -> int:
        """How many leads of a company the client may have."""
        most = self.seats[client].max_per_domain
        return sum(self.sizes) if company < 0 or most is None else most

    def weight(self, client: int) -> int:
        seat = self.seats[client]
        quotas = [
            other.quota
            for other in self.seats.values()
            if other.quota and other.priority == seat.priority
        ] or [other.quota for other in self.seats.values() if other.quota]
        return seat.weight or seat.quota or median_low(quotas or [1])

    def filling(self, client: int, given: int) -> Fraction:
        return Fraction(self.seats[client].already + given, self.weight(client))


def improvements(ask: Ask, flow: dict[tuple[int, int], int]) -> list[str]:
    """Every exchange that would make the allocation better; none, and it is the optimum.

    `flow`: (class, client) → leads. A client gains by a lead that lies free, or by one that
    another gives who ranks behind it; along a chain of clients who pass leads of their classes on.
    """
    given: dict[int, int] = defaultdict(int)
    used: dict[int, int] = defaultdict(int)
    holders: dict[int, set[int]] = defaultdict(set)
    for (kind, client), leads in flow.items():
        given[client] += leads
        used[kind] += leads
        if leads:
            holders[client].add(kind)
    hungry = {client for client in ask.seats if given[client] < ask.room(client)}
    free = {k for k, size in enumerate(ask.sizes) if used[k] < size * ask.each[k]}
    return [
        f"client {client} could have a free lead"
        for client in _reached(ask, flow, holders, free) & hungry
    ] + [
        f"client {giver} should pass a lead to client {client}"
        for giver in ask.seats
        if given[giver]
        for client in _reached(ask, flow, holders, holders[giver]) & hungry - {giver}
        if _ranks_before(ask, client, giver, given)
    ]


def _reached(ask: Ask, flow, holders, kinds: set[int]) -> set[int]:
    """The clients that a lead of one of these classes can end up with, or one passed on for it.

    A client that has all it may have of a company passes on another lead of the same one.
    """
    of_company: dict[tuple[int, int], int] = defaultdict(int)
    for (kind, client), leads in flow.items():
        of_company[client, ask.company[kind]] += leads
    seen, todo = set(kinds), list(kinds)
    clients: set[int] = set()
    gates: set[tuple[int, int]] = set()
    while todo:
        kind = todo.pop()
        for client in ask.takers[kind]:
            gate = client, ask.company[kind]
            once_more = ask.each[kind] == 1 or flow.get((kind, client), 0) < ask.sizes[kind]
            if not once_more or gate in gates:
                continue
            gates.add(gate)
            passed_on = holders[client]
            if of_company[gate] < ask.limit(*gate):
                clients.add(client)
            else:
                passed_on = {other for other in passed_on if ask.company[other] == gate[1]}
            todo += passed_on - seen
            seen |= passed_on
    return clients


def _ranks_before(ask: Ask, client: int, giver: int, given) -> bool:
    """Whether the next lead of the client comes before the last one of the giver."""
    tier, other = ask.seats[client].priority, ask.seats[giver].priority
    if tier != other:
        return tier < other
    return ask.filling(client, given[client]) < ask.filling(giver, given[giver] - 1)


def rank(ask: Ask, given: dict[int, int]):
    """Less is better: more leads in tier 1, then 2, then 3; then the last leads of those that
    had most before them, compared one by one."""
    tiers = [[client for client in given if ask.seats[client].priority == t] for t in (1, 2, 3)]
    lasts = [
        sorted(
            (ask.filling(client, before) for client in tier for before in range(given[client])),
            reverse=True,
        )
        for tier in tiers
    ]
    return [-sum(given[client] for client in tier) for tier in tiers], lasts


def broken_rules(ask: Ask, flow: dict[tuple[int, int], int]) -> list[str]:
    """Every rule that the flow breaks."""
    given: dict[int, int] = defaultdict(int)
    used: dict[int, int] = defaultdict(int)
    of_company: dict[tuple[int, int], int] = defaultdict(int)
    found = []
    for (kind, client), leads in flow.items():
        given[client] += leads
        used[kind] += leads
        of_company[client, ask.company[kind]] += leads
        if client not in ask.takers[kind]:
            found.append(f"class {kind} is nothing for client {client}")
        if leads > ask.sizes[kind]:
            found.append(f"client {client} meets a lead of class {kind} twice")
    found += [
        f"client {gate[0]} has too many of company {gate[1]}"
        for gate, n in of_company.items()
        if n > ask.limit(*gate)
    ]
    found += [f"client {c} is over its cap" for c, n in given.items() if n > ask.room(c)]
    found += [
        f"class {k} is given too often" for k, n in used.items() if n > ask.each[k] * ask.sizes[k]
    ]
    return found


def class_flow(pairs, class_of) -> dict[tuple[int, int], int]:
    """(class, client) → leads, counted from (position of the lead, client)."""
    lead, client = pairs
    flow: dict[tuple[int, int], int] = defaultdict(int)
    for kind, whom in zip(class_of[lead].tolist(), np.asarray(client).tolist(), strict=True):
        flow[kind, whom] += 1
    return flow

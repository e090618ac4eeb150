"""The solver against others that know nothing of it: search, LP, exhaustion.

50 markets of each kind here; `ALLOCATION_MARKETS=1000` in the environment asks for as many.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import linprog

from pipeline.allocation.leads import allocate
from pipeline.allocation.problem import Problem, Seat
from pipeline.allocation.solve import solve
from tests.allocation_markets import market
from tests.allocation_oracle import Ask, broken_rules, class_flow, improvements, rank

MARKETS = range(int(os.environ.get("ALLOCATION_MARKETS", "50")))
EXCLUSIVE, MIXED = (1,), (1, 1, 2, 3)


def dealt(case):
    """(class, client) → leads, after everything."""
    found = allocate(case.problem, case.leads)
    return found, class_flow((found.lead_id // 2 - 2, found.client_id), case.leads.class_of)


def best(ask, *, of, given=()):
    """The most leads (or least, for negative weights) that HiGHS finds for these variables.

    `of`: weight of each (class, client); `given`: (weights, total) that must hold.
    """
    ways = [(k, c) for k, some in enumerate(ask.takers) for c in some]
    if not ways:
        return 0
    kinds, clients = len(ask.sizes), sorted(ask.seats)
    at_most = np.zeros((kinds + len(clients), len(ways)))
    for column, (kind, client) in enumerate(ways):
        at_most[kind, column] = 1
        at_most[kinds + clients.index(client), column] = 1
    limits = [size * each for size, each in zip(ask.sizes, ask.each, strict=True)]
    equal = [[float(weights(k, c)) for k, c in ways] for weights, _ in given]
    found = linprog(
        [-of(kind, client) for kind, client in ways],
        A_ub=at_most,
        b_ub=limits + [ask.room(client) for client in clients],
        A_eq=equal or None,
        b_eq=[total for _, total in given] or None,
        bounds=[(0, ask.sizes[kind]) for kind, _ in ways],
        method="highs",
    )
    assert found.status == 0, found.message
    return round(-found.fun)


class TestTotals:
    @pytest.mark.parametrize("each", [EXCLUSIVE, MIXED], ids=["exclusive", "shared too"])
    @pytest.mark.parametrize("number", MARKETS)
    def test_are_those_of_the_lp_in_all_and_in_each_tier(self, number, each):
        case = market(number, clients=25, kinds=30, most=40, each=each)
        ask = Ask.of(case.problem, case.sizes)
        tier = {client: seat.priority for client, seat in ask.seats.items()}

        given = solve(case.problem, case.sizes).per_client()

        totals = Counter[int]()
        for client, leads in given.items():
            totals[tier[client]] += leads
        assert sum(totals.values()) == best(ask, of=lambda _, client: 1)
        fixed: list[tuple[Callable[[int, int], int], int]] = []
        for first in (1, 2, 3):

            def of_tier(_, client, first=first):
                return int(tier[client] == first)

            assert totals[first] == best(ask, of=of_tier, given=fixed)
            fixed.append((of_tier, totals[first]))


class TestAllocate:
    @pytest.mark.parametrize("each", [EXCLUSIVE, MIXED], ids=["exclusive", "shared too"])
    @pytest.mark.parametrize("number", MARKETS)
    def test_leaves_no_exchange_that_would_improve_it(self, number, each):
        case = market(number, each=each)
        ask = Ask.of(case.problem, case.sizes)

        _, flow = dealt(case)

        assert not broken_rules(ask, flow)
        assert not improvements(ask, flow)

    def test_leaves_none_in_a_larger_market(self):
        case = market(7, clients=120, kinds=150, most=60, each=MIXED)
        ask = Ask.of(case.problem, case.sizes)

        _, flow = dealt(case)

        assert not broken_rules(ask, flow)
        assert not improvements(ask, flow)

    @pytest.mark.parametrize("number", MARKETS)
    def test_is_the_best_of_all_that_could_be(self, number):
        case = market(number, clients=4, kinds=4, most=4, each=MIXED)
        ask = Ask.of(case.problem, case.sizes)

        given = solve(case.problem, case.sizes).per_client()

        assert rank(ask, given) == min(rank(ask, other) for other in _possible(ask))

    @pytest.mark.parametrize("number", MARKETS)
    def test_uses_as_many_drafts_as_the_totals_allow(self, number):
        case = market(number, each=EXCLUSIVE)

        found, _ = dealt(case)

        assert found.kept == _most_drafts(case, found)

    @pytest.mark.parametrize("number", MARKETS)
    def test_uses_as_many_drafts_of_shared_leads_too_where_all_are_of_one_class(self, number):
        """With several classes, as many as the totals of each class and client allow."""
        case = market(number, kinds=1, most=9, each=(2, 3))

        found, _ = dealt(case)

        assert found.kept == _most_drafts(case, found)


def _possible(ask):
    """All vectors of totals: no group of clients may get more than the leads it may have."""
    clients = sorted(ask.seats)
    groups = [
        some
        for size in range(1, len(clients) + 1)
        for some in itertools.combinations(clients, size)
    ]
    reach = {
        some: sum(
            size * min(each, len(set(some) & set(takers)))
            for size, each, takers in zip(ask.sizes, ask.each, ask.takers, strict=True)
        )
        for some in groups
    }
    rooms = [range(min(ask.room(client), reach[client,]) + 1) for client in clients]
    for totals in itertools.product(*rooms):
        given = dict(zip(clients, totals, strict=True))
        if all(sum(given[client] for client in some) <= most for some, most in reach.items()):
            yield given


def _most_drafts(case, found):
    """By LP over single leads: the totals of the clients are given."""
    drafts = set(
        zip(case.leads.drafted_lead.tolist(), case.leads.drafted_client.tolist(), strict=True)
    )
    singles = Problem(
        seats=case.problem.seats,
        groups=case.problem.groups,
        group_of=case.problem.group_of[case.leads.class_of],
        max_clients=case.problem.max_clients[case.leads.class_of],
    )
    ask = Ask.of(singles, np.ones(len(case.leads.lead_id), np.int64))
    totals = Counter(found.client_id.tolist())
    fixed = [(lambda _, client, whom=whom: int(client == whom), totals[whom]) for whom in ask.seats]
    return best(ask, of=lambda k, client: int((k * 2 + 5, client) in drafts), given=fixed)


class TestTheOracle:
    """It finds what is wrong: else the tests above would prove nothing."""

    ASK = Ask.of(
        Problem(
            seats=[
                Seat(client_id=1, priority=1, left=5, quota=5),
                Seat(client_id=2, priority=2, left=5, quota=5),
                Seat(client_id=3, priority=2, left=5, quota=5),
            ],
            groups=[[1, 2], [2, 3]],
            group_of=np.array([0, 1]),
            max_clients=np.array([1, 1]),
        ),
        [4, 4],
    )

    @pytest.mark.parametrize(
        ("flow", "finds"),
        [
            pytest.param({(0, 1): 4, (1, 2): 2, (1, 3): 2}, [], id="nothing wrong"),
            pytest.param(
                {(0, 1): 4, (1, 2): 1, (1, 3): 3},
                ["client 3 should pass a lead to client 2"],
                id="unfair",
            ),
            pytest.param(
                {(0, 1): 4, (1, 2): 2, (1, 3): 1},
                ["client 2 could have a free lead", "client 3 could have a free lead"],
                id="a lead lies free",
            ),
            pytest.param(
                {(0, 1): 3, (0, 2): 1, (1, 2): 1, (1, 3): 3},
                [
                    "client 2 should pass a lead to client 1",
                    "client 3 should pass a lead to client 1",
                ],
                id="a lower tier first, by a chain",
            ),
        ],
    )
    def test_finds_every_improvement(self, flow, finds):
        assert sorted(improvements(self.ASK, flow)) == finds

    @pytest.mark.parametrize(
        ("flow", "finds"),
        [
            pytest.param({(0, 3): 1}, "class 0 is nothing for client 3", id="not targeted"),
            pytest.param({(0, 1): 3, (0, 2): 2}, "class 0 is given too often", id="too often"),
            pytest.param({(0, 2): 4, (1, 2): 2}, "client 2 is over its cap", id="over the cap"),
            pytest.param({(0, 1): 5}, "client 1 meets a lead of class 0 twice", id="twice"),
        ],
    )
    def test_finds_every_broken_rule(self, flow, finds):
        assert finds in broken_rules(self.ASK, flow)

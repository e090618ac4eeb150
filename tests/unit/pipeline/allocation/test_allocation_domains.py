"""Limits by company: exact in the classes, and never broken in the leads."""

from __future__ import annotations

import itertools
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog

from pipeline.allocation import leads as lead_level
from pipeline.allocation.domains import Had, may_bind
from pipeline.allocation.leads import Leads, allocate
from pipeline.allocation.pools import claims
from pipeline.allocation.problem import Problem, Seat
from pipeline.allocation.solve import solve
from tests.allocation_markets import market
from tests.allocation_oracle import Ask, broken_rules, class_flow, improvements, rank

EACH = (1, 1, 2)


def numbers(*values):
    return np.array(values, np.int64)


def one_class(*, limit, companies, left=None):
    seats = [Seat(client_id=7, left=left, max_per_domain=limit)]
    return (
        Problem(seats=seats, groups=[[7]], group_of=numbers(0), max_clients=numbers(1)),
        Leads(
            lead_id=np.arange(len(companies)),
            class_of=np.zeros(len(companies), np.int64),
            domain=numbers(*companies),
        ),
    )


class TestLimit:
    def test_takes_the_oldest_leads_of_each_company(self):
        found = allocate(*one_class(limit=2, companies=[5, 5, 5, 6, 5, 6]))

        assert found.lead_id.tolist() == [0, 1, 3, 5]

    def test_leaves_leads_of_no_company_alone(self):
        found = allocate(*one_class(limit=1, companies=[-1, -1, 3, 3, -1]))

        assert found.lead_id.tolist() == [0, 1, 2, 4]

    def test_counts_what_the_client_had_of_the_company(self):
        had = Had(client_id=numbers(7, 7, 8), domain=numbers(5, 5, 6), leads=numbers(1, 1, 9))

        found = allocate(*one_class(limit=3, companies=[5, 5, 6, 6]), had=had)

        assert found.lead_id.tolist() == [0, 2, 3]

    def test_of_none_is_none(self):
        found = allocate(*one_class(limit=0, companies=[5, 6, -1]))

        assert found.lead_id.tolist() == [2]

    def test_makes_room_for_leads_of_others_that_are_younger(self):
        found = allocate(*one_class(limit=1, companies=[5, 5, 5, 6, 8], left=3))

        assert found.lead_id.tolist() == [0, 3, 4]
        assert found.taken_back == 0

    def test_holds_even_where_the_rounds_are_used_up(self, monkeypatch):
        monkeypatch.setattr(lead_level, "MOST_ROUNDS", 1)

        found = allocate(*one_class(limit=1, companies=[5, 5, 5, 6, 8], left=3))

        assert found.lead_id.tolist() == [0]
        assert found.taken_back == 2


class TestMayBind:
    def test_names_large_companies_and_those_of_whom_a_client_had_leads(self):
        seats = claims([Seat(client_id=7, left=None, max_per_domain=2), Seat(client_id=8, left=9)])
        had = Had(client_id=numbers(7, 7), domain=numbers(1, 9), leads=numbers(1, 1))

        found = may_bind(seats, had, numbers(0, 0, 0, 1, 2, 2, -1, -1, -1))

        assert found.tolist() == [True, True, False, False]

    def test_names_none_where_no_client_has_a_limit(self):
        seats = claims([Seat(client_id=8, left=9)])

        assert not may_bind(seats, Had(), numbers(0, 0, 0, -1)).any()


class TestAllocate:
    @given(st.integers(0, 10**6), st.integers(1, 6))
    def test_never_passes_a_limit_nor_any_other_rule(self, number, companies):
        case = market(number, each=EACH, companies=companies)
        had = Had(client_id=numbers(1, 4), domain=numbers(0, 0), leads=numbers(1, 1))

        found = allocate(case.problem, case.leads, had=had)

        seats = {seat.client_id: seat for seat in case.problem.seats}
        lead = found.lead_id // 2 - 2
        pairs = list(zip(lead.tolist(), found.client_id.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
        of_company = Counter(
            (client, int(case.leads.domain[lead])) for lead, client in pairs
        ) + Counter({(1, 0): 1, (4, 0): 1})
        for (client, company), count in of_company.items():
            limit = seats[client].max_per_domain if client in seats else None
            had_before = company == 0 and client in {1, 4}
            if limit is not None and company >= 0 and count > had_before:
                assert count <= limit
        for client, count in Counter(client for _, client in pairs).items():
            left = seats[client].left
            assert left is None or count <= left
        for lead, count in Counter(lead for lead, _ in pairs).items():
            assert count <= case.problem.max_clients[case.leads.class_of[lead]]

    @pytest.mark.parametrize("number", range(50))
    def test_places_as_many_as_can_be(self, number):
        case = market(number, clients=6, kinds=6, each=EACH, companies=4)
        ask, company = by_company(case)

        found = allocate(case.problem, case.leads)

        assert len(found.lead_id) + found.taken_back >= most_for(ask, company, set(ask.seats))
        assert found.taken_back == 0

    @pytest.mark.parametrize("number", [33, 45, 59, 177, 345])
    def test_takes_nothing_back_where_the_companies_fail_one_after_the_other(self, number):
        case = market(number, clients=8, kinds=10, most=20, each=EACH, companies=number % 12 + 1)
        ask, company = by_company(case)

        found = allocate(case.problem, case.leads)

        assert found.rounds == lead_level.LAZY_ROUNDS + 1
        assert len(found.lead_id) == most_for(ask, company, set(ask.seats))

    def test_gives_the_same_pairs_whatever_number_a_company_has(self):
        case = market(5, clients=20, kinds=30, most=20, each=EACH, companies=30)
        renamed = np.append(np.random.default_rng(1).permutation(30), -1)
        again = Leads(
            lead_id=case.leads.lead_id,
            class_of=case.leads.class_of,
            domain=renamed[case.leads.domain],
        )
        plain = Leads(
            lead_id=case.leads.lead_id, class_of=case.leads.class_of, domain=case.leads.domain
        )

        first, second = allocate(case.problem, plain), allocate(case.problem, again)

        assert first.rounds > 1
        assert first.flows.per_client() == second.flows.per_client()


class TestSolve:
    @pytest.mark.parametrize("number", range(50))
    def test_is_the_best_of_all_that_could_be(self, number):
        case = market(number, clients=4, kinds=3, most=4, each=EACH, companies=2)
        ask, company = by_company(case)
        fine, sizes = finest(case)

        given = solve(fine, sizes).per_client()

        assert rank(ask, given) == min(rank(ask, other) for other in possible(ask, company))

    @pytest.mark.parametrize(
        ("number", "size"),
        [
            *((number, {"clients": 25, "kinds": 30}) for number in range(50)),
            # here a cut goes through a shared class of a company of which a client has all
            *((number, {"clients": 6, "kinds": 6}) for number in (5, 233, 891, 1167, 1335)),
        ],
    )
    def test_leaves_no_exchange_that_would_improve_it(self, number, size):
        each = EACH if size["kinds"] == 6 else (1, 2, 3)
        case = market(number, **size, each=each, companies=4)
        fine, sizes = finest(case)
        ask = Ask.of(fine, sizes)
        class_of = np.repeat(np.arange(len(sizes)), sizes)

        found = solve(fine, sizes)

        lead, seat = found.deal(class_of)
        flow = class_flow((lead, found.claims.client_id[seat]), class_of)
        assert not broken_rules(ask, flow)
        assert not improvements(ask, flow)

    def test_uses_drafts_of_leads_of_a_company(self):
        problem, leads = one_class(limit=1, companies=[5, 5, 6])
        found = allocate(
            problem,
            Leads(
                lead_id=leads.lead_id,
                class_of=leads.class_of,
                domain=leads.domain,
                drafted_lead=numbers(1),
                drafted_client=numbers(7),
            ),
        )

        assert found.lead_id.tolist() == [1, 2]
        assert found.kept == 1


def finest(case):
    """The problem with a class for each class and company, and how many leads each has."""
    domain = case.leads.company()
    rows, sizes = np.unique(np.stack([case.leads.class_of, domain]), axis=1, return_counts=True)
    return case.problem.refined(rows[0], rows[1]), sizes


def by_company(case):
    fine, sizes = finest(case)
    ask = Ask.of(fine, sizes)
    return ask, ask.company


def most_for(ask, company, clients):
    """The most leads that these clients could have together, by LP."""
    ways = [(k, c) for k, some in enumerate(ask.takers) for c in some if c in clients]
    if not ways:
        return 0
    rows, limits = [], []

    def at_most(limit, counts):
        rows.append([int(counts(kind, client)) for kind, client in ways])
        limits.append(limit)

    for kind, size in enumerate(ask.sizes):
        at_most(size * ask.each[kind], lambda k, _, kind=kind: k == kind)
    for client in clients:
        at_most(ask.room(client), lambda _, c, client=client: c == client)
        limit = ask.seats[client].max_per_domain
        for name in set(company) - {-1}:
            if limit is not None:
                at_most(
                    limit,
                    lambda k, c, client=client, name=name: c == client and company[k] == name,
                )
    found = linprog(
        [-1] * len(ways), A_ub=rows, b_ub=limits, bounds=[(0, ask.sizes[k]) for k, _ in ways]
    )
    assert found.status == 0, found.message
    return round(-found.fun)


def possible(ask, company):
    """All vectors of totals: no group of clients gets more than it could have together."""
    clients = sorted(ask.seats)
    most = {
        some: most_for(ask, company, set(some))
        for size in range(1, len(clients) + 1)
        for some in itertools.combinations(clients, size)
    }
    for totals in itertools.product(*(range(most[client,] + 1) for client in clients)):
        given = dict(zip(clients, totals, strict=True))
        if all(sum(given[client] for client in some) <= limit for some, limit in most.items()):
            yield given

"""What must hold of any allocation of leads, whatever the market."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.allocation.leads import Leads, allocate
from pipeline.allocation.problem import Problem
from tests.allocation_markets import market


def dealt(found):
    return list(zip(found.lead_id.tolist(), found.client_id.tolist(), strict=True))


class TestPromises:
    @given(st.integers(0, 10**6))
    def test_nobody_gets_a_lead_twice_or_more_than_its_cap_or_against_its_rules(self, number):
        case = market(number, each=(1, 2, 3))

        found = allocate(case.problem, case.leads)

        pairs = dealt(found)
        seats = {seat.client_id: seat for seat in case.problem.seats}
        kind = dict(zip(case.leads.lead_id.tolist(), case.leads.class_of.tolist(), strict=True))
        assert len(set(pairs)) == len(pairs)
        for client, count in Counter(client for _, client in pairs).items():
            left = seats[client].left
            assert left is None or count <= left
            assert count == found.flows.per_client()[client]
        for lead, count in Counter(lead for lead, _ in pairs).items():
            assert count <= case.problem.max_clients[kind[lead]]
        for lead, client in pairs:
            assert client in case.problem.groups[int(case.problem.group_of[kind[lead]])]
            shared = case.problem.max_clients[kind[lead]] > 1
            assert not (shared and seats[client].exclusive_only)

    @given(st.integers(0, 10**6))
    def test_as_many_drafts_are_used_as_are_said(self, number):
        case = market(number, each=(1, 2, 3))

        found = allocate(case.problem, case.leads)

        drafts = zip(
            case.leads.drafted_lead.tolist(), case.leads.drafted_client.tolist(), strict=True
        )
        assert found.kept == len(set(dealt(found)) & set(drafts))

    @given(st.integers(0, 10**6), st.integers(0, 10**6))
    def test_order_of_classes_clients_and_drafts_changes_nothing(self, number, order):
        case = market(number, each=(1, 2, 3))

        assert dealt(allocate(*shuffled(case, order))) == dealt(allocate(case.problem, case.leads))

    def test_nor_does_it_in_a_large_market(self):
        case = market(3, clients=300, kinds=400, most=100, each=(1, 1, 2, 3))

        pairs = dealt(allocate(case.problem, case.leads))

        assert len(pairs) > 1_000
        assert all(dealt(allocate(*shuffled(case, order))) == pairs for order in range(3))

    def test_whether_classes_are_split_further_changes_nothing(self):
        """Each lead a class of its own: what is equal is found to be equal."""
        case = market(3, clients=30, kinds=40, most=20, each=(1, 1, 2, 3))
        single = case.problem.refined(case.leads.class_of, np.full(1, -1))
        leads = Leads(
            lead_id=case.leads.lead_id,
            class_of=np.arange(len(case.leads.lead_id)),
            drafted_lead=case.leads.drafted_lead,
            drafted_client=case.leads.drafted_client,
        )

        assert dealt(allocate(single, leads)) == dealt(allocate(case.problem, case.leads))


def shuffled(case, order):
    """The same problem with seats, groups, members, classes and drafts in another order."""
    rng = np.random.default_rng(order)
    problem, leads = case.problem, case.leads
    classes = rng.permutation(len(problem.group_of))
    groups = rng.permutation(len(problem.groups))
    drafts = rng.permutation(len(leads.drafted_lead))
    return (
        Problem(
            seats=[problem.seats[at] for at in rng.permutation(len(problem.seats))],
            groups=[rng.permutation(problem.groups[at]) for at in groups],
            group_of=np.argsort(groups)[problem.group_of[classes]],
            max_clients=problem.max_clients[classes],
        ),
        Leads(
            lead_id=leads.lead_id,
            class_of=np.argsort(classes)[leads.class_of],
            drafted_lead=leads.drafted_lead[drafts],
            drafted_client=leads.drafted_client[drafts],
        ),
    )

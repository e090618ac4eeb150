from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from clients.targeting import Operator, Rule
from pipeline.allocator import Offer, Seat, allocate, per_client, why_not

ONLY_US = (Rule(field="country", operator=Operator.IN, values=("US",)),)


def offer(lead_id, country="US", **facts):
    return Offer(lead_id=lead_id, values={"country": country}, **facts)


def seat(client_id, left=None, **facts):
    return Seat(client_id=client_id, priority=facts.pop("priority", 2), left=left, **facts)


class TestAllocate:
    def test_gives_the_oldest_leads_first(self):
        found = allocate([offer(2), offer(1), offer(3)], [seat(1, left=2)])

        assert found.pairs == [(1, 1), (2, 1)]

    def test_serves_the_higher_priority_first(self):
        found = allocate([offer(1)], [seat(1, priority=3), seat(2, priority=1)])

        assert found.pairs == [(1, 2)]

    def test_says_why_a_lead_is_left_over(self):
        offers = [offer(1), offer(2), offer(3, country="DE")]

        found = allocate(offers, [seat(1, left=1, rules=ONLY_US, tightest="month")])

        assert found.leftover == {2: "cap_month", 3: "filter"}

    def test_names_the_refusal_of_the_client_that_came_closest(self):
        seats = [seat(1, left=0, tightest="day"), seat(2, rules=ONLY_US)]

        found = allocate([offer(1, country="DE")], seats)

        assert found.leftover == {1: "cap_day"}

    def test_names_what_closes_the_client_that_wants_it(self):
        seats = [seat(1, left=0, full="paused"), seat(2, rules=ONLY_US)]

        assert allocate([offer(1, country="DE")], seats).leftover == {1: "paused"}

    def test_gives_nobody_a_lead_that_is_too_old_for_it(self):
        found = allocate([offer(1, too_old_for=frozenset({1}))], [seat(1), seat(2, rules=ONLY_US)])
        alone = allocate([offer(1, too_old_for=frozenset({1}))], [seat(1)])

        assert found.pairs == [(1, 2)]
        assert alone.leftover == {1: "too_old"}

    def test_without_a_client_every_lead_says_so(self):
        assert allocate([offer(1)], []).leftover == {1: "no_client"}

    def test_a_shared_lead_goes_once_to_each_of_as_many_as_it_may(self):
        seats = [seat(n, exclusive_only=False) for n in (1, 2, 3)]

        found = allocate([offer(1, max_clients=2)], seats)

        assert found.pairs == [(1, 1), (1, 2)]


class TestWhyNot:
    def test_never_twice_to_the_same_client(self):
        assert why_not(offer(1, taken_by=frozenset({7})), seat(7)) == "dup_client"

    def test_not_where_the_client_suppressed_the_person(self):
        assert why_not(offer(1, suppressed_for=frozenset({7})), seat(7)) == "suppressed_client"

    def test_not_a_shared_lead_to_a_client_of_exclusive_ones(self):
        assert why_not(offer(1, max_clients=2), seat(7)) == "not_exclusive"


offers = st.lists(
    st.builds(
        Offer,
        lead_id=st.integers(1, 40),
        values=st.fixed_dictionaries({"country": st.sampled_from(["US", "DE", ""])}),
        max_clients=st.integers(1, 3),
        taken_by=st.frozensets(st.integers(1, 6), max_size=2),
        suppressed_for=st.frozensets(st.integers(1, 6), max_size=2),
    ),
    unique_by=lambda offer: offer.lead_id,
)
seats = st.lists(
    st.builds(
        Seat,
        client_id=st.integers(1, 6),
        priority=st.integers(1, 3),
        left=st.none() | st.integers(0, 8),
        rules=st.sampled_from([(), ONLY_US]),
        exclusive_only=st.booleans(),
    ),
    unique_by=lambda seat: seat.client_id,
)


class TestPromises:
    @given(offers, seats)
    def test_no_cap_is_passed_and_no_lead_is_given_too_often_or_against_a_rule(self, offers, seats):
        found = allocate(offers, seats)

        by_lead = {offer.lead_id: offer for offer in offers}
        by_client = {seat.client_id: seat for seat in seats}
        assert len(set(found.pairs)) == len(found.pairs)
        for client_id, placed in per_client(found.pairs).items():
            left = by_client[client_id].left
            assert left is None or placed <= left
        for lead_id, client_id in found.pairs:
            assert not why_not(by_lead[lead_id], by_client[client_id])
            takers = sum(lead == lead_id for lead, _ in found.pairs)
            assert takers <= by_lead[lead_id].max_clients

    @given(offers, seats)
    def test_every_lead_is_placed_or_says_why(self, offers, seats):
        found = allocate(offers, seats)

        placed = {lead_id for lead_id, _ in found.pairs}
        assert placed | set(found.leftover) == {offer.lead_id for offer in offers}
        assert not placed & set(found.leftover)
        assert all(found.leftover.values())

    @given(offers, seats, st.randoms(use_true_random=False))
    def test_order_of_input_changes_nothing(self, offers, seats, shuffler: random.Random):
        shuffled = shuffler.sample(offers, len(offers)), shuffler.sample(seats, len(seats))

        assert allocate(*shuffled) == allocate(offers, seats)

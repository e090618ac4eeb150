from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from clients.targeting import Operator, Rule
from pipeline import allocator
from pipeline.allocator import Allocation
from pipeline.demand import refusals
from pipeline.seats import CLOSENESS, Seat, closeness, why_not
from tests.stocks import Item, stock_of

ONLY_US = (Rule(field="country", operator=Operator.IN, values=("US",)),)


def place(offers, seats, drafted=()) -> Allocation:
    return allocator.place(stock_of(offers, drafted), seats)


def offer(lead_id, country="US", **facts):
    return Item(lead_id=lead_id, values={"country": country}, **facts)


def seat(client_id, left=None, **facts):
    return Seat(client_id=client_id, priority=facts.pop("priority", 2), left=left, **facts)


class TestPlace:
    def test_gives_the_oldest_leads_first(self):
        found = place([offer(2), offer(1), offer(3)], [seat(1, left=2)])

        assert found.pairs == [(1, 1), (2, 1)]

    def test_serves_the_higher_priority_first(self):
        found = place([offer(1)], [seat(1, priority=3), seat(2, priority=1)])

        assert found.pairs == [(1, 2)]

    def test_passes_a_lead_on_where_that_places_one_more(self):
        """The first client may have both leads, the second only one of them."""
        offers = [offer(1, country="US"), offer(2, country="DE")]
        seats = [seat(1, left=1), seat(2, left=1, rules=ONLY_US)]

        found = place(offers, seats)

        assert sorted(found.pairs) == [(1, 2), (2, 1)]

    def test_gives_the_next_lead_to_the_least_filled_of_a_priority(self):
        seats = [
            seat(1, left=4, quota=10, already=6),
            seat(2, left=8, quota=10, already=2),
            seat(3, left=3, quota=4, already=1),
        ]

        found = place([offer(number) for number in range(7)], seats)

        # filled to 0.6, 0.7 and 0.75: each next lead went to the least filled, then the lower id
        assert found.per_client == {2: 4, 1: 1, 3: 2}

    def test_gives_a_lead_to_whom_its_draft_was_written_where_others_lose_nothing(self):
        offers = [offer(number) for number in range(1, 5)]
        seats = [seat(1, left=2), seat(2, left=2)]

        found = place(offers, seats, {(1, 2), (2, 2), (3, 2)})

        assert sorted(found.pairs) == [(1, 2), (2, 2), (3, 1), (4, 1)]

    def test_lets_a_draft_go_that_would_cost_a_higher_priority_its_lead(self):
        seats = [seat(1, left=1, priority=1), seat(2, left=1, priority=2)]

        found = place([offer(1)], seats, [(1, 2)])

        assert found.pairs == [(1, 1)]

    def test_ignores_drafts_of_leads_and_clients_that_are_not_there(self):
        found = place([offer(1)], [seat(1)], [(1, 9), (9, 1), (9, 9)])

        assert found.pairs == [(1, 1)]

    def test_says_why_a_lead_is_left_over(self):
        offers = [offer(1), offer(2), offer(3, country="DE")]

        found = place(offers, [seat(1, left=1, rules=ONLY_US, tightest="month")])

        assert found.leftover == {2: "cap_month", 3: "filter"}

    def test_names_the_refusal_of_the_client_that_came_closest(self):
        seats = [seat(1, left=0, tightest="day"), seat(2, rules=ONLY_US)]

        found = place([offer(1, country="DE")], seats)

        assert found.leftover == {1: "cap_day"}

    def test_names_what_closes_the_client_that_wants_it(self):
        seats = [seat(1, left=0, full="paused"), seat(2, rules=ONLY_US)]

        assert place([offer(1, country="DE")], seats).leftover == {1: "paused"}

    def test_gives_nobody_a_lead_that_is_too_old_for_it(self):
        found = place([offer(1, came_in=9)], [seat(1, oldest=10), seat(2, oldest=9, rules=ONLY_US)])
        alone = place([offer(1, came_in=9)], [seat(1, oldest=10)])

        assert found.pairs == [(1, 2)]
        assert alone.leftover == {1: "too_old"}

    def test_without_a_client_every_lead_says_so(self):
        assert place([offer(1)], []).leftover == {1: "no_client"}

    def test_without_a_lead_there_is_nothing_to_place(self):
        found = place([], [seat(1)])

        assert (found.pairs, found.leftover, found.per_client) == ([], {}, {})

    def test_a_shared_lead_goes_once_to_each_of_as_many_as_it_may(self):
        seats = [seat(n, exclusive_only=False) for n in (1, 2, 3)]

        found = place([offer(1, max_clients=2)], seats)

        assert found.pairs == [(1, 1), (1, 2)]


class TestLimitByCompany:
    def test_gives_a_client_no_more_of_one_company_and_says_so(self):
        offers = [offer(number, company="acme.example") for number in (1, 2, 3)]

        found = place([*offers, offer(4)], [seat(1, max_per_domain=2)])

        assert found.per_client == {1: 3}
        assert list(found.leftover.values()) == ["cap_domain"]

    def test_exempts_leads_of_no_company(self):
        found = place([offer(number) for number in (1, 2, 3)], [seat(1, max_per_domain=1)])

        assert found.leftover == {}


class TestWhyNot:
    def test_never_twice_to_the_same_client(self):
        assert why_not(offer(1, had=frozenset({7})), seat(7)) == "dup_client"

    def test_not_where_the_client_suppressed_the_person(self):
        assert why_not(offer(1, barred=frozenset({7})), seat(7)) == "suppressed_client"

    def test_not_a_shared_lead_to_a_client_of_exclusive_ones(self):
        assert why_not(offer(1, max_clients=2), seat(7)) == "not_exclusive"


offers = st.lists(
    st.builds(
        Item,
        lead_id=st.integers(1, 40),
        values=st.fixed_dictionaries({"country": st.sampled_from(["US", "DE", ""])}),
        max_clients=st.integers(1, 3),
        came_in=st.integers(0, 3),
        had=st.frozensets(st.integers(1, 6), max_size=2),
        barred=st.frozensets(st.integers(1, 6), max_size=2),
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
        quota=st.none() | st.integers(0, 8),
        already=st.integers(0, 3),
        oldest=st.none() | st.integers(0, 3),
        full=st.sampled_from(["", "paused"]),
    ),
    unique_by=lambda seat: seat.client_id,
)
drafts = st.frozensets(st.tuples(st.integers(1, 40), st.integers(1, 7)), max_size=30)


class TestPromises:
    @given(offers, seats, drafts)
    def test_no_cap_is_passed_and_no_lead_is_given_too_often_or_against_a_rule(
        self, offers, seats, drafted
    ):
        found = place(offers, seats, drafted)

        by_lead = {offer.lead_id: offer for offer in offers}
        by_client = {seat.client_id: seat for seat in seats}
        assert len(set(found.pairs)) == len(found.pairs)
        for client_id, placed in found.per_client.items():
            left = by_client[client_id].left
            assert left is None or placed <= left
        for lead_id, client_id in found.pairs:
            assert not why_not(by_lead[lead_id], by_client[client_id])
            takers = sum(lead == lead_id for lead, _ in found.pairs)
            assert takers <= by_lead[lead_id].max_clients

    @given(offers, seats, drafts)
    def test_every_lead_is_placed_or_says_why(self, offers, seats, drafted):
        found = place(offers, seats, drafted)

        placed = {lead_id for lead_id, _ in found.pairs}
        assert placed | set(found.leftover) == {offer.lead_id for offer in offers}
        assert not placed & set(found.leftover)
        assert all(found.leftover.values())

    @given(offers, seats)
    def test_a_lead_is_left_over_only_where_all_that_want_it_are_full(self, offers, seats):
        found = place(offers, seats)

        given = found.per_client
        for offer in offers:
            wanting = [seat for seat in seats if not why_not(offer, seat)]
            full = [s.left is not None and given.get(s.client_id, 0) == s.left for s in wanting]
            assert offer.lead_id not in found.leftover or all(full)

    @given(offers, seats)
    def test_one_seats_refusals_count_each_lead_under_its_first_rule(self, offers, seats):
        for each in seats:
            found = refusals(stock_of(offers), each)

            full = each.when_full if each.left == 0 else ""
            assert found == Counter(why_not(offer, each) or full for offer in offers)

    @given(offers, seats, drafts, st.randoms(use_true_random=False))
    def test_order_of_input_changes_nothing(self, offers, seats, drafted, shuffler: random.Random):
        shuffled = shuffler.sample(offers, len(offers)), shuffler.sample(seats, len(seats))

        found, again = place(offers, seats, drafted), place(*shuffled, drafted)

        assert again.pairs == found.pairs
        assert again.leftover == found.leftover

    @given(offers, seats)
    def test_a_lead_left_over_has_the_answer_of_the_client_that_came_closest(self, offers, seats):
        """Lead by lead and seat by seat, as a person would ask."""
        found = place(offers, seats)

        for offer in offers:
            if offer.lead_id in found.leftover:
                answers = [why_not(offer, seat) or seat.when_full for seat in seats]
                closest = max(map(closeness, [CLOSENESS[0], *answers]))
                assert closeness(found.leftover[offer.lead_id]) == closest

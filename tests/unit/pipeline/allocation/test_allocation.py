"""The solver on classes of leads: its corners, and what must hold of any answer."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from pipeline.allocation.leads import Leads, allocate
from pipeline.allocation.problem import Drafted, Problem, Seat
from pipeline.allocation.solve import solve


def problem(seats, groups, *, group_of=None, each=1):
    """Each group is one class, unless told otherwise."""
    group_of = np.arange(len(groups)) if group_of is None else np.array(group_of, np.int64)
    return Problem(
        seats=seats, groups=groups, group_of=group_of, max_clients=np.full(len(group_of), each)
    )


def sizes(*numbers):
    return np.array(numbers, np.int64)


class TestSolve:
    def test_fills_alike_by_quota(self):
        seats = [Seat(client_id=1, left=10, quota=10), Seat(client_id=2, left=30, quota=30)]

        assert solve(problem(seats, [[1, 2]]), sizes(20)).per_client() == {1: 5, 2: 15}

    def test_counts_what_a_client_had_before(self):
        seats = [
            Seat(client_id=1, left=4, quota=10, already=6),
            Seat(client_id=2, left=10, quota=10),
        ]

        assert solve(problem(seats, [[1, 2]]), sizes(6)).per_client() == {1: 0, 2: 6}

    @pytest.mark.parametrize(
        ("leads", "expected"), [(1, [0, 0, 1, 0]), (2, [0, 1, 1, 0]), (6, [1, 2, 2, 1])]
    )
    def test_goes_on_with_whoever_waits_longest_where_all_are_filled_alike(self, leads, expected):
        seats = [
            Seat(client_id=number, left=9, quota=9, last_given=at)
            for number, at in enumerate((200, 100, 0, 200))
        ]

        given = solve(problem(seats, [[0, 1, 2, 3]]), sizes(leads)).per_client()

        assert [given[number] for number in range(4)] == expected

    def test_fills_by_weight_where_one_is_set(self):
        seats = [Seat(client_id=1, quota=10, weight=3), Seat(client_id=2, quota=99, weight=1)]

        assert solve(problem(seats, [[1, 2]]), sizes(40)).per_client() == {1: 30, 2: 10}

    def test_measures_a_client_without_quota_by_the_usual_one_of_its_priority(self):
        seats = [
            Seat(client_id=1, left=None),
            Seat(client_id=2, left=10, quota=10),
            Seat(client_id=3, left=20, quota=20),
            Seat(client_id=4, left=20, quota=20),
        ]

        found = solve(problem(seats, [[1, 2, 3, 4]]), sizes(35)).per_client()

        assert found == {1: 10, 2: 5, 3: 10, 4: 10}

    def test_gives_a_client_without_quota_more_than_its_weight_where_leads_are_left(self):
        seats = [Seat(client_id=1), Seat(client_id=2, left=10, quota=10)]

        assert solve(problem(seats, [[1, 2]]), sizes(50)).per_client() == {1: 40, 2: 10}

    def test_shares_alike_among_clients_none_of_whom_has_a_quota(self):
        seats = [Seat(client_id=1), Seat(client_id=2)]

        assert solve(problem(seats, [[1, 2]]), sizes(7)).per_client() == {1: 4, 2: 3}

    @pytest.mark.parametrize(
        ("seats", "groups", "many"),
        [
            pytest.param([], [[]], [3], id="no client"),
            pytest.param([Seat(client_id=1)], [], [], id="no class"),
            pytest.param([Seat(client_id=1)], [[1]], [0], id="no lead"),
            pytest.param([Seat(client_id=1)], [[]], [3], id="rules that nothing meets"),
            pytest.param([Seat(client_id=1, left=0, quota=0)], [[1]], [3], id="quota 0"),
            pytest.param([Seat(client_id=1)], [[2]], [3], id="a client without a seat"),
        ],
    )
    def test_places_nothing_where_nothing_can_be(self, seats, groups, many):
        found = solve(problem(seats, groups), sizes(*many))

        assert not found.given.any()
        assert not len(found.deal(np.repeat(np.arange(len(many)), many))[0])

    def test_passes_a_higher_tier_its_leads_along_a_chain(self):
        """Tier 1 has but the first class; the second client must leave it and take the second."""
        seats = [
            Seat(client_id=1, priority=1, left=4),
            Seat(client_id=2, priority=2, left=4),
            Seat(client_id=3, priority=3, left=4),
        ]

        found = solve(problem(seats, [[1, 2], [2, 3]]), sizes(4, 4))

        assert found.per_client() == {1: 4, 2: 4, 3: 0}

    def test_gives_shared_leads_to_none_who_buys_exclusive_ones_only(self):
        seats = [Seat(client_id=1), Seat(client_id=2, exclusive_only=False)]

        assert solve(problem(seats, [[1, 2]], each=3), sizes(5)).per_client() == {1: 0, 2: 5}

    def test_sells_a_shared_lead_to_as_many_as_it_may_have(self):
        seats = [Seat(client_id=number, exclusive_only=False) for number in range(1, 6)]

        found = solve(problem(seats, [range(1, 6)], each=3), sizes(10))

        assert found.per_client() == dict.fromkeys(range(1, 6), 6)

    def test_keeps_the_drafts_of_a_class(self):
        seats = [Seat(client_id=1, left=3), Seat(client_id=2, left=3)]
        drafted = Drafted(class_of=sizes(1), client_id=sizes(2))

        found = solve(problem(seats, [[1, 2]], group_of=[0, 0]), sizes(3, 3), drafted=drafted).deal(
            np.array([0, 1, 0, 1, 0, 1])
        )

        assert sorted(zip(*map(np.ndarray.tolist, found), strict=True)) == [
            (0, 0), (1, 1), (2, 0), (3, 1), (4, 0), (5, 1),
        ]  # fmt: skip

    def test_does_not_load_the_solver_before_it_is_asked(self):
        code = "import pipeline.allocator, sys; print([m for m in sys.modules if 'ortools' in m])"

        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

        assert done.stdout.decode().strip() == "[]"


class TestProblem:
    @pytest.mark.parametrize(
        ("facts", "complaint"),
        [
            ({"left": -1}, "client 7: a number of leads is 0 or more"),
            ({"priority": 4}, "client 7: a priority is 1, 2 or 3"),
        ],
    )
    def test_refuses_a_seat_that_makes_no_sense(self, facts, complaint):
        with pytest.raises(ValueError, match=complaint):
            problem([Seat(client_id=7, **facts)], [[7]])

    def test_refuses_two_seats_of_one_client(self):
        with pytest.raises(ValueError, match="two seats have the same client"):
            problem([Seat(client_id=7), Seat(client_id=7)], [[7]])

    def test_refuses_leads_for_nobody(self):
        with pytest.raises(ValueError, match="a lead is for one client or more"):
            problem([Seat(client_id=7)], [[7]], each=0)

    def test_takes_a_quota_beyond_all_leads_as_one_that_never_binds(self):
        seats = [Seat(client_id=1, left=2**40, quota=2**40), Seat(client_id=2, left=1)]

        assert solve(problem(seats, [[1], [1, 2]]), sizes(2, 2)).given.sum() == 4


def dealt(found):
    return list(zip(found.lead_id.tolist(), found.client_id.tolist(), strict=True))


class TestDeal:
    SEATS = (Seat(client_id=1, left=2, quota=2), Seat(client_id=2, left=1, quota=1))

    def test_takes_the_first_leads_which_are_the_oldest(self):
        leads = Leads(lead_id=sizes(30, 10, 40, 20), class_of=sizes(0, 0, 0, 0))

        found = allocate(problem(self.SEATS, [[1, 2]]), leads)

        assert dealt(found) == [(30, 1), (10, 1), (40, 2)]

    def test_gives_leads_to_whom_their_drafts_were_written(self):
        leads = Leads(
            lead_id=sizes(1, 2, 3, 4),
            class_of=sizes(0, 0, 0, 0),
            drafted_lead=sizes(4, 4, 3, 1),
            drafted_client=sizes(2, 1, 1, 2),
        )

        found = allocate(problem(self.SEATS, [[1, 2]]), leads)

        assert dealt(found) == [(3, 1), (4, 1), (1, 2)]
        assert found.kept == 3

    def test_goes_round_until_a_shared_lead_has_all_its_clients(self):
        seats = [
            Seat(client_id=number, left=left, quota=left, exclusive_only=False)
            for number, left in ((1, 2), (2, 3), (3, 1))
        ]

        found = allocate(
            problem(seats, [[1, 2, 3]], each=2),
            Leads(lead_id=sizes(1, 2, 3), class_of=sizes(0, 0, 0)),
        )

        assert dealt(found) == [(1, 1), (2, 1), (1, 2), (2, 2), (3, 2), (3, 3)]

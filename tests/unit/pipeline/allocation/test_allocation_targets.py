from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.allocation.portions import sets_of
from pipeline.allocation.targets import Takers, targets


def sizes(*numbers):
    return np.array(numbers, np.int64)


class TestTargets:
    takers = st.lists(
        st.tuples(st.integers(1, 3), st.integers(0, 9), st.integers(0, 12), st.integers(1, 12)),
        min_size=1,
        max_size=8,
    )

    @given(st.lists(takers, min_size=1, max_size=3), st.data())
    def test_are_those_of_giving_lead_after_lead_to_the_least_filled(self, blocks, data):
        amounts = [data.draw(st.integers(0, sum(t[2] for t in block))) for block in blocks]
        rows = [(at, *taker) for at, block in enumerate(blocks) for taker in block]
        block, tier, start, room, weight = np.array(rows).T

        turns = data.draw(st.permutations(range(len(rows))))

        found = targets(
            Takers(
                block=block,
                tier=tier,
                start=start,
                room=room,
                weight=weight,
                turn=np.array(turns),
            ),
            np.array(amounts),
        )

        turn = iter(turns)
        assert found.tolist() == [
            leads
            for some, amount in zip(blocks, amounts, strict=True)
            for leads in _one_by_one([(*taker, next(turn)) for taker in some], amount)
        ]

    def test_count_leads_below_a_level_exactly_where_floats_would_round_past_it(self):
        weights = np.arange(1, 200)
        zeros = np.zeros(199, np.int64)
        takers = Takers(
            block=np.arange(199),
            tier=zeros,
            start=zeros,
            room=zeros + 999,
            weight=weights,
            turn=zeros,
        )

        for leads in range(200):
            assert (takers.below(leads / weights) == leads).all()

    def test_tell_fractions_apart_that_differ_by_next_to_nothing(self):
        """(w - 1) / w is larger for the larger w, here by one part in 2**50."""
        takers = Takers(
            block=sizes(0, 0),
            tier=sizes(1, 1),
            start=sizes(2**25 - 2, 2**25 - 3),
            room=sizes(2, 2),
            weight=sizes(2**25 - 1, 2**25 - 2),
            turn=sizes(0, 1),
        )

        assert targets(takers, sizes(1)).tolist() == [0, 1]


def _one_by_one(takers, amount):
    given = [0] * len(takers)
    for _ in range(amount):
        *_, at = min(
            (tier, (start + given[at]) / weight, turn, at)
            for at, (tier, start, room, weight, turn) in enumerate(takers)
            if given[at] < room
        )
        given[at] += 1
    return given


class TestSetsOf:
    def test_gives_equal_sets_one_number_and_others_another(self):
        owner = sizes(0, 0, 1, 2, 2, 4)
        member = sizes(1, 2, 1, 1, 2, 2)

        none = sets_of(owner, member, 5)[3]
        found = sets_of(owner, member, 5)

        assert none == 0
        assert found[0] == found[2]
        assert len({0, *found.tolist()}) == 4

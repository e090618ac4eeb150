from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.counts import Counts, total

codes = st.dictionaries(st.sampled_from(["filter", "cap_day", "dup_db"]), st.integers(0, 9))
counts = st.builds(Counts, kept=st.integers(0, 99), dropped=codes)


class TestCounts:
    def test_seen_is_kept_and_every_drop(self):
        found = Counts(kept=3, dropped={"filter": 2, "cap_day": 1})

        assert found.seen == 6

    def test_parts_add_up_code_by_code(self):
        found = total([Counts(kept=1, dropped={"a": 1}), Counts(kept=2, dropped={"a": 2, "b": 1})])

        assert found == Counts(kept=3, dropped={"a": 3, "b": 1})

    def test_nothing_is_nothing(self):
        assert total([]) == Counts()

    @given(counts)
    def test_survives_its_journey_through_json(self, found):
        assert Counts.from_json(found.as_json()) == found

    @given(st.lists(counts))
    def test_no_part_is_lost_in_a_total(self, parts):
        assert total(parts).seen == sum(part.seen for part in parts)

"""What Arrow lacks, against what it would say by a pattern."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.arrow import TEXT, pa, pc, strange

SIGNS = st.text(st.sampled_from("ab ~\x1f\x7f\tßé€\U0001f600"), max_size=4)


class TestStrange:
    @given(st.lists(SIGNS, max_size=8))
    @example(["é", "", "a"])
    @example(["", "", "a\x7f", ""])
    def test_finds_the_rows_with_anything_but_printable_ascii(self, cells):
        column = pa.array(cells, TEXT)

        assert strange(column).equals(pc.match_substring_regex(column, "[^ -~]"))

    @pytest.mark.parametrize(("offset", "length"), [(0, 2), (1, 2), (2, 2), (3, 0), (4, 0)])
    def test_looks_at_no_row_beside_a_part_of_a_column(self, offset, length):
        part = pa.array(["é", "a", "bé", "é"], TEXT).slice(offset, length)

        assert strange(part).equals(pc.match_substring_regex(part, "[^ -~]"))

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.arrow import TEXT, pa
from pipeline.fields.cleaning import blanked
from pipeline.fields.nothing import says_nothing


class TestSaysNothing:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("n/a", True), ("#REF!", True), ("NULL", True), ("[NULL]", True), (r"\N", True), ("nan", True),
            ("NaN", True), ("<NA>", True), ("#NV", True), ("#BEZUG!", True), ("[]", True), ("N.N.", True),
            ("Null", False), ("Nan", False), ("NAN", False), ("NA", False), ("NV", False), ("0", False),
        ],
    )  # fmt: skip
    def test_tells_words_of_programs_from_names(self, text, expected):
        assert says_nothing(text) is expected

    @given(
        st.lists(
            st.sampled_from(
                ["", "N/A", "n/a", "None", "Null", "nan", "Nan", "Ann", "-", r"\N", "é"]
            )
        )
    )
    def test_blanks_a_column_where_it_says_so_of_each(self, texts):
        found = blanked(pa.array(texts, TEXT)).to_pylist()

        assert found == ["" if says_nothing(text) else text for text in texts]

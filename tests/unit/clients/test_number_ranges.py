from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.number_ranges import Range, read_range


class TestReadRange:
    @pytest.mark.parametrize(
        ("text", "low", "high"),
        [
            pytest.param("50", 50, 50, id="a number"),
            pytest.param("11-50", 11, 50, id="hyphen"),
            pytest.param("11 \u2013 50 employees", 11, 50, id="dash and unit"),
            pytest.param("201 to 500", 201, 500, id="to"),
            pytest.param("between 5 and 9", 5, 9, id="between"),
            pytest.param("1,001-5,000", 1_001, 5_000, id="thousands with a comma"),
            pytest.param("1.001-5.000", 1_001, 5_000, id="thousands with a point"),
            pytest.param("1 000 000", 1_000_000, 1_000_000, id="thousands with blanks"),
            pytest.param("1.5k", 1_500, 1_500, id="a decimal point before a scale"),
            pytest.param("5-10k", 5_000, 10_000, id="one scale for both"),
            pytest.param("500-1k", 500, 1_000, id="a scale for the second only"),
            pytest.param("$1M - $10M", 1e6, 1e7, id="money"),
            pytest.param("10k+", 10_000, math.inf, id="plus"),
            pytest.param("10,000 or more", 10_000, math.inf, id="or more"),
            pytest.param("at least 5", 5, math.inf, id="at least"),
            pytest.param("> 10", 11, math.inf, id="above"),
            pytest.param("up to 50", 0, 50, id="up to"),
            pytest.param("<50", 0, 49, id="below"),
            pytest.param("11 bis 50 Mitarbeiter", 11, 50, id="German"),
            pytest.param("de 11 à 50 salariés", 11, 50, id="French"),
            pytest.param("entre 11 y 50 empleados", 11, 50, id="Spanish"),
            pytest.param("da 11 a 50 addetti", 11, 50, id="Italian"),
            pytest.param("de 11 até 50", 11, 50, id="Portuguese"),
            pytest.param("11 tot 50 medewerkers", 11, 50, id="Dutch"),
            pytest.param("ab 500", 500, math.inf, id="at least, in German"),
            pytest.param("über 1.000", 1_001, math.inf, id="above, in German"),
            pytest.param("10 oder mehr", 10, math.inf, id="or more, in German"),
            pytest.param("plus de 250", 251, math.inf, id="above, in French"),
            pytest.param("bis zu 10", 0, 10, id="up to, in German"),
            pytest.param("menos de 10", 0, 9, id="below, in Spanish"),
            pytest.param("1\u2019000-5\u2019000", 1_000, 5_000, id="thousands as the Swiss write"),
            pytest.param("5 Mio. EUR", 5e6, 5e6, id="a scale with a point"),
            pytest.param("ca. 200", 200, 200, id="about"),
            pytest.param("~200", 200, 200, id="a tilde"),
            pytest.param("Nov-50", 11, 50, id="11-50 that a spreadsheet took for a month"),
            pytest.param("10-Feb", 2, 10, id="2-10 that a spreadsheet took for a day"),
            pytest.param("02-Oct", 2, 10, id="2-10 that a British spreadsheet took for a day"),
            pytest.param("Self-employed", 1, 1, id="LinkedIn's smallest"),
            pytest.param("50-10", 50, 10, id="the wrong way round is empty, not turned"),
        ],
    )
    def test_understands(self, text, low, high):
        assert read_range(text) == Range(low, high)

    @pytest.mark.parametrize(
        "text", ["", "many", "11-", "-5", "1-2-3", "10 apples", "1,2,3", "k", "Nov-5", "40-Foo"]
    )
    def test_is_none_for_what_is_no_range(self, text):
        assert read_range(text) is None

    @given(st.text(alphabet="0123456789.,-+kmb <>to$", max_size=12))
    def test_never_raises(self, text):
        read_range(text)

    @given(st.integers(0, 10**7), st.integers(0, 10**7))
    def test_reads_what_it_is_written_as(self, low, high):
        assert read_range(f"{low:,}-{high:,}") == Range(low, high)


class TestRange:
    @pytest.mark.parametrize(
        ("other", "meets"),
        [
            pytest.param(Range(51, 200), True, id="overlap"),
            pytest.param(Range(100, 100), True, id="the last number"),
            pytest.param(Range(101, 200), False, id="just behind"),
            pytest.param(Range(0, math.inf), True, id="around"),
        ],
    )
    def test_meets_where_a_number_lies_in_both(self, other, meets):
        assert Range(11, 100).meets(other) is meets
        assert other.meets(Range(11, 100)) is meets

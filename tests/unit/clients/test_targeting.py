from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.targeting import BadRule, Operator, Rule, contradictions, first_refusal


def rule(operator=Operator.IN, *values, field="country", accept_missing=False):
    return Rule(field=field, operator=operator, values=values, accept_missing=accept_missing)


class TestRule:
    @pytest.mark.parametrize(
        ("operator", "values", "value", "accepted"),
        [
            pytest.param(Operator.IN, ["Germany"], " germany ", True, id="case and blanks"),
            pytest.param(Operator.IN, ["Germany"], "German", False, id="in is the whole value"),
            pytest.param(Operator.NOT_IN, ["Germany"], "France", True, id="another"),
            pytest.param(Operator.NOT_IN, ["Germany"], "GERMANY", False, id="the excluded one"),
            pytest.param(Operator.CONTAINS, ["cfo", "finance"], "Head of Finance", True, id="part"),
            pytest.param(Operator.CONTAINS, ["cfo"], "CEO", False, id="no part"),
        ],
    )
    def test_accepts(self, operator, values, value, accepted):
        assert rule(operator, *values).accepts(value) is accepted

    @pytest.mark.parametrize(
        ("field", "wanted", "value", "accepted"),
        [
            pytest.param("country", "USA", "United States", True, id="a country's short form"),
            pytest.param("country", "DE", "Germany", True, id="ISO code of two letters"),
            pytest.param("country", "Germany", "DEU", True, id="ISO code of three letters"),
            pytest.param("country", "UK", "England", True, id="a part of the United Kingdom"),
            pytest.param("company_country", "Austria", "Österreich", True, id="its own language"),
            pytest.param("country", "Vietnam", "Viet Nam", True, id="as ISO writes it"),
            pytest.param("country", "Ivory Coast", "Cote d'Ivoire", True, id="without accents"),
            pytest.param("country", "EMEA", "emea", True, id="no country's name stands for itself"),
            pytest.param("country", "EMEA", "DACH", False, id="two that are no country's name"),
            pytest.param("country", "Niger", "Nigeria", False, id="no part of another's name"),
            pytest.param("city", "DE", "Germany", False, id="only where the field is a country"),
            pytest.param(
                "industry", "IT", "Information Technology & Services", True, id="industry"
            ),
            pytest.param("industry", "Software", "computer software", True, id="of one kind"),
            pytest.param("industry", "IT", "Hospitality", False, id="whole words only"),
            pytest.param("seniority", "C-Level", "C suite", True, id="seniority"),
            pytest.param("seniority", "VP", "Vice President", True, id="long and short"),
            pytest.param("seniority", "Manager", "Director", False, id="another seniority"),
        ],
    )
    def test_knows_one_thing_by_its_names(self, field, wanted, value, accepted):
        assert rule(Operator.IN, wanted, field=field).accepts(value) is accepted
        assert rule(Operator.NOT_IN, wanted, field=field).accepts(value) is not accepted

    @pytest.mark.parametrize(
        ("wanted", "value", "found"),
        [
            pytest.param("CTO", "Director", False, id="no part of a word"),
            pytest.param("CTO", "CEO/CTO", True, id="between signs"),
            pytest.param("market", "Head of Marketing", False, id="a beginning is no word"),
            pytest.param("market*", "Head of Marketing", True, id="unless any ending will do"),
            pytest.param("market*", "Supermarket", False, id="an asterisk is for the ending"),
            pytest.param("vice  president", "Vice President, Sales", True, id="two words"),
            pytest.param("C++", "Senior C++ engineer", True, id="signs"),
            pytest.param("a.b", "axb", False, id="a point is a point"),
        ],
    )
    def test_contains_whole_words(self, wanted, value, found):
        assert rule(Operator.CONTAINS, wanted, field="title").accepts(value) is found
        assert rule(Operator.NOT_CONTAINS, wanted, field="title").accepts(value) is not found

    @pytest.mark.parametrize(
        ("values", "value", "accepted"),
        [
            pytest.param(["11-200"], "50", True, id="a number within"),
            pytest.param(["11-200"], "10", False, id="a number below"),
            pytest.param(["11", "200"], "200", True, id="two numbers: from, to"),
            pytest.param(["11-200"], "201 to 500", False, id="a range beside"),
            pytest.param(["11-100"], "51-200", True, id="a range that reaches in"),
            pytest.param(["1,001-5,000"], "10k+", False, id="an open range above"),
            pytest.param(["11-50", "10k+"], "12,000", True, id="one of two ranges"),
            pytest.param(["11-200"], "unknown", False, id="no number is as good as missing"),
        ],
    )
    def test_between_means_that_some_number_lies_in_both(self, values, value, accepted):
        assert rule(Operator.BETWEEN, *values, field="employees").accepts(value) is accepted

    def test_between_accepts_what_is_no_number_where_missing_is_accepted(self):
        wide = rule(Operator.BETWEEN, "11-200", field="employees", accept_missing=True)

        assert wide.accepts("unknown")
        assert not wide.accepts("10")

    @pytest.mark.parametrize("operator", Operator)
    def test_a_missing_value_fails_unless_accepted(self, operator):
        assert not rule(operator, "5").accepts("  ")
        assert rule(operator, "5", accept_missing=True).accepts("")

    @given(
        st.lists(st.sampled_from(["", "DE", "Germany", "11-50", "50", "CTO", "Director of IT"])),
        st.sampled_from(Operator),
    )
    def test_accepts_many_says_of_each_what_accepts_says(self, values, operator):
        asked = rule(operator, "11-50", "Germany", "CTO")

        assert asked.accepts_many(values) == [asked.accepts(value) for value in values]

    def test_reads_as_a_sentence(self):
        assert str(rule(Operator.IN, "US", "CA")) == "country is one of US, CA"


class TestCheck:
    @pytest.mark.parametrize(
        ("operator", "values", "says"),
        [
            pytest.param(Operator.IN, [" "], "needs at least one value", id="nothing"),
            pytest.param(Operator.CONTAINS, ["*"], "needs at least one value", id="any ending"),
            pytest.param(Operator.BETWEEN, ["many"], "many is no range", id="no number"),
            pytest.param(Operator.BETWEEN, ["10"], "10 is one number", id="one number"),
            pytest.param(Operator.BETWEEN, ["200", "11"], "Nothing lies between", id="empty"),
            pytest.param(Operator.BETWEEN, ["200-11"], "Nothing lies between", id="turned round"),
        ],
    )
    def test_refuses_with_a_sentence(self, operator, values, says):
        with pytest.raises(BadRule, match=says):
            rule(operator, *values).check()

    @pytest.mark.parametrize("values", [["11-200"], ["11", "200"], ["1-10", "10k+"]])
    def test_lets_ranges_pass(self, values):
        rule(Operator.BETWEEN, *values).check()


class TestContradictions:
    def test_names_a_value_that_is_wanted_and_refused(self):
        rules = [rule(Operator.IN, "Germany", "France"), rule(Operator.NOT_IN, "DE")]

        assert contradictions(rules) == [
            "country: Germany is wanted by one rule and refused by another (country is none of DE)."
        ]

    def test_names_a_word_that_is_wanted_and_refused(self):
        rules = [rule(Operator.CONTAINS, "CFO"), rule(Operator.NOT_CONTAINS, "cfo")]

        assert len(contradictions(rules)) == 1

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param(rule(Operator.NOT_IN, "France"), id="another value"),
            pytest.param(rule(Operator.NOT_IN, "Germany", field="city"), id="another field"),
        ],
    )
    def test_is_quiet_where_both_can_hold(self, other):
        assert contradictions([rule(Operator.IN, "Germany"), other]) == []

    def test_a_part_of_a_text_may_stand_beside_what_the_whole_must_not_be(self):
        rules = [rule(Operator.CONTAINS, "Sales"), rule(Operator.IN, "VP Sales")]

        assert contradictions(rules) == []


class TestFirstRefusal:
    def test_is_none_where_all_accept(self):
        rules = [rule(Operator.IN, "US"), rule(Operator.CONTAINS, "CEO", field="title")]

        assert first_refusal(rules, {"country": "US", "title": "CEO"}) is None

    def test_is_the_first_rule_that_refuses(self):
        rules = [rule(Operator.IN, "US"), rule(Operator.CONTAINS, "CEO", field="title")]

        assert first_refusal(rules, {"country": "US"}) is rules[1]

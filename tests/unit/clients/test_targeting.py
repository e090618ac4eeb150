from __future__ import annotations

import pytest

from clients.targeting import Operator, Rule, first_refusal


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

    @pytest.mark.parametrize("operator", Operator)
    def test_a_missing_value_fails_unless_accepted(self, operator):
        assert not rule(operator, "x").accepts("  ")
        assert rule(operator, "x", accept_missing=True).accepts("")

    def test_reads_as_a_sentence(self):
        assert str(rule(Operator.IN, "US", "CA")) == "country is one of US, CA"


class TestFirstRefusal:
    def test_is_none_where_all_accept(self):
        rules = [rule(Operator.IN, "US"), rule(Operator.CONTAINS, "CEO", field="title")]

        assert first_refusal(rules, {"country": "US", "title": "CEO"}) is None

    def test_is_the_first_rule_that_refuses(self):
        rules = [rule(Operator.IN, "US"), rule(Operator.CONTAINS, "CEO", field="title")]

        assert first_refusal(rules, {"country": "US"}) is rules[1]

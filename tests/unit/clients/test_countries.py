from __future__ import annotations

import pytest

from clients.countries import country_code

STATES = (
    "Alabama,Alaska,Arizona,Arkansas,California,Colorado,Connecticut,Delaware,Florida,Hawaii,Idaho"
    ",Illinois,Indiana,Iowa,Kansas,Kentucky,Louisiana,Maine,Maryland,Massachusetts,Michigan"
    ",Minnesota,Mississippi,Missouri,Montana,Nebraska,Nevada,New Hampshire,New Jersey,New Mexico"
    ",New York,North Carolina,North Dakota,Ohio,Oklahoma,Oregon,Pennsylvania,Rhode Island"
    ",South Carolina,South Dakota,Tennessee,Texas,Utah,Vermont,Virginia,Washington,West Virginia"
    ",Wisconsin,Wyoming"
)


class TestCountryCode:
    @pytest.mark.parametrize(
        ("code", "names"),
        [
            ("US", "United States|USA|U.S.A.|US|u.s.|United States of America|The United States"),
            ("GB", "United Kingdom|UK|England|Scotland|Wales|Northern Ireland|Great Britain|GBR"),
            ("AE", "UAE|U.A.E.|United Arab Emirates|Dubai"),
            ("NL", "Holland|Nederland|The Netherlands|NL"),
            ("DE", "Deutschland|Germany| germany |DEU|Berlin, Deutschland"),
            ("CH", "Schweiz|Suisse|Switzerland"),
            ("AT", "Österreich|Austria|O\u0308sterreich"),
            ("ES", "España|Spain"),
            ("BR", "Brasil|Brazil"),
            ("IT", "Italia|Italy"),
            ("CZ", "Česko|Czechia|Czech Republic"),
            ("KR", "South Korea|Korea, Republic of"),
            ("CI", "Côte d'Ivoire|Ivory Coast"),
            ("GE", "Georgia"),
            ("NA", "Namibia|NA"),
            ("NE", "Niger"),
            ("US", "Austin, TX, United States"),
        ],
    )
    def test_of_the_names_that_people_type(self, code, names):
        assert {country_code(name) for name in names.split("|")} == {code}

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "n/a",
            "Remote",
            "Europe",
            "Latin America",
            "Lebanon, PA",
            "Athens, Georgia",
            "840",
            "Germany and France",
            "Germany " * 20,
            *STATES.split(","),
        ],
    )
    def test_is_empty_for_what_is_no_country(self, text):
        assert country_code(text) == ""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.arrow import TEXT, pa
from pipeline.fields.places import company_domain, company_domains, country_code, country_codes

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

    def test_says_the_same_of_a_column_as_of_each(self):
        names = ["USA", "", "Deutschland", "USA", "nowhere"]

        assert country_codes(pa.array(names, TEXT)).to_pylist() == ["US", "", "DE", "US", ""]


class TestCompanyDomain:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("http://www.Acme.com/", "acme.com"),
            ("https://shop.acme.co.uk/x?y#z", "acme.co.uk"),
            ("acme.com:8080", "acme.com"),
            ("ann@acme.com", "acme.com"),
            ("www.müller.de", "xn--mller-kva.de"),
            ("xn--mller-kva.de", "xn--mller-kva.de"),
            ("acme.com.", "acme.com"),
            ("acme.com|beta.com", "acme.com"),
            ("acme.com, beta.com", "acme.com"),
            ("acme.com;beta.com", "acme.com"),
            ("https%3A%2F%2Facme.com", ""),
            ("acme,inc.com", ""),
            ("(acme.com", ""),
            ("https://www.linkedin.com/company/acme", ""),
            ("facebook.com/acme", ""),
            ("gmail.com", ""),
            ("co.uk", ""),
            ("1.2.3.4", ""),
            ("localhost", ""),
            ("Acme Inc.", ""),
            ("n/a", ""),
            ("", ""),
        ],
    )
    def test_is_the_name_that_was_registered(self, text, expected):
        assert company_domain(text) == expected

    @given(
        st.lists(
            st.lists(
                st.sampled_from(
                    [
                        "http://",
                        "HTTPS://",
                        "www.",
                        "acme",
                        "Bolt",
                        ".",
                        ".co.uk",
                        ".com",
                        ".de",
                        ".ck",
                        ".kawasaki.jp",
                        ".sch.uk",
                        "/",
                        "?",
                        ":",
                        "@",
                        " ",
                        "-",
                        "ü",
                        "_",
                        "linkedin.com",
                        "gmail.com",
                        ".test",
                        "1",
                        "%",
                        "[",
                        "]",
                    ]
                ),
                max_size=6,
            ).map("".join),
            min_size=1,
        )
    )
    def test_says_the_same_of_a_column_as_of_each(self, texts):
        found = company_domains(pa.array(texts, TEXT)).to_pylist()

        assert found == [company_domain(text) for text in texts]

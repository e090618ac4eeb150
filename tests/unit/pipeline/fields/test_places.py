from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.arrow import TEXT, pa
from pipeline.fields.places import company_domain, company_domains, country_codes


class TestCountryCodes:
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

from __future__ import annotations

import pytest

from pipeline.arrow import TEXT, pa
from pipeline.fields.mail_providers import (
    are_disposable,
    are_free_mail,
    is_disposable,
    is_free_mail,
)

DOMAINS = [
    "mailinator.com",
    "x.y.mailinator.com",
    "gmail.com",
    "acme.co.uk",
    "",
    "my-mailinator.com",
]


class TestDisposable:
    @pytest.mark.parametrize(
        ("domain", "expected"),
        list(zip(DOMAINS, [True, True, False, False, False, False], strict=True)),
    )
    def test_tells_throw_away_services(self, domain, expected):
        assert is_disposable(domain) is expected

    def test_says_the_same_of_a_column_as_of_each(self):
        found = are_disposable(pa.array(DOMAINS, TEXT)).to_pylist()

        assert found == [is_disposable(domain) for domain in DOMAINS]


class TestFreeMail:
    def test_tells_providers_from_companies(self):
        domains = ["gmail.com", "gmx.de", "acme.com", ""]

        assert [is_free_mail(domain) for domain in domains] == [True, True, False, False]
        assert are_free_mail(pa.array(domains, TEXT)).to_pylist() == [True, True, False, False]

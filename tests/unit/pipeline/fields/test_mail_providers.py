from __future__ import annotations

import pytest

from pipeline.arrow import TEXT, pa
from pipeline.fields.mail_providers import are_disposable, free_mail_domains

DOMAINS = [
    "mailinator.com",
    "x.y.mailinator.com",
    "gmail.com",
    "acme.co.uk",
    "",
    "my-mailinator.com",
]


class TestDisposable:
    def test_tells_throw_away_services(self):
        found = are_disposable(pa.array(DOMAINS, TEXT)).to_pylist()

        assert found == [True, True, False, False, False, False]

    @pytest.mark.parametrize("domain", DOMAINS)
    def test_says_the_same_of_one_as_of_it_among_others(self, domain):
        (alone,) = are_disposable(pa.array([domain], TEXT)).to_pylist()

        assert alone == are_disposable(pa.array(DOMAINS, TEXT)).to_pylist()[DOMAINS.index(domain)]


class TestFreeMail:
    def test_tells_providers_from_companies(self):
        known = set(free_mail_domains().to_pylist())

        assert {"gmail.com", "gmx.de"} <= known
        assert not known & {"acme.com", ""}

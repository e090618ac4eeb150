from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.drafts import LONGEST_SUBJECT, NO_ACCOUNT, Request, facts, from_template

OFFER = "We build robots that find cracks in pipes before they leak."


def request(offer=OFFER, **lead):
    return Request(
        lead_id=1,
        client_id=2,
        lead={"email": "ann@acme.com", **lead},
        offer=offer,
        sender_name="Dana Whitfield",
        footer="Dana Whitfield, Northwind. Answer stop to hear no more.",
    )


class TestFromTemplate:
    def test_names_the_lead_and_the_offer_and_is_labelled(self):
        found = from_template(
            request(first_name="Ann", company="Acme", title="CTO"), reason=NO_ACCOUNT
        )

        assert found.body.startswith("Hello Ann,")
        assert OFFER in found.body
        assert "Acme" in found.subject
        assert (found.source, found.reason) == ("TEMPLATE", "no_ai_account")

    def test_reads_well_with_only_an_address(self):
        found = from_template(request(), reason=NO_ACCOUNT)

        assert found.body.startswith("Hello,\n\nThis note goes to ann@acme.com,")
        assert found.subject == "A question for ann@acme.com"

    def test_ends_with_the_footer(self):
        found = from_template(request(), reason=NO_ACCOUNT)

        assert found.body.endswith("Answer stop to hear no more.")

    @given(
        st.dictionaries(st.sampled_from(["first_name", "company", "title"]), st.text(max_size=99))
    )
    def test_keeps_its_lengths_whatever_the_lead_is_called(self, lead):
        found = from_template(request(**lead), reason=NO_ACCOUNT)

        assert 0 < len(found.subject) <= LONGEST_SUBJECT
        assert found.icebreaker
        assert "None" not in found.body or "None" in str(lead)


class TestFacts:
    @pytest.mark.parametrize(
        ("name", "greeted"),
        [("ANN", "Ann"), ("ann", "Ann"), ("McKenna", "McKenna"), ("", "Bea")],
    )
    def test_mend_shouted_and_whispered_names_and_fill_missing_ones(self, name, greeted):
        lead = facts({"email": "a@acme.com", "first_name": name, "full_name": "Bea Cole"})

        found = from_template(request(**lead), reason=NO_ACCOUNT)

        assert found.body.startswith(f"Hello {greeted},")

    def test_call_the_company_as_people_do(self):
        found = facts({"company": "NORVAWICK FOODS GMBH", "title": "CTO"})

        assert found["company"] == "Norvawick Foods"
        assert found["title"] == "CTO"


class TestCacheKey:
    def test_is_the_same_for_the_same_content(self):
        assert request(company="Acme").cache_key == request(company="Acme").cache_key

    @pytest.mark.parametrize(
        "other", [request(offer="Something else"), request(company="Acme")], ids=["offer", "lead"]
    )
    def test_differs_where_anything_differs(self, other):
        assert other.cache_key != request().cache_key

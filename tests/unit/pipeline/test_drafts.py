from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.drafts import (
    LANGUAGES,
    LONGEST_SUBJECT,
    NO_ACCOUNT,
    Prompt,
    Request,
    facts,
    from_template,
    letter,
)
from pipeline.wording.languages import foreign
from tests.drafted_words import CALLS, OFFERS

OFFER = "We build robots that find cracks in pipes before they leak."


def request(offer=OFFER, *, asked=None, **lead):
    return Request(
        lead_id=1,
        client_id=2,
        lead={"email": "ann@acme.com", **lead},
        offer=offer,
        sender_name="Dana Whitfield",
        footer="Dana Whitfield, Northwind. Answer stop to hear no more.",
        **(asked or {}),
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

    @pytest.mark.parametrize("language", LANGUAGES)
    @pytest.mark.parametrize("lead", [{}, {"company": "Acme"}, {"company": "Acme", "title": "CTO"}])
    def test_is_all_in_the_client_s_language(self, language, lead):
        asked = {"language": language, "call_to_action": CALLS[language]}

        found = from_template(request(OFFERS[language], asked=asked, **lead), reason=NO_ACCOUNT)

        assert foreign(found.body, language) == ""
        assert OFFERS[language] in found.body
        assert CALLS[language] in found.body
        assert found.spam_score <= 1

    def test_names_the_sender_and_its_client(self):
        found = from_template(request(asked={"client_name": "Northwind"}), reason=NO_ACCOUNT)

        assert "I am writing for Dana Whitfield of Northwind about one thing" in found.body

    def test_goes_on_in_small_letters_where_the_language_does(self):
        asked = {"language": "de"}

        found = from_template(request(company="Acme", asked=asked), reason=NO_ACCOUNT)

        assert found.icebreaker.startswith("Bei Acme")
        assert "Guten Tag,\n\nbei Acme" in found.body

    @pytest.mark.parametrize(
        ("tone", "lead", "greeting"),
        [
            ("PLAIN", {"first_name": "Ida", "last_name": "Falk"}, "Hello Ida,"),
            ("FORMAL", {"first_name": "Ida", "last_name": "Falk"}, "Hello Ida Falk,"),
            ("FORMAL", {"full_name": "Ida Falk"}, "Hello Ida Falk,"),
            ("FORMAL", {"first_name": "Ida"}, "Hello,"),
            ("FRIENDLY", {"last_name": "Falk"}, "Hello,"),
        ],
    )
    def test_greets_as_its_tone_asks(self, tone, lead, greeting):
        found = from_template(request(asked={"tone": tone}, **lead), reason=NO_ACCOUNT)

        assert found.body.startswith(f"{greeting}\n")

    def test_keeps_an_icebreaker_that_is_paid_for(self):
        found = from_template(request(), reason=NO_ACCOUNT, icebreaker="You mend pipes.")

        assert found.icebreaker == "You mend pipes."
        assert "Hello,\n\nYou mend pipes." in found.body

    @given(
        st.dictionaries(st.sampled_from(["first_name", "company", "title"]), st.text(max_size=99))
    )
    def test_keeps_its_lengths_whatever_the_lead_is_called(self, lead):
        found = from_template(request(**lead), reason=NO_ACCOUNT)

        assert 0 < len(found.subject) <= LONGEST_SUBJECT
        assert found.icebreaker
        assert "None" not in found.body or "None" in str(lead)


class TestTheLetter:
    def test_is_signed_and_ends_with_the_footer(self):
        found = letter("Hello.", sender_name="Dana", footer="Dana, Northwind. Answer stop.")

        assert found == "Hello.\n\nKind regards\nDana\n\nDana, Northwind. Answer stop."

    @pytest.mark.parametrize("language", LANGUAGES)
    def test_says_how_to_hear_no_more_even_without_a_footer(self, language):
        found = letter(
            "…", sender_name="Dana", footer=" ", language=language, client_name="Northwind"
        )

        assert "Dana, Northwind\n" in found
        assert "stop" in found.lower()

    def test_bears_a_footer_once(self):
        once = letter("Hello.", sender_name="Dana", footer="Answer stop.")

        assert letter(once, sender_name="Dana", footer="Answer stop.") == once


class TestFacts:
    @pytest.mark.parametrize(
        ("name", "greeted"),
        [("ANN", "Ann"), ("ann", "Ann"), ("McKenna", "McKenna"), ("", "Bea")],
    )
    def test_mend_shouted_and_whispered_names_and_fill_missing_ones(self, name, greeted):
        lead = facts({"email": "a@acme.com", "first_name": name, "full_name": "Bea Cole"})

        found = from_template(request(**lead), reason=NO_ACCOUNT)

        assert found.body.startswith(f"Hello {greeted},")

    def test_that_only_say_that_there_is_nothing_are_none(self):
        found = facts({"company": "n/a", "title": "N/A", "city": "-", "industry": "Pipes"})

        assert {name: found[name] for name in ("company", "title", "city", "industry")} == {
            "company": "",
            "title": "",
            "city": "",
            "industry": "Pipes",
        }

    def test_call_the_company_as_people_do(self):
        found = facts({"company": "NORVAWICK FOODS GMBH", "title": "CTO"})

        assert found["company"] == "Norvawick Foods"
        assert found["title"] == "CTO"


class TestCacheKey:
    def test_is_the_same_for_the_same_content(self):
        assert request(company="Acme").cache_key == request(company="Acme").cache_key

    @pytest.mark.parametrize(
        "other",
        [
            request(offer="Something else"),
            request(company="Acme"),
            request(asked={"language": "de"}),
            request(asked={"tone": "FORMAL"}),
            request(asked={"model": "gemini"}),
        ],
        ids=["offer", "lead", "language", "tone", "model"],
    )
    def test_differs_where_anything_differs(self, other):
        assert other.cache_key != request().cache_key

    def test_differs_by_prompt_where_a_model_is_asked_and_only_there(self):
        other = {"prompt": Prompt(version="v2", text="Be brief.")}

        assert request(asked=other).cache_key == request().cache_key
        assert (
            request(asked={**other, "model": "gemini"}).cache_key
            != request(asked={"model": "gemini"}).cache_key
        )

    def test_of_a_template_is_none_that_an_answer_would_have(self):
        asked = request(asked={"model": "gemini"})

        assert asked.template_key == request().cache_key != asked.cache_key

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline import mapping
from pipeline.mapping import FIELDS, BadMapping, Columns, NoEmailColumn, guess, plain

SHARED = Path(__file__).parents[3].parent / "shared/data/headers"
CRITICAL = {"email", "first_name", "last_name", "company", "title"}


class TestFields:
    def test_are_those_of_the_contract(self):
        assert len(FIELDS) == len(set(FIELDS)) == 40

    def test_have_names_that_mean_one_field_only(self):
        names = [name for field in FIELDS for name in mapping._ranked(field)]

        assert len(names) == len(set(names))
        assert all(name == mapping._bare(name) for name in names)


class TestPlain:
    @pytest.mark.parametrize(
        ("header", "expected"),
        [
            ("E-mail Address", "e_mail_address"),
            ("emailAddress", "email_address"),
            ("  EMAIL_ADDRESS ", "email_address"),
            ("# Employees", "employees"),
            ("\uff25\uff4d\uff41\uff49\uff4c", "email"),
            ("LinkedIn URL", "linked_in_url"),
            ("", ""),
        ],
    )
    def test_is_one_form_for_many_spellings(self, header, expected):
        assert plain(header) == expected


class TestGuess:
    @pytest.mark.parametrize(
        ("header", "field"),
        [
            ("First Name", "first_name"),
            ("firstName", "first_name"),
            ("Given Name", "first_name"),
            ("LAST_NAME", "last_name"),
            ("Job Title", "title"),
            ("Company Name", "company"),
            ("Organization", "company"),
            ("Company Name for Emails", "company_short"),
            ("# Employees", "employees"),
            ("Person Linkedin Url", "linkedin_url"),
            ("Company Linkedin Url", "company_linkedin_url"),
            ("Work Direct Phone", "phone"),
            ("Company HQ Phone", "company_phone"),
            ("Secondary Email", "email_alt"),
            ("Annual Revenue", "revenue"),
            ("Apollo Contact Id", "source_id"),
            ("Person City", "city"),
        ],
    )
    def test_knows_the_usual_names(self, header, field):
        assert guess(["Email", header]).field_of(1) == field

    @pytest.mark.parametrize(
        "header",
        [
            "Contact Owner",
            "Account Owner",
            "Email Domain",
            "Email Sent",
            "Email Bounced",
            "Previous Company Name",
            "Previous Job Title",
            "Company Division Name",
            "Salutation",
            "Company contact email",
            "Primary Email Source",
            "pastExperienceCompanyName",
            "URL",
            "Status",
            "headline",
            "contact",
            "",
            "E-mail 1 - Type",
        ],
    )
    def test_leaves_what_it_is_not_sure_of(self, header):
        found = guess(["Email", header])

        assert found.field_of(1) == ""
        assert found.unmapped == (1,)

    @pytest.mark.parametrize("header", ["title", "position", "role", "Title"])
    def test_takes_a_title_for_a_job_only_beside_a_person_or_company(self, header):
        assert guess(["email", header, "reviews"]).field_of(1) == ""
        assert guess(["email", header, "company"]).field_of(1) == "title"

    def test_takes_a_name_for_a_person_only_beside_a_company(self):
        assert guess(["email", "name", "rating"]).field_of(1) == ""
        assert guess(["email", "name", "company"]).field_of(1) == "full_name"

    def test_says_what_is_missing_what_is_there_and_what_to_do(self):
        with pytest.raises(NoEmailColumn) as refusal:
            guess(["Name", "Main E-Mail of Person"])

        assert str(refusal.value) == (
            "No column is known to hold e-mail addresses; the columns are 'Name', 'Main E-Mail of"
            " Person'. Name the right one, such as --map 'Main E-Mail of Person=email'."
        )

    def test_shows_some_of_many_headers(self):
        with pytest.raises(NoEmailColumn, match="'c11' and 88 more"):
            guess([f"c{n}" for n in range(100)])

    @pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not on this machine")
    @pytest.mark.parametrize("name", ["vendors", "wild"])
    def test_takes_no_wrong_column_for_a_name_or_an_address(self, name):
        for source in json.loads((SHARED / f"{name}.json").read_text()):
            found = guess([*source["header"], "Email Address"])
            fields = {h: found.field_of(n) for n, h in enumerate(source["header"])}
            wrong = {
                header: field
                for header, field in fields.items()
                if field in CRITICAL and field != source["mapping"].get(header)
            }
            assert not wrong, source

    @pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not on this machine")
    def test_knows_nearly_all_columns_of_apollo_and_zoominfo(self):
        sources = json.loads((SHARED / "vendors.json").read_text())
        known = [s for s in sources if s["source"].startswith(("Apollo", "ZoomInfo", "Lusha"))]

        for source in known:
            found = guess(source["header"]).as_json()
            assert source["mapping"].items() <= found.items(), source["source"]


class TestOverrides:
    def test_win_over_what_the_name_says(self):
        found = guess(["Email", "Work"], {"Work": "email"})

        assert found.as_json() == {"Work": "email"}
        assert found.unmapped == (0,)

    def test_may_name_several_columns_for_a_field(self):
        found = guess(["Email", "A", "B"], {"B": "phone", "A": "phone"})

        assert found.sources("phone") == (1, 2)

    def test_may_turn_a_known_column_into_another_field(self):
        assert guess(["Email", "Title"], {"Title": "notes"}).as_json()["Title"] == "notes"

    @pytest.mark.parametrize(
        ("overrides", "sentence"),
        [
            ({"Mail": "email"}, r"There is no column 'Mail'; there are 'Email', 'Title'\."),
            ({"Email": "mail"}, "There is no field 'mail'; there are email, email_alt,"),
        ],
    )
    def test_name_what_exists_when_they_are_wrong(self, overrides, sentence):
        with pytest.raises(BadMapping, match=sentence):
            guess(["Email", "Title"], overrides)


class TestColumns:
    def test_believe_the_more_telling_of_several_columns(self):
        found = guess(["Email", "Work Email", "Email Address"])

        assert found.sources("email") == (1, 0, 2)

    def test_keep_that_order_when_restored_from_what_was_stored(self):
        headers = ("Phone", "Mobile Phone", "Work Direct Phone", "Email")
        guessed = guess(headers)

        restored = Columns(headers, {"phone": (0, 1, 2), "email": (3,)})

        assert restored.sources("phone") == guessed.sources("phone") == (2, 1, 0)

    def test_name_each_column_once(self):
        found = guess(["Email", "Note", "", "x", "x", ""])

        assert found.names == ("Email", "Note", "column 3", "x", "x (2)", "column 6")

    def test_never_call_an_extra_like_a_field(self):
        found = guess(["Email", "phone", "Phone 1"], {"Phone 1": "phone"})

        assert found.extra_names[1] == "phone (2)"

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.mapping import FIELDS, BadMapping, Columns, NoEmailColumn, guess


class TestFields:
    def test_are_those_of_the_contract(self):
        assert len(FIELDS) == len(set(FIELDS)) == 40

    @pytest.mark.parametrize("field", sorted({*FIELDS} - {"email", "title"}))
    def test_have_names_that_are_known_for_sure(self, field):
        found = guess(["email", field])

        assert found.field_of(1) == field
        assert found.confidence[1] == 1


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
            ("Direct email", "email_alt"),
            ("Current Employer Website", "website"),
            ("LinkedIn Company", "company_linkedin_url"),
            ("linkedinCompanyName", "company"),
            ("Work Email (Findymail)", "email"),
            ("custom_fields.job_title", "title"),
            ("Annual Revenue", "revenue"),
            ("Apollo Contact Id", "source_id"),
            ("Person City", "city"),
            ("Nature of Business", "industry"),
            ("Actividad económica", "industry"),
            ("Activité principale", "industry"),
            ("Prov.", "state"),
            ("MA-Zahl", "employees"),
            ("Nº empl.", "employees"),
            ("Werkzame personen", "employees"),
            ("LKZ", "country"),
            ("Tel. fisso", "phone"),
            ("Telefon stacjonarny", "phone"),
            ("Persona di riferimento", "full_name"),
            ("Firmenwortlaut", "company"),
            ("Nazwa przedsiębiorstwa", "company"),
            ("Email Validation Result", "email_status"),
            ("SMS", "phone_alt"),
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
            "Property Name",
            "Property Address",
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

    def test_reads_paths_behind_what_they_share_and_keeps_the_headers(self):
        headers = ["props.email", "props.work_email", "props.firstname", "props.company"]

        found = guess(headers)

        assert found.headers == tuple(headers)
        assert found.as_stored() == ["email", "email", "first_name", "company"]
        assert found.sources("email") == (1, 0)

    def test_reads_the_properties_of_hubspot_as_a_warehouse_calls_them(self):
        found = guess(["id", "property_email", "property_firstname", "property_company"])

        assert found.as_stored() == ["source_id", "email", "first_name", "company"]

    def test_says_what_is_missing_what_is_there_and_what_to_do(self):
        with pytest.raises(NoEmailColumn) as refusal:
            guess(["Name", "Contact Owner"])

        assert str(refusal.value) == (
            "No column is known to hold e-mail addresses; the columns are 'Name', 'Contact Owner'."
            " Name the right one, such as --map 'COLUMN=email'."
        )

    def test_shows_some_of_many_headers(self):
        with pytest.raises(NoEmailColumn, match="'c11' and 88 more"):
            guess([f"c{n}" for n in range(100)])

    @given(st.lists(st.text(max_size=30)), st.lists(st.lists(st.text(max_size=30)), max_size=5))
    def test_has_each_column_once_whatever_the_headers_and_cells(self, headers, sample):
        found = guess(["Email", *headers], {"#1": "email"}, sample)

        mapped = [n for positions in found.by_field.values() for n in positions]
        assert sorted([*mapped, *found.unmapped]) == list(range(len(headers) + 1))
        assert set(found.confidence) == set(mapped)
        assert all(0 < sure <= 1 for sure in found.confidence.values())
        assert set(found.unsure) <= set(found.unmapped)


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

    def test_apply_to_all_columns_of_that_header(self):
        found = guess(["Reach", "Name", "Reach"], {"Reach": "email"})

        assert found.sources("email") == (0, 2)

    def test_may_name_a_column_by_its_place(self):
        found = guess(["Reach", "", "Reach"], {"#3": "email", "#2": "company"})

        assert found.as_stored() == ["", "company", "email"]

    def test_take_a_header_for_itself_before_a_place(self):
        assert guess(["#2", "Email"], {"#2": "phone"}).as_stored() == ["phone", "email"]

    @pytest.mark.parametrize("nothing", ["-", ""])
    def test_may_leave_a_column_unmapped(self, nothing):
        found = guess(["Email", "Title", "Company"], {"Title": nothing})

        assert found.as_stored() == ["email", "", "company"]
        assert found.unsure == ()

    def test_win_over_what_cells_look_like(self):
        found = guess(["Email"], {"Email": "email"}, [["yes"], ["no"]])

        assert found.confidence == {0: 1.0}

    def test_are_context_for_the_others(self):
        assert guess(["Email", "Name", "Werk"], {"Werk": "company"}).field_of(1) == "full_name"

    @given(
        st.lists(st.text(max_size=20), min_size=1, max_size=8),
        st.data(),
    )
    def test_are_obeyed(self, headers, data):
        chosen = data.draw(
            st.dictionaries(
                st.integers(1, len(headers)), st.sampled_from([*FIELDS, "-", ""]), max_size=8
            )
        )
        overrides = {f"#{n}": field for n, field in chosen.items()}

        found = guess([*(f"x{h}" for h in headers), "Mail"], {**overrides, "Mail": "email"})

        for n, field in chosen.items():
            assert found.field_of(n - 1) == field.strip("-")

    @pytest.mark.parametrize(
        ("overrides", "sentence"),
        [
            ({"#0": "email"}, r"There is no column '#0'; there are 'Email', 'Title'\."),
            ({"#3": "email"}, r"There is no column '#3'; there are 'Email', 'Title'\."),
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

    def test_come_back_as_they_were_stored(self):
        found = guess(["Email", "Note", "Email", "", "Phone"], {"#4": "phone", "Note": "-"})

        stored = found.as_stored()
        restored = Columns.from_stored(found.headers, stored)

        assert stored == ["email", "", "email", "phone", ""]
        assert restored.by_field == found.by_field
        assert restored.unmapped == found.unmapped
        assert [restored.sources(f) for f in found.by_field] == [
            found.sources(f) for f in found.by_field
        ]

    def test_come_back_from_header_and_field_too(self):
        found = guess(["Email", "Note", "Reach"], {"Reach": "phone"})

        assert Columns.from_stored(found.headers, found.as_json()).by_field == found.by_field

    def test_are_not_restored_for_another_header_row(self):
        with pytest.raises(ValueError, match="shorter"):
            Columns.from_stored(("Email", "Phone"), ["email"])

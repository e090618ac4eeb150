from __future__ import annotations

import pytest

from pipeline.mapping import NoEmailColumn, UnsureMapping, guess


class TestDecidingByTheOthers:
    """The same header is one field here and another there."""

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["email", "title", "company"], "title"),
            (["email", "title", "reviews"], ""),
            (["email", "title", "totalScore", "website", "city"], "company"),
            (["email", "title", "company", "salary", "apply_url"], ""),
            (["email", "position", "company"], "title"),
            (["email", "role", "reviews"], ""),
            (["email", "role", "first name", "username"], ""),
            (["email", "job title", "company", "salary", "apply_url"], ""),
            (["email", "name", "company"], "full_name"),
            (["email", "name"], "full_name"),
            (["email", "name", "rating"], ""),
            (["email", "name", "website"], ""),
            (["email", "name", "category", "website", "city"], "company"),
            (["email", "name", "vorname"], "last_name"),
            (["email", "name", "first name"], ""),
            (["email", "name", "surname"], "first_name"),
            (["email", "name", "first name", "last name"], "full_name"),
            (["email", "nom", "prénom"], "last_name"),
            (["email", "nom"], "full_name"),
            (["email", "nome", "cognome"], "first_name"),
            (["email", "nome", "azienda"], "full_name"),
            (["email", "nombre", "apellidos"], "first_name"),
            (["email", "first", "last"], "first_name"),
            (["email", "first", "company"], ""),
            (["email", "name.givenName", "name.familyName"], "first_name"),
            (["email", "nom prénom", "société"], "full_name"),
            (["email", "category", "company"], "industry"),
            (["email", "category", "company", "first name"], ""),
            (["email", "description", "company"], "company_description"),
            (["email", "description", "full name"], "notes"),
            (["email", "linkedin", "full name"], "linkedin_url"),
            (["email", "linkedin", "company"], "company_linkedin_url"),
            (["email", "companyUrl", "vmid", "fullName"], "company_linkedin_url"),
            (["email", "companyUrl", "fullName"], "website"),
            (["email", "URL", "Connected On"], "linkedin_url"),
            (["email", "account", "first name"], "company"),
            (["email", "account", "first name", "company"], ""),
            (["email", "occupation", "first name"], "title"),
            (["email", "occupation", "first name", "job title"], ""),
            (["email", "level", "job title", "first name"], "seniority"),
            (["email", "level", "first name"], ""),
            (["email", "Nombre", "Persona de contacto", "Cargo"], "company"),
            (["email", "Nombre", "Persona de contacto", "Empresa"], "full_name"),
            (["email", "Geschäftsführer", "Firma"], ""),
            (["email", "Contacto", "Empresa"], ""),
            (["email", "lead_name", "contact_name"], "company"),
            (["email", "lead_name", "contact_name", "company"], ""),
            (["email", "lead_name", "phone"], "full_name"),
            (["email", "Telefon (Assistent)", "Firma"], ""),
            (["email", "Bezeichnung", "Menge"], ""),
            (["email", "Email comercial", "Comercial"], ""),
            (["email", "job_title_role", "job_title"], ""),
            (["email", "job_title_role", "company"], "title"),
            (["email", "Branche (WZ)", "company"], "industry"),
            (["email", "Firma (WZ)", "first name"], ""),
            (["email", "Position im Unternehmen", "company", "first name"], "title"),
        ],
    )
    def test_second_column(self, headers, expected):
        assert guess(headers).field_of(1) == expected

    def test_title_before_the_first_name_may_be_mr_or_mrs(self):
        headers = ["Title", "First Name", "Last Name", "Email"]

        assert guess(headers).unsure == (0,)
        assert guess(headers, sample=[["Dr."], ["Mrs"]]).field_of(0) == ""
        assert guess(headers, sample=[["Buyer"], ["Head of IT"]]).field_of(0) == "title"

    def test_title_beside_a_job_title_is_none(self):
        assert guess(["First Name", "Title", "Job Title", "Email"]).field_of(1) == ""


class TestTheAddress:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["Email", "Work Email"], {0: "email", 1: "email"}),
            (["Email", "Email"], {0: "email", 1: "email"}),
            (["Email 1", "Email 2"], {0: "email", 1: "email_alt"}),
            (["emails/0", "emails/1"], {0: "email", 1: "email_alt"}),
            (["Email", "Personal Email"], {0: "email", 1: "email_alt"}),
            (["Personal Email", "Name"], {0: "email", 1: "full_name"}),
            (["Email", "Company Email"], {0: "email"}),
            (["Company Email", "Company"], {0: "email", 1: "company"}),
            (["Email", "User Email"], {0: "email"}),
            (["Customer Email", "Email Status"], {0: "email", 1: "email_status"}),
            (["Buyer Email", "Attendee Email"], {1: "email"}),
            (["Buyer Email", "Customer Code"], {0: "email"}),
            (["Candidate Email", "Recruiter Email"], {0: "email"}),
            (["What is your e-mail address?", "Do you have an e-mail?"], {0: "email"}),
            (["Personal Email", "Company Email"], {0: "email"}),
            (["Invitee Email", "User Email"], {0: "email"}),
            (["User Email", "Company"], {0: "email", 1: "company"}),
        ],
    )
    def test_is_that_of_the_person_if_there_is_one(self, headers, expected):
        found = guess(headers)

        assert {n: found.field_of(n) for n in range(2) if found.field_of(n)} == expected

    def test_is_less_sure_the_less_a_name_says(self):
        names = [["Email"], ["Work Email"], ["Customer Email"], ["Company Email"]]

        sure = [guess(headers).confidence[0] for headers in names]

        assert sure == sorted(sure, reverse=True)
        assert len(set(sure)) == 4

    @pytest.mark.parametrize(
        "header",
        ["Contact Owner", "Lead Owner Email", "Created By", "Sender Email", "Manager Email",
         "Email Bounced", "Email Sent", "Email Opt Out", "Last Email Date"],
    )  # fmt: skip
    def test_is_never_another_persons_nor_what_became_of_mails(self, header):
        with pytest.raises(NoEmailColumn):
            guess([header, "Company"], sample=[["me@acme-pipes.com", "Acme Pipes"]] * 3)

    def test_is_asked_for_where_one_column_may_hold_it(self):
        with pytest.raises(UnsureMapping) as question:
            guess(["Name", "Email Kantine"])

        assert str(question.value) == (
            "Column 'Email Kantine' may hold the leads' e-mail addresses, which is not sure enough"
            " to take it: give --map 'Email Kantine=email' if it does."
        )

    @pytest.mark.parametrize(
        "headers",
        [["Email Nord", "Email Süd"], ["Email Nord", "Company Email"],
         ["Customer Email", "Founder Email"], ["Email Nord", "Customer Email"],
         ["Email Nord", "User Email"]],
    )  # fmt: skip
    def test_is_asked_for_where_nothing_decides_between_two(self, headers):
        first, second = headers

        with pytest.raises(UnsureMapping) as question:
            guess([*headers, "Name"])

        assert str(question.value) == (
            f"Columns '{first}' and '{second}' may each hold the leads' e-mail addresses, and"
            f" nothing decides: name the right one, such as --map '{first}=email'."
        )

    def test_is_asked_for_by_place_where_headers_are_equal(self):
        with pytest.raises(UnsureMapping, match=r"Columns '#1' and '#3' .* --map '#1=email'"):
            guess(["Email Nord", "Name", "Email Nord"])


class TestDecidingByTheCells:
    @pytest.mark.parametrize("cell", ["TRUE", "2024-01-15", "+49 30 1234567", "https://acme.com/x"])
    def test_what_is_no_address_is_no_address(self, cell):
        with pytest.raises(UnsureMapping, match="Column 'Email' may hold"):
            guess(["Name", "Email"], sample=[["Ann", cell], ["Bob", ""]])

    def test_another_column_is_taken_in_its_place(self):
        found = guess(["Email", "Email 2"], sample=[["yes", "ann@acme-pipes.com"]])

        assert found.as_stored() == ["", "email"]
        assert found.unsure == (0,)

    def test_addresses_that_are_mostly_broken_stay_addresses(self):
        assert guess(["Email"], sample=[["ann(at)acme"], ["n/a"], ["-"]]).field_of(0) == "email"

    @pytest.mark.parametrize(
        ("header", "cell"),
        [("First Name", "ann@acme-pipes.com"), ("Company", "2024-01-15"), ("Job Title", "Mrs."),
         ("Last Name", "https://acme-pipes.com"), ("LinkedIn", "yes"), ("Phone", "false")],
    )  # fmt: skip
    def test_what_a_name_says_does_not_hold_against_all_cells(self, header, cell):
        found = guess(["Email", header], sample=[["ann@acme-pipes.com", cell]] * 3)

        assert found.unsure == found.unmapped == (1,)

    def test_a_file_without_header_shows_what_is_certain(self):
        headers = [f"column {n}" for n in range(1, 7)]
        row = ["Ann", "ann{}@acme-pipes.com", "https://linkedin.com/in/ann", "+49 30 1234567",
               "https://acme-pipes.com", "Acme Pipes"]  # fmt: skip

        found = guess(headers, sample=[[cell.format(n) for cell in row] for n in range(5)])

        assert found.as_stored() == ["", "email", "linkedin_url", "phone", "website", ""]
        assert set(found.confidence.values()) == {0.7}

    def test_four_in_five_must_be_addresses(self):
        cells = [["ann@acme-pipes.com"], ["bob@acme-pipes.com"], ["n/a"]]

        with pytest.raises(NoEmailColumn):
            guess(["column 1"], sample=cells)

    def test_two_nameless_columns_of_addresses_are_asked_for(self):
        with pytest.raises(UnsureMapping, match="'column 1' and 'column 2'"):
            guess(["column 1", "column 2"], sample=[["ann@acme-pipes.com", "bob@acme-pipes.com"]])

    def test_the_same_address_in_all_rows_is_a_colleagues(self):
        with pytest.raises(UnsureMapping, match="Column 'column 1'"):
            guess(["column 1"], sample=[["me@acme-pipes.com"]] * 5)

    def test_a_name_that_says_nothing_of_addresses_is_asked_about(self):
        with pytest.raises(UnsureMapping, match="Column 'Reach' may hold"):
            guess(["Reach", "Name"], sample=[["ann@acme-pipes.com", "Ann"]])

    def test_a_name_nobody_knows_is_shown_right_by_several_addresses(self):
        sample = [[f"ann{n}@acme-pipes.com", "Ann"] for n in range(3)]

        assert guess(["Email Kantine", "Name"], sample=sample).field_of(0) == "email"

    def test_links_to_linkedin_are_told_apart(self):
        sample = [["a@b-pipes.com", "https://linkedin.com/in/ann", "linkedin.com/company/acme"]]

        found = guess(["Email", "profileUrl", "Company LinkedIn"], sample=sample)

        assert found.as_stored() == ["email", "linkedin_url", "company_linkedin_url"]

    def test_rows_may_be_short_or_long(self):
        found = guess(["Email", "Name"], sample=[[], ["a@b-pipes.com"], ["a", "b", "c"]])

        assert found.as_stored() == ["email", "full_name"]

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
            (["email", "profile url", "full name", "company"], "linkedin_url"),
            (["email", "Preferred Email"], "email_alt"),
            (["email", "Preferred Phone", "Phone"], "phone_alt"),
            (["email", "profile.firstName", "company.name"], "first_name"),
            (["email", "Company you work for"], "company"),
            (["email", "Besucher Nachname", "Besucher Vorname"], "last_name"),
            (["email", "page url", "full name", "company"], ""),
            (["email", "first", "surname"], "first_name"),
            (["email", "Ad", "Soyad"], "first_name"),
            (["email", "Nume", "Prenume"], "last_name"),
            (["email", "Meno", "Priezvisko"], "first_name"),
            (["email", "Nom", "Cognoms"], "first_name"),
            (["email", "Imię i nazwisko", "firma"], "full_name"),
            (["email", "Last Name / Nom", "First Name / Prénom"], "last_name"),
            (["email", "New Company", "Old Company"], "company"),
            (["email", "Site Contact", "company"], "full_name"),
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
            (["email", "titre", "société"], "title"),
            (["email", "titre professionnel", "nom"], "title"),
            (["email", "titel", "firma"], "title"),
            (["email", "pozice", "firma"], "title"),
            (["email", "Jobbezeichnung"], "title"),
            (["email", "Sekundäre E-Mail-Adresse"], "email_alt"),
            (["email", "sekundaere E-Mail-Adresse"], "email_alt"),
            (["email", "Tfno."], "phone"),
            (["email", "Tlf."], "phone"),
            (["email", "Tfn"], "phone"),
            (["email", "WhatsApp", "phone"], "phone_alt"),
            (["email", "Job Function", "Job Title"], "department"),
            (["email", "Job Function", "Department"], ""),
            (["email", "County", "City"], "state"),
            (["email", "County", "State"], ""),
            (["email", "Contact Level", "first name"], "seniority"),
            (["email", "Exec Title", "company"], "title"),
            (["email", "Fonction du dirigeant", "Nom du dirigeant"], "title"),
            (["email", "Fonction du dirigeant", "Intitulé du poste"], ""),
            (["email", "Gewerk", "Mitgliedsbetrieb"], "industry"),
            (["email", "Mitgliedsbetrieb"], "company"),
            (["email", "Depto.", "Empresa"], "department"),
            (["email", "Apellido Paterno"], "last_name"),
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

    @pytest.mark.parametrize("header", ["Role", "Position", "Funktion"])
    def test_role_of_a_meeting_is_no_job(self, header):
        roles = ["Organizer", "Attendee", "Attendee", "Attendee", "Attendee"]
        jobs = ["Buyer", "Head of IT", "CEO", "CTO", "Owner"]
        short, long = ["Full Name", "Email", header], ["Full Name", "Email", header, "Company"]

        def read(headers, cells):
            rows = [["Ann Lee", f"ann{n}@acme.com", cell, "Acme"] for n, cell in enumerate(cells)]
            return guess(headers, sample=[row[: len(headers)] for row in rows])

        assert read(short, roles).unsure == read(long, roles).unsure == (2,)
        assert read(short, jobs).field_of(2) == "title"

    @pytest.mark.parametrize("header", ["Titel", "Titre"])
    def test_title_of_degrees_is_none(self, header):
        headers = [header, "Vorname", "E-Mail", "Firma"]
        sample = [[cell, "Ann", "ann@acme.com", "Acme"] for cell in ("Prof. Dr.", "Dipl.-Ing.")]

        assert guess(headers, sample=sample).unsure == (0,)
        assert guess(headers, sample=[["Direktør"], ["Sælger"]]).field_of(0) == "title"

    def test_lesser_title_is_none_where_it_is_empty(self):
        headers = ["email", "occupation", "first name"]

        assert guess(headers, sample=[["a@acme.com", "", "Ann"]]).field_of(1) == ""

    def test_title_beside_a_job_title_is_none(self):
        assert guess(["First Name", "Title", "Job Title", "Email"]).field_of(1) == ""


class TestTheAddress:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["Email", "Work Email"], {0: "email", 1: "email"}),
            (["Email", "Email"], {0: "email", 1: "email"}),
            (["Primäre E-Mail-Adresse", "Name"], {0: "email", 1: "full_name"}),
            (["primaere E-Mail-Adresse", "Name"], {0: "email", 1: "full_name"}),
            (["E-Mail Adr.", "E-Mail Add."], {0: "email", 1: "email"}),
            (["Email 1", "Email 2"], {0: "email", 1: "email_alt"}),
            (["emails/0", "emails/1"], {0: "email", 1: "email_alt"}),
            (["Email", "Personal Email"], {0: "email", 1: "email_alt"}),
            (["Personal Email", "Name"], {0: "email", 1: "full_name"}),
            (["Email", "Company Email"], {0: "email"}),
            (["Company Email", "Company"], {0: "email", 1: "company"}),
            (["E-mail titolare", "E-mail amministrazione"], {0: "email"}),
            (["E-mail legale rappresentante", "Azienda"], {0: "email", 1: "company"}),
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
        ("headers", "named"),
        [
            (["Name", "Email from Enrichment"], "'Email from Enrichment': if"),
            (["Name", "Owner Email", "Email", "Owner Email"], "'#2' and '#4': if"),
        ],
    )
    def test_is_asked_for_by_the_columns_that_hold_addresses(self, headers, named):
        cells = {"Name": "Ann", "Email": "Verified"}
        sample = [[cells.get(header, f"ann{n}@acme.com") for header in headers] for n in range(3)]

        with pytest.raises(NoEmailColumn) as question:
            guess(headers, sample=sample)

        first = named.split("'")[1]
        assert str(question.value) == (
            "No column is known to hold the leads' e-mail addresses. Addresses stand in"
            f" {named} they are the leads', give --map '{first}=email'."
        )

    def test_is_not_asked_for_by_a_column_whose_cells_belie_it(self):
        sample = [["Found", f"ann{n}@acme.com"] for n in range(3)]

        with pytest.raises(UnsureMapping, match=r"^Column 'Briefkasten' may hold"):
            guess(["Email", "Briefkasten"], sample=sample)

    @pytest.mark.parametrize(
        "headers",
        [["Email Nord", "Email Süd"], ["Email Nord", "Company Email"],
         ["Customer Email", "Founder Email"], ["Email Nord", "Customer Email"],
         ["Email Nord", "User Email"], ["Preferred Email", "Secondary Email"]],
    )  # fmt: skip
    def test_is_asked_for_where_nothing_decides_between_two(self, headers):
        first, second = headers

        with pytest.raises(UnsureMapping) as question:
            guess([*headers, "Name"])

        assert str(question.value) == (
            f"Columns '{first}' and '{second}' may each hold the leads' e-mail addresses, and"
            f" nothing decides: name the right one, such as --map '{first}=email'."
        )

    def test_is_asked_for_by_whoevers_addresses_stand_there(self):
        cells = [["books@quay.com", f"ann@quay{n}.com", "Quay"] for n in range(3)]

        with pytest.raises(UnsureMapping, match="'Billing Email' and 'Chief Rep Email' may each"):
            guess(["Billing Email", "Chief Rep Email", "Email Note"], sample=cells)

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
        cells = [["ann(at)acme"], ["n/a"], ["-"], ["bob@bolt"]]

        assert guess(["Email"], sample=cells).field_of(0) == "email"
        assert guess(["Email"], sample=cells[:2]).field_of(0) == "email"

    @pytest.mark.parametrize("header", ["Work Email", "Business Email", "Email 1", "Email 2"])
    def test_words_about_addresses_are_none(self, header):
        sample = [[f"ann{n}@acme-pipes.com", "No work email found"] for n in range(3)]

        found = guess(["Email", header], sample=sample)

        assert found.as_stored() == ["email", ""]
        assert found.unsure == (1,)

    def test_words_about_addresses_leave_the_field_to_a_nameless_column(self):
        sample = [["Found", f"ann{n}@acme-pipes.com"] for n in range(3)]

        assert guess(["Email", "column 2"], sample=sample).as_stored() == ["", "email"]

    def test_a_full_width_at_makes_an_address(self):
        sample = [["Found", f"ann{n}\uff20acme-pipes.com"] for n in range(3)]

        assert guess(["Email", "Work Email"], sample=sample).as_stored() == ["", "email"]

    @pytest.mark.parametrize(
        ("header", "cell"),
        [("First Name", "ann@acme-pipes.com"), ("Company", "2024-01-15"), ("Job Title", "Mrs."),
         ("City", "ann@acme-pipes.com"), ("Address", "ann@acme-pipes.com"),
         ("Location", "+49 30 1234567"), ("Company Country", "+49 30 1234567"),
         ("Last Name", "https://acme-pipes.com"), ("LinkedIn", "yes"), ("Phone", "false")],
    )  # fmt: skip
    def test_what_a_name_says_does_not_hold_against_all_cells(self, header, cell):
        found = guess(["Email", header], sample=[["ann@acme-pipes.com", cell]] * 3)

        assert found.unsure == found.unmapped == (1,)

    def test_a_country_that_nobody_knows_is_asked_about(self):
        """Kraj is a country in Polish and a region in Czech."""
        regions = [["ann@acme-pipes.com", cell] for cell in ("Liberecký", "Vysočina", "Zlínský")]
        countries = [["ann@acme-pipes.com", cell] for cell in ("Polska", "Niemcy", "Czechy")]

        assert guess(["Email", "Kraj"], sample=regions).unsure == (1,)
        assert guess(["Email", "Kraj"], sample=countries).field_of(1) == "country"

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

    def test_a_name_in_letters_that_nobody_reads_is_shown_right_by_several_addresses(self):
        sample = [[f"ann{n}@acme-pipes.com", "Ann"] for n in range(3)]

        assert guess(["อีเมล", "ชื่อ"], sample=sample).as_stored() == ["email", ""]
        with pytest.raises(UnsureMapping, match="Column 'อีเมล'"):
            guess(["อีเมล", "ชื่อ"], sample=sample[:1])

    def test_links_to_sites_are_a_website(self):
        sample = [["ann@acme-pipes.com", "https://acme-pipes.com"]]

        assert guess(["Email", "URL"], sample=sample).field_of(1) == "website"

    @pytest.mark.parametrize(
        "header", ["Mail comptabilité", "E-Mail Buchhaltung", "Email anterior"]
    )
    def test_addresses_of_who_is_no_lead_are_not_taken(self, header):
        sample = [["a@b-pipes.com"], ["c@d-pipes.com"], ["e@f-pipes.com"]]

        with pytest.raises(NoEmailColumn, match="if they are the leads'"):
            guess([header], sample=sample)

    def test_a_name_that_says_nothing_of_addresses_is_asked_about(self):
        with pytest.raises(UnsureMapping, match="Column 'Reach' may hold"):
            guess(["Reach", "Name"], sample=[["ann@acme-pipes.com", "Ann"]])

    def test_a_name_nobody_knows_is_shown_right_by_several_addresses(self):
        sample = [[f"ann{n}@acme-pipes.com", "Ann"] for n in range(3)]

        assert guess(["Email Kantine", "Name"], sample=sample).field_of(0) == "email"

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["Email", "Telefon Kantine"], ["email", "phone"]),
            (["Email", "Telefon Kantine", "Phone"], ["email", "", "phone"]),
            (["Email", "Telefon Kantine", "Telefon Pforte"], ["email", "", ""]),
            (["Email", "Telefon Assistent"], ["email", ""]),
            (["Email", "Emergency Contact Phone"], ["email", ""]),
            (["Email", "Notfalltelefon"], ["email", ""]),
        ],
    )
    def test_a_phone_of_unknown_name_is_one_only_where_no_other_is(self, headers, expected):
        sample = [["ann@acme-pipes.com", "+49 30 1234567", ""]] * 3
        sample = sample if "Phone" in headers else [[*row[:2], row[1]] for row in sample]

        assert guess(headers, sample=sample).as_stored() == expected

    def test_links_to_linkedin_are_told_apart(self):
        sample = [["a@b-pipes.com", "https://linkedin.com/in/ann", "linkedin.com/company/acme"]]

        found = guess(["Email", "profileUrl", "Company LinkedIn"], sample=sample)

        assert found.as_stored() == ["email", "linkedin_url", "company_linkedin_url"]

    @pytest.mark.parametrize("header", ["Social URL", "Name", "Company Name LinkedIn"])
    def test_links_to_linkedin_are_that_whatever_else_a_header_says(self, header):
        sample = [
            ["a@b-pipes.com", f"https://linkedin.com/in/{who}"] for who in ("ann", "bo", "cy")
        ]

        assert guess(["Email", header], sample=sample).field_of(1) == "linkedin_url"

    def test_rows_may_be_short_or_long(self):
        found = guess(["Email", "Name"], sample=[[], ["a@b-pipes.com"], ["a", "b", "c"]])

        assert found.as_stored() == ["email", "full_name"]

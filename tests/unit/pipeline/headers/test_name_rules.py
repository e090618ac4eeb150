from __future__ import annotations

import pytest

from pipeline.mapping import guess


def fields(*headers: str, sample: list[list[str]] | None = None) -> list[str]:
    return guess(headers, sample=sample or []).as_stored()


class TestWhoseNamesTheyAre:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["Email", "Nom participant", "Prénom participant"], ["last_name", "first_name"]),
            (["Email", "Nombre contacto", "Apellidos contacto"], ["first_name", "last_name"]),
            (["Email", "Contact name", "Contact first name"], ["full_name", "first_name"]),
            (["Email", "person.name.givenName", "person.name.familyName"],
             ["first_name", "last_name"]),
            (["Email", "¿Cuál es tu nombre?", "¿Y tus apellidos?"], ["first_name", "last_name"]),
        ],
    )  # fmt: skip
    def test_tells_first_and_last_apart(self, headers, expected):
        assert fields(*headers) == ["email", *expected]

    def test_a_bare_name_beside_a_contacts_names_is_asked_for(self):
        columns = guess(["Name", "Contact First Name", "Contact Last Name", "Contact Email"])

        assert columns.as_stored() == ["", "first_name", "last_name", "email"]
        assert columns.unsure == (0,)

    def test_a_bare_name_beside_a_full_name_and_a_company_is_asked_for(self):
        columns = guess(["name", "fullName", "companyName", "email"])

        assert columns.as_stored() == ["", "full_name", "company", "email"]


class TestWhoBuys:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            # Beside names of nobody in particular a purchaser is somebody else.
            (["First name", "Email", "Purchaser name", "Purchaser email"],
             ["first_name", "email", "", ""]),
            # So he is beside somebody whose word nobody knows.
            (["Xyzzy first name", "Email", "Purchaser name"], ["", "email", ""]),
            # What is sent to somebody else does not make him one.
            (["Billing first name", "Billing email", "Shipping first name"],
             ["first_name", "email", ""]),
            (["First name", "Last name", "Email", "Investor name"],
             ["first_name", "last_name", "email", ""]),
        ],
    )  # fmt: skip
    def test_is_the_lead_only_where_nobody_else_is(self, headers, expected):
        assert fields(*headers) == expected

    def test_has_no_say_where_the_names_are_the_attendees(self):
        headers = ["Nome do participante", "E-mail do participante", "E-mail do responsável"]

        assert fields(*headers) == ["full_name", "email", ""]


class TestNamesByCells:
    FIRST_AND_LAST = ("Email", "First Name", "Last Name", "Contact Name")

    def sample(self, *contacts):
        people = (("Ann", "Lee"), ("Bo", "Tallow"), ("Cara", "Wynn"))
        return [
            [f"{first}@acme.com", first, last, contact]
            for (first, last), contact in zip(people, contacts, strict=True)
        ]

    def test_a_full_name_shares_a_word_with_its_parts(self):
        sample = self.sample("Lee, Ann", "Bo Tallow", "Wynn, Cara")

        assert fields(*self.FIRST_AND_LAST, sample=sample)[3] == "full_name"

    def test_a_name_that_shares_none_is_anothers(self):
        sample = self.sample("Harbour Bakery", "Tallow & Sons", "Mint Studio")
        columns = guess(self.FIRST_AND_LAST, sample=sample)

        assert columns.as_stored() == ["email", "first_name", "last_name", ""]
        assert columns.unsure == (3,)

    @pytest.mark.parametrize(
        ("contact", "expected"), [("{} Lee", "full_name"), ("{}", ""), ("+49 30 123456{}", "")]
    )
    def test_a_contact_is_a_name_where_the_cells_are(self, contact, expected):
        sample = [[f"{name}@acme.com", contact.format(name), "Acme"] for name in ("a", "b", "c")]

        assert fields("Email", "Contact", "Company", sample=sample)[1] == expected

    def test_numbers_are_no_names(self):
        sample = [[f"#100{n}", f"ann{n}@acme.com", "Ann Lee"] for n in range(3)]

        assert fields("Name", "Email", "Billing Name", sample=sample) == ["", "email", "full_name"]


class TestTitles:
    @pytest.mark.parametrize(
        ("beside", "expected"),
        [
            (["Title"], "title"),
            (["Title", "RSVP"], ""),
            (["Title", "Start", "End"], ""),
            (["Title", "ISBN"], ""),
            (["Job"], "title"),
            (["Job", "Job Type"], ""),
            (["Position"], "title"),
            (["Position", "Rank"], ""),
        ],
    )
    def test_of_a_meeting_or_of_goods_are_no_jobs(self, beside, expected):
        assert fields("Email", "Full Name", "Company", *beside)[3] == expected

    def test_what_somebody_takes_part_as_is_no_job(self):
        parts = ["Member", "Member", "Co-organizer", "Event Organizer", "Member"]
        sample = [["Ann", f"ann{n}@acme.com", part] for n, part in enumerate(parts)]

        assert fields("Name", "Email", "Title", sample=sample)[2] == ""

    def test_the_role_of_a_contact_beside_a_title_is_not_the_job(self):
        headers = ["Email", "Company", "Primary Contact: Title", "Contact Role"]

        assert fields(*headers) == ["email", "company", "title", ""]
        assert fields("Email", "Company", "Contact Role")[2] == "title"

    def test_an_executives_title_before_his_first_name_may_be_mr(self):
        names = ["Executive First Name", "Executive Last Name"]

        assert fields("Email", "Executive Title", *names)[1] == ""
        assert fields("Email", *names, "Executive Title")[3] == "title"

    def test_a_role_beside_a_job_title_is_not_the_job(self):
        assert fields("Email", "Company", "Job Title", "Role") == ["email", "company", "title", ""]

    def test_a_role_beside_a_position_is_not_the_job(self):
        assert fields("Email", "Company", "Role", "Position") == ["email", "company", "", "title"]

    @pytest.mark.parametrize(
        ("cells", "expected"), [([], ""), (["Leiterin Einkauf"] * 3, "title"), (["Dr."] * 3, "")]
    )
    def test_a_german_titel_beside_anrede_may_be_a_degree(self, cells, expected):
        headers = ["Anrede", "Vorname", "Nachname", "Titel", "E-Mail"]
        sample = [["Frau", "Ann", "Lee", cell, "ann@acme.com"] for cell in cells]

        assert fields(*headers, sample=sample)[3] == expected

    @pytest.mark.parametrize(
        ("following", "expected"), [("Attendee First Name", ""), ("Company", "title")]
    )
    def test_an_attendees_title_before_his_first_name_may_be_mr(self, following, expected):
        headers = ["Attendee Email", "Attendee Last Name", "Attendee Title", following]

        assert fields(*headers)[2] == expected


class TestNumbers:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            # A nought that counts nothing says nothing.
            (["Firma1", "Vorname0", "Name0", "Position0", "Email0"],
             ["company", "first_name", "last_name", "title", "email"]),
            (["emails/0", "emails/1"], ["email", "email_alt"]),
        ],
    )  # fmt: skip
    def test_from_zero(self, headers, expected):
        assert fields(*headers) == expected


class TestCompaniesAmongNames:
    FIRMS = ("Quay Pipes GmbH", "Tide & Rope Ltd", "Oak Bowl S.r.l.")

    def columns(self, *headers: str):
        cells = {"Contact": "Ann Lee{}", "Email": "ann@quay-{}.com", "Position": "Buyer {}"}
        return guess(
            headers,
            sample=[
                [cells.get(header, firm).format("abc"[n]) for header in headers]
                for n, firm in enumerate(self.FIRMS)
            ],
        )

    def test_make_a_bare_name_the_companys(self):
        found = self.columns("Name", "Contact", "Position", "Email")

        assert found.as_stored() == ["company", "full_name", "title", "email"]

    @pytest.mark.parametrize("header", ["Full Name", "First Name", "Last Name", "Job Title"])
    def test_speak_against_what_is_a_persons(self, header):
        assert self.columns(header, "Email").unsure == (0,)

    @pytest.mark.parametrize("other", ["Vorname", "Company"])
    def test_are_asked_about_beside_a_first_name_or_a_company(self, other):
        found = self.columns("Name", other, "Email")

        assert found.field_of(0) == ""
        assert 0 in found.unsure

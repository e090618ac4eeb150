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


class TestTitles:
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

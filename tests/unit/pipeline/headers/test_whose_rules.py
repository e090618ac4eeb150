"""Whose columns they are, where a header says it by a word that makes no field."""

from __future__ import annotations

import pytest

from pipeline.mapping import UnsureMapping, guess


def fields(*headers: str, sample: list[list[str]] | None = None) -> list[str]:
    return guess(headers, sample=sample or []).as_stored()


class TestOneWhoseWordNobodyKnows:
    HEADERS = ("Author First Name", "Author Last Name", "Author Email", "Author Company", "Paper")
    SAMPLE = [
        ["Ann", "Lee", "ann@acme.com", "Acme", "On pipes"],
        ["Bo", "Tallow", "bo@bolt.com", "Bolt", "On wax"],
        ["Cara", "Wynn", "cara@mint.com", "Mint", "On tea"],
    ]

    def test_has_the_name_too_where_the_cells_show_the_address(self):
        found = guess(self.HEADERS, sample=self.SAMPLE)

        assert found.as_stored() == ["first_name", "last_name", "email", "company", ""]
        assert found.confidence[0] == 0.7

    def test_is_asked_for_without_cells(self):
        with pytest.raises(UnsureMapping) as question:
            guess(self.HEADERS)

        assert question.value.columns.unsure == (0, 1, 2, 3)

    def test_is_not_whom_a_bare_name_names(self):
        with pytest.raises(UnsureMapping) as question:
            guess(["c_first_name", "c_email", "u_email", "o_name"])

        assert question.value.columns.unsure == (0, 1, 2, 3)

    def test_is_another_beside_somebodys_name(self):
        """The company is the address's, by its domain."""
        sample = [[*row, "Max Roe"] for row in self.SAMPLE]

        found = fields(*self.HEADERS, "Full Name", sample=sample)

        assert found == ["", "", "email", "company", "", "full_name"]


class TestLeadsWithContacts:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["Lead - Title", "Person - Name", "Person - Email"], ["", "full_name", "email"]),
            (["Título do lead", "Nome do contato", "E-mail"], ["", "full_name", "email"]),
            (["Lead Title", "Lead Name", "Lead Email"], ["title", "full_name", "email"]),
            (["Lead contact title", "Contact name", "Email"], ["title", "full_name", "email"]),
        ],
    )
    def test_have_titles_that_are_no_jobs(self, headers, expected):
        assert fields(*headers) == expected


class TestGuests:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["E-Mail", "Teilnehmername: Vorname", "Teilnehmername: Nachname", "Teilnehmer-E-Mail"],
             ["", "first_name", "last_name", "email"]),
            (["Email", "Customer Name", "Customer Email"], ["email", "full_name", ""]),
            (["Email", "First Name", "Attendee Email"], ["email", "first_name", ""]),
            (["Invitee Name", "Invitee Email", "Guest Email(s)"], ["full_name", "email", ""]),
            (["customer_email", "billing_first_name", "billing_email", "billing_company"],
             ["", "first_name", "email", "company"]),
            (["Supplier Name", "Email", "Buyer Email"], ["company", "email", ""]),
        ],
    )  # fmt: skip
    def test_have_the_address_that_goes_with_their_names(self, headers, expected):
        assert fields(*headers) == expected

    def test_of_two_kinds_are_asked_about(self):
        with pytest.raises(UnsureMapping, match="'Invitee Email' and 'Guest Email'"):
            guess(["Invitee Email", "Guest Email"])

    def test_who_recommends_a_friend_is_asked_about(self):
        with pytest.raises(UnsureMapping, match=r"'Your Email' and 'Friend.s Email'"):
            guess(["Your Name", "Your Email", "Friend's Name", "Friend's Email"])

    def test_who_recommends_a_friend_has_no_company_or_job_of_a_lead(self):
        with pytest.raises(UnsureMapping) as question:
            guess(["Your Company", "Your Job Title", "Your Full Name", "Friend's Email"])

        assert question.value.columns.unsure == (0, 1, 2, 3)


class TestPlaces:
    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["Exhibitor", "Hall"], ["company", ""]),
            (["Aussteller", "Halle", "Firma"], ["", "", "company"]),
            (["Supplier", "Supplier Name"], ["", "company"]),
            (["Name", "Contact Name", "Website"], ["company", "full_name", "website"]),
            (["Name", "Contact Name"], ["", "full_name"]),
            (["Full Name", "Account", "MX Record"], ["full_name", "", ""]),
            (["Full Name", "Account"], ["full_name", "company"]),
            (["Item Name", "Company"], ["", "company"]),
            (["Name", "Job Position", "Type", "Street", "City"],
             ["full_name", "title", "", "address", "city"]),
        ],
    )  # fmt: skip
    def test_have_names_of_their_own(self, headers, expected):
        assert fields("Email", *headers)[1:] == expected


class TestTheSameForAll:
    def columns(self, own: list[str], headers=("Company", "Firm", "Email"), ends="abcd"):
        rows = [
            [own[n % len(own)], f"Tide {end}", f"ann@tide-{end}.com"] for n, end in enumerate(ends)
        ]
        return guess(headers, sample=rows)

    @pytest.mark.parametrize("own", [["OurCo GmbH"], ["OurCo", "Ours"]])
    def test_is_a_company_that_is_asked_about(self, own):
        assert self.columns(own).as_stored() == ["", "company", "email"]

    @pytest.mark.parametrize(
        ("own", "ends"),
        [(["Tide"], "abcd"), (["OurCo"], "aaaa"), (["OurCo"], "ab"), (["A", "B", "C"], "abcd"),
         (["OurCo", "Ours"], "abc")],
    )  # fmt: skip
    def test_is_none_where_it_may_be_the_leads(self, own, ends):
        assert self.columns(own, ends=ends).field_of(0) == "company"

    def test_is_an_address_that_is_asked_about_beside_others(self):
        own = ["sam@ourco.com", "lou@ourco.com"]

        with pytest.raises(UnsureMapping, match="'Email' and 'Reach'"):
            self.columns(own, ("Email", "Firm", "Reach"))

    def test_is_an_address_where_no_others_differ(self):
        found = self.columns(["sam@ourco.com"], ("Email", "Firm", "Reach"), ends="aaaa")

        assert found.field_of(0) == "email"

    def test_is_a_company_beside_addresses_that_are_asked_about(self):
        rows = [["OurCo", f"{who}@ourco.com", f"ann@tide-{end}.com"] for who, end in
                zip(["sam", "lou", "sam", "sam"], "abcd", strict=True)]  # fmt: skip

        with pytest.raises(UnsureMapping) as question:
            guess(["Company", "Email", "Prospect Email"], sample=rows)

        assert 0 in question.value.columns.unsure

    @pytest.mark.parametrize("name", ["Full Name", "First Name", "Last Name"])
    def test_is_a_name_that_is_asked_about_beside_others(self, name):
        found = self.columns(["Greta", "Milo"], (name, f"Prospect {name}", "Email"))

        assert found.field_of(0) == ""
        assert found.field_of(1) in {"full_name", "first_name", "last_name"}
        assert found.unsure == (0,)

    def test_is_a_bare_name_that_is_asked_about(self):
        found = self.columns(["Weekly", "Monthly"], ("Name", "Firm", "Email"))

        assert found.as_stored() == ["", "company", "email"]
        assert found.unsure == (0,)

    def test_is_a_name_where_no_others_differ(self):
        found = self.columns(["Greta", "Milo"], ("First Name", "Firm", "Email"))

        assert found.field_of(0) == "first_name"

"""What the rows of a file show where its headers leave it open."""

from __future__ import annotations

import pytest

from pipeline.mapping import Columns, UnsureMapping, guess

PEOPLE = [
    ("Orla Penhallow", "Fennimore Freight Ltd", "orla.penhallow@fennimorefreight.com", "Buyer"),
    ("Jürgen Möhrle", "Brackwater Tools", "jmoehrle@brackwater-tools.de", "Plant Manager"),
    ("Dexter Quillan", "Sundrift Inc.", "dexter@sundrift.io", "Director"),
]


def columns(header: str, cells: list[str], *more: str) -> Columns:
    """Of a file with this column, the addresses above and more columns of `PEOPLE`'s titles."""
    rows = [
        [cell, email, *[title for _ in more]]
        for cell, (_, _, email, title) in zip(cells, PEOPLE, strict=True)
    ]
    return guess([header, "Email", *more], sample=rows)


NAMES = [name for name, *_ in PEOPLE]
COMPANIES = [company for _, company, *_ in PEOPLE]


class TestANameInTheAddresses:
    @pytest.mark.parametrize(
        "header", ["CEO", "Dirigeant", "AP Name", "Representante legal", "Speaker", "Who"]
    )
    def test_is_theirs_whosever_it_is(self, header):
        found = columns(header, NAMES)

        assert found.field_of(0) == "full_name"
        assert found.confidence[0] == 0.7

    @pytest.mark.parametrize(
        "cells",
        [
            ["Max Penhallow", "Eva Möhrle", "Dana Roe"],
            ["Greta Lind", "Tobias Brand", "Greta Lind"],
            [NAMES[0], NAMES[1], "Greta Lind"],
            [NAMES[0], NAMES[1], ""],
            ["Penhallow", "Möhrle", "Dexter"],
        ],
        ids=["wives", "colleagues", "two of three", "two", "half a name"],
    )
    def test_is_asked_about_where_it_may_be_anothers(self, cells):
        found = columns("AP Name", cells)

        assert found.field_of(0) == ""

    @pytest.mark.parametrize("header", ["Spouse Name", "Previous Owner"])
    def test_is_not_sought_where_the_header_says_whose_it_is(self, header):
        assert columns(header, NAMES).field_of(0) == ""

    def test_brings_the_title_of_the_same_word(self):
        found = columns("AP Name", NAMES, "AP Funktion", "AE Funktion")

        assert found.as_stored() == ["full_name", "email", "title", ""]

    def test_brings_the_title_of_his_too(self):
        found = columns("Speaker", NAMES, "Speaker's position")

        assert found.as_stored() == ["full_name", "email", "title"]

    def test_brings_none_of_two_titles(self):
        found = columns("AP Name", NAMES, "AP Funktion", "AP Position")

        assert found.as_stored() == ["full_name", "email", "", ""]

    def test_is_asked_about_where_there_are_two(self):
        rows = [[name, name, email] for name, _, email, _ in PEOPLE]

        found = guess(["AP Name", "GF Name", "Email"], sample=rows)

        assert found.as_stored() == ["", "", "email"]


class TestAnAddressOfThoseNamed:
    """Beside an architect's addresses."""

    HEADERS = ("AP", "AP-Mail", "Planer-Mail")

    def rows(self) -> list[list[str]]:
        names = [*NAMES, "Mabel Thornquist", "Silke Dornkamp"]
        return [
            [name, f"{name.split()[0].lower()}@tide-{n}.com", f"bob{n}@plan.com"]
            for n, name in enumerate(names)
        ]

    def test_is_taken_where_the_others_are_at_one_firm(self):
        found = guess(self.HEADERS, sample=self.rows())

        assert found.as_stored() == ["full_name", "email", ""]
        assert found.confidence[1] == 0.7

    @pytest.mark.parametrize(
        ("column", "cells"),
        [
            (0, ["Greta Lind", "Max Roe", "Eva Bolt", "Rex Tallow", "Ina Wynn"]),
            (1, [f"x{n}@tide-{n}.com" for n in range(5)]),
            (1, ["orla@web.com", "jurg@web.com", "dext@web.com", "mabe@web.com", "silk@b.com"]),
            (2, [f"bob{n}@plan-{n}.com" for n in range(5)]),
        ],
        ids=["others named", "nobody named", "one firm's too", "others at many firms"],
    )
    def test_is_asked_for_where_it_is_less_sure(self, column, cells):
        rows = self.rows()
        for row, cell in zip(rows, cells, strict=True):
            row[column] = cell

        with pytest.raises(UnsureMapping, match="'AP-Mail' and 'Planer-Mail'"):
            guess(self.HEADERS, sample=rows)

    def test_is_asked_for_where_another_is_named(self):
        with pytest.raises(UnsureMapping, match="'AP-Mail' and 'Planer-Mail'"):
            guess(["GF", *self.HEADERS[1:]], sample=self.rows())

    def test_is_asked_for_in_few_rows(self):
        with pytest.raises(UnsureMapping):
            guess(self.HEADERS, sample=self.rows()[:4])


class TestACompanyInTheDomains:
    @pytest.mark.parametrize(
        "header", ["Portfolio Company", "Kunde", "Cliente", "Azienda / Ente", "Account"]
    )
    def test_is_the_leads(self, header):
        assert columns(header, COMPANIES).field_of(0) == "company"

    @pytest.mark.parametrize(
        ("header", "cells"),
        [
            ("Portfolio Company", ["Hallmont Ltd", "Pinecrest Inc.", "Veldt GmbH"]),
            ("Parent Company", COMPANIES),
            ("Previous Company", COMPANIES),
        ],
    )
    def test_is_none_that_may_be_anothers(self, header, cells):
        assert columns(header, cells).field_of(0) == ""

    def test_may_be_called_a_name_beside_a_contacts(self):
        rows = [
            [f"{company} Ltd", *name.split(), email]
            for (name, _, email, _), company in zip(PEOPLE, COMPANIES, strict=True)
        ]

        found = guess(["Name", "Contact: First name", "Contact: Last name", "Email"], sample=rows)

        assert found.as_stored() == ["company", "first_name", "last_name", "email"]


class TestANameThatHoldsACompany:
    HEADERS = ("Name", "Contact Name", "Partner Name", "Email", "Website")

    def named(self, form: str) -> Columns:
        rows = [
            [form.format(company), name, f"{company} Ltd", email, "acme.com"]
            for name, company, email, _ in PEOPLE
        ]
        return guess(self.HEADERS, sample=rows)

    def test_is_asked_about_where_it_holds_more(self):
        found = self.named("{} Ltd - renewal")

        assert found.field_of(0) == ""
        assert 0 in found.unsure

    def test_is_the_company_where_it_holds_no_more(self):
        assert self.named("{} Ltd").field_of(0) == "company"

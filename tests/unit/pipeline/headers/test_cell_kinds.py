from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.headers.cell_kinds import (
    are_companies,
    are_names,
    are_no_countries,
    contradicts,
    differ,
    filled,
    hold_jobs,
    kind_of,
)


class TestKindOf:
    @pytest.mark.parametrize(
        ("cell", "kind"),
        [
            ("ann@acme-pipes.com", "address"),
            ("Ann Lee <ann@acme-pipes.com>", "address"),
            ("mailto:ann@acme-pipes.com", "address"),
            ("ann@acme-pipes.com; bob@acme-pipes.com", "address"),
            ("ann@acme-pipes.com ::: bob@acme-pipes.com", "address"),
            ("write to ann@acme-pipes.com tomorrow", ""),
            ("https://www.linkedin.com/in/ann-lee", "linkedin_url"),
            ("de.linkedin.com/in/ann-lee", "linkedin_url"),
            ("https://linkedin.com/company/acme-pipes", "company_linkedin_url"),
            ("https://www.linkedin.com/sales/lead/abc", "url"),
            ("https://acme-pipes.com/", "website"),
            ("www.acme-pipes.com", "website"),
            ("https://maps.example.com/place/1?x=2", "url"),
            ("acme-pipes.com", ""),
            ("true", "flag"),
            ("ja", "flag"),
            ("2024-01-15 10:30", "date"),
            ("15.01.2024", "date"),
            ("15 jan 2024", "date"),
            ("march 3, 2024", "date"),
            ("+49 30 1234567", "phone"),
            ("'+1 415-555-0100", "phone"),
            ("(415) 555-0100", "phone"),
            ("4155550100", ""),
            ("mrs.", "salutation"),
            ("herr", "salutation"),
            ("dr", "salutation"),
            ("rt hon", "salutation"),
            ("director", ""),
            ("co-organizer", "part"),
            ("end-user", "part"),
            ("user researcher", ""),
            ("economic buyer", "part"),
            ("senior buyer", ""),
            ("smb", "class"),
            ("mid-market", "class"),
            ("enterprise rent", ""),
        ],
    )
    def test_is_what_a_cell_looks_like(self, cell, kind):
        assert kind_of([cell]) == kind

    def test_is_that_of_four_cells_in_five(self):
        assert kind_of(["ann@acme-pipes.com"] * 4 + ["unknown"]) == "address"
        assert kind_of(["ann@acme-pipes.com"] * 3 + ["unknown"]) == ""

    def test_is_of_numbers_only_where_there_are_some(self):
        assert kind_of(["3"]) == ""
        assert kind_of(["3", "17", "1,200"]) == "number"
        assert kind_of(["#1001", "#1002", "#1003"]) == "number"

    def test_takes_sites_and_pages_together_for_links(self):
        assert kind_of(["https://acme-pipes.com", "https://acme-pipes.com/about"]) == "url"

    def test_of_nothing_is_nothing(self):
        assert kind_of([]) == ""

    @pytest.mark.parametrize(
        "piece", ["b <a@b.cc> , ", "a@", "a@b.cc ", "1 ", "<", "a <", "www.a.", "a.", ":::", "a@b,"]
    )
    def test_is_soon_found_for_cells_made_to_take_long(self, piece):
        assert kind_of([piece * 100 + "!"] * 50) in {"", "url"}

    @given(st.lists(st.text(alphabet="a@.,;: <>/+-1", max_size=500), max_size=3))
    def test_is_soon_found_for_any_cells(self, cells):
        assert isinstance(kind_of(cells), str)


class TestFilled:
    def test_leaves_out_what_is_empty_or_missing(self):
        assert filled([["Ann", " x "], ["Bob"], [], ["Cid", " "]], 1) == ["x"]

    def test_looks_at_the_first_fifty_rows(self):
        assert len(filled([["x"]] * 80, 0)) == 50


class TestContradicts:
    @pytest.mark.parametrize(
        ("field", "kind"),
        [("email", "date"), ("email", "flag"), ("first_name", "address"), ("title", "salutation"),
         ("company", "number"), ("company", "class"), ("company", "part"), ("linkedin_url", "company_linkedin_url")],
    )  # fmt: skip
    def test_is_so_for_what_cannot_be(self, field, kind):
        assert contradicts(field, kind)

    @pytest.mark.parametrize(
        ("field", "kind"),
        [("email", "address"), ("email", ""), ("phone", "number"), ("company", ""),
         ("notes", "date"), ("employees", "number")],
    )  # fmt: skip
    def test_is_not_so_for_what_may_be(self, field, kind):
        assert not contradicts(field, kind)


class TestDiffer:
    def test_is_not_so_of_the_same_few(self):
        assert differ(["ann@acme-pipes.com", "bob@acme-pipes.com"])
        assert not differ(["ann@acme-pipes.com"] * 9 + ["bob@acme-pipes.com"])


class TestAreNames:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (["ann lee", "josé de la cruz", "seán o\u2019neill"], True),
            (["ann", "bo", "cara"], False),
            (["ann lee", "ann lee", "ann lee"], False),
            (["2 hill rd", "1 quay st", "9 low st"], False),
        ],
    )
    def test_are_several_words_each_and_differ(self, cells, expected):
        assert are_names(cells) is expected


class TestHoldJobs:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (["ceo", "tide & rope", "oak bowl"], True),
            (["indkøbschef", "jednatel", "müdür"], True),
            (["tide & rope", "oak bowl", "pine spoon"], False),
            (["tide & rope", "oak bowl", "oak bowl"], None),
            (["директор", "бухгалтер", "юрист"], None),
            ([], None),
        ],
    )
    def test_is_told_by_three_cells_that_differ(self, cells, expected):
        assert hold_jobs(cells) is expected

    def test_is_not_so_of_a_job_among_many(self):
        assert hold_jobs([f"oak bowl {'x' * n}" for n in range(19)] + ["owner"]) is False


class TestAreCompanies:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (["quay pipes gmbh", "tide & rope", "oak bowl s.r.o."], True),
            (["quay pipes gmbh", "tide & rope", "oak bowl"], False),
            (["quay pipes gmbh", "quay pipes gmbh", "tide ltd"], False),
            (["ann lee", "bo tallow", "nguyen da"], False),
            ([], False),
        ],
    )
    def test_are_so_where_most_have_a_legal_form(self, cells, expected):
        assert are_companies(cells) is expected


class TestAreNoCountries:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (["liberecký", "vysočina", "olomoucký"], True),
            (["liberecký", "vysočina", "česko"], False),
            (["liberecký", "liberecký", "vysočina"], False),
            ([], False),
        ],
    )
    def test_is_so_where_nobody_knows_any(self, cells, expected):
        assert are_no_countries(cells) is expected

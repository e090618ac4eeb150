from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.fields.polish import (
    company,
    company_in_prose,
    person_name,
    person_names,
    phone_e164,
)

names = st.sampled_from(["", "ANN", "cole", "Dr.", "van der BERG", "Ann, PhD", "🚀", "Ann Cole"])


class TestPersonName:
    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [
            pytest.param("ANN", "O'NEIL", ("Ann", "O'Neil"), id="shouted"),
            pytest.param("mary-jane", "mcdonald", ("Mary-Jane", "McDonald"), id="whispered"),
            pytest.param("LUDWIG", "VAN DER BERG", ("Ludwig", "van der Berg"), id="particles"),
            pytest.param("VAN", "LE", ("Van", "Le"), id="a particle alone is a name"),
            pytest.param("RUI", "MACHADO", ("Rui", "Machado"), id="not every Mac is one"),
            pytest.param("IAN", "MACLEOD", ("Ian", "MacLeod"), id="Mac"),
            pytest.param("J.R.", "EWING", ("J.R.", "Ewing"), id="initials"),
            pytest.param("LeAnn", "DiCaprio", ("LeAnn", "DiCaprio"), id="mixed is left alone"),
            pytest.param("José 🚀", "Núñez", ("José", "Núñez"), id="emoji"),
            pytest.param("Zoë 👩🏽‍💻", "Cole", ("Zoë", "Cole"), id="emoji of several signs"),
            pytest.param("Ann (she/her)", "Cole [ex]", ("Ann", "Cole"), id="remarks"),
            pytest.param("Dr. Ann", "Cole, MBA, PMP", ("Ann", "Cole"), id="title, credentials"),
            pytest.param("Ann", "Cole Ph.D.", ("Ann", "Cole"), id="credential without a comma"),
            pytest.param("Mr.", "Cole", ("", "Cole"), id="a title is no name"),
            pytest.param("Yo-Yo", "Ma", ("Yo-Yo", "Ma"), id="a name that looks like a degree"),
            pytest.param("李", "王", ("李", "王"), id="no letter case"),
            pytest.param("N/A", "null", ("", ""), id="no names"),
            pytest.param("#N/A", "--", ("", ""), id="a spreadsheet's no names"),
            pytest.param("0", "?", ("", ""), id="no letters"),
            pytest.param("NA", "Null", ("Na", "Null"), id="names that look like none"),
        ],
    )
    def test_of_two_parts(self, first, last, expected):
        assert person_name(first, last, "") == expected

    @pytest.mark.parametrize(
        ("full", "expected"),
        [
            ("Dr. Ann van der Berg, PhD", ("Ann", "van der Berg")),
            ("BERG, ANN", ("Ann", "Berg")),
            ("de la Cruz, Maria", ("Maria", "de la Cruz")),
            ('Ann "Annie" Cole', ("Ann", "Cole")),
            ("Ann", ("Ann", "")),
            ("", ("", "")),
            ("🚀", ("", "")),
            ("Unknown", ("", "")),
        ],
    )
    def test_of_a_full_name(self, full, expected):
        assert person_name("", "", full) == expected

    @pytest.mark.parametrize(
        ("first", "last", "expected"),
        [("ANN", "", ("Ann", "Cole")), ("", "COLE", ("Bea", "Cole")), ("Cole", "", ("Cole", ""))],
    )
    def test_fills_only_what_is_missing(self, first, last, expected):
        assert person_name(first, last, "Bea Cole") == expected

    @given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
    def test_takes_any_text(self, first, last, full):
        found = person_name(first, last, full)

        assert all(part == part.strip() for part in found)

    @given(st.lists(st.tuples(names, names, names), max_size=4))
    def test_of_columns_are_those_of_their_rows(self, rows):
        first, last, full = ([row[n] for row in rows] for n in range(3))

        found = zip(*person_names(first, last, full), strict=True)

        assert list(found) == [person_name(*row) for row in rows]


class TestCompany:
    @pytest.mark.parametrize(
        ("name", "in_a_file", "in_prose"),
        [
            ("Norvawick Inc.", "Norvawick Inc.", "Norvawick"),
            ("Norvawick, Inc.", "Norvawick, Inc.", "Norvawick"),
            ("NORVAWICK FOODS GMBH", "Norvawick Foods GmbH", "Norvawick Foods"),
            ("Norvawick S.p.A.", "Norvawick S.p.A.", "Norvawick"),
            ("Norvawick GmbH & Co. KG", "Norvawick GmbH & Co. KG", "Norvawick"),
            ("Norvawick Inc., LLC", "Norvawick Inc., LLC", "Norvawick"),
            ("Norvawick® Ltd", "Norvawick® Ltd", "Norvawick"),
            ("Norvawick (formerly Ostrel) Ltd", "Norvawick (formerly Ostrel) Ltd", "Norvawick"),
            ("QNB SE", "QNB SE", "QNB"),
            ("BANK OF OSTREL", "Bank of Ostrel", "Bank of Ostrel"),
            ("ostrel foods", "Ostrel Foods", "Ostrel Foods"),
            ("ostrel.com", "ostrel.com", "ostrel.com"),
            ("eOstrel Inc", "eOstrel Inc", "eOstrel"),
            ("Inc", "Inc", "Inc"),
            ("1&1", "1&1", "1&1"),
            ("n/a", "", ""),
            ("NULL", "", ""),
            ("-", "", ""),
            ("", "", ""),
        ],
    )
    def test_is_shown_as_people_write_it(self, name, in_a_file, in_prose):
        assert company(name) == in_a_file
        assert company_in_prose(name) == in_prose

    @given(
        st.lists(st.sampled_from(["Inc", "LLC", ",", "(x)", "GMBH", "&", "Co.", "®", "A"])).map(
            " ".join
        )
    )
    def test_never_becomes_empty(self, name):
        assert bool(company_in_prose(name)) == bool(name)


class TestPhone:
    @pytest.mark.parametrize(
        ("text", "country", "expected"),
        [
            ("030 23125 100", "DE", "+493023125100"),
            ("+1 512-555-0100", "", "+15125550100"),
            ("(512) 555-0100", "US", "+15125550100"),
            ("512 555 0100", "", None),
            ("12", "US", None),
            ("n/a", "US", None),
        ],
    )
    def test_is_dialled_from_anywhere(self, text, country, expected):
        assert phone_e164(text, country) == expected

"""What a line of a do-not-contact list names."""

from __future__ import annotations

import pytest

from clients.do_not_contact import entry_of, read, text_of


class TestOneText:
    @pytest.mark.parametrize(
        ("text", "entry"),
        [
            pytest.param(" Eve@Elm-Foods.com ", ("ADDRESS", "eve@elm-foods.com"), id="address"),
            pytest.param("e.v.e+x@googlemail.com", ("ADDRESS", "eve@gmail.com"), id="gmail"),
            pytest.param("@Elm-Foods.com", ("DOMAIN", "elm-foods.com"), id="domain with an at"),
            pytest.param("elm-foods.com", ("DOMAIN", "elm-foods.com"), id="domain"),
            pytest.param("*@Elm-Foods.com", ("DOMAIN", "elm-foods.com"), id="everybody at it"),
            pytest.param("*.elm-foods.com", ("DOMAIN", "elm-foods.com"), id="all below it"),
            pytest.param("www.elm-foods.com", ("DOMAIN", "elm-foods.com"), id="its website"),
            pytest.param("https://Elm-Foods.com/", ("DOMAIN", "elm-foods.com"), id="its address"),
            pytest.param("https://linkedin.com/in/eve", None, id="a page of many"),
            pytest.param("shop.elm-foods.co.uk", ("DOMAIN", "shop.elm-foods.co.uk"), id="below"),
            pytest.param("müller.de", ("DOMAIN", "xn--mller-kva.de"), id="international domain"),
            pytest.param("+49 (30) 123-45.67", ("PHONE", "49301234567"), id="phone"),
            pytest.param("0049301234567", ("PHONE", "49301234567"), id="phone with 00"),
            pytest.param("030 1234567", ("PHONE", "0301234567"), id="phone at home"),
            pytest.param("123456", None, id="too few digits"),
            pytest.param("1" * 16, None, id="too many digits"),
            pytest.param("2026-03-02", None, id="a date"),
            pytest.param("02.03.2026", None, id="a date with dots"),
            pytest.param("nobody", None, id="a word"),
            pytest.param("two@@at.com", None, id="no address"),
            pytest.param("com", None, id="an ending alone"),
            pytest.param("", None, id="nothing"),
        ],
    )
    def test_is_an_address_a_domain_a_phone_or_nothing(self, text, entry):
        assert entry_of(text) == entry


class TestAList:
    def test_holds_each_entry_once_and_what_is_none(self):
        found = read("eve@elm-foods.com\n\nEVE@elm-foods.com\nnobody\n+49 30 1234567\n")

        assert found.entries == {("ADDRESS", "eve@elm-foods.com"), ("PHONE", "49301234567")}
        assert found.not_understood == ["nobody"]

    @pytest.mark.parametrize(
        "heading", ["Email", "email;name", "Company,Phone number", "mail_work"]
    )
    def test_may_begin_with_a_heading(self, heading):
        assert read(f"{heading}\neve@elm-foods.com").not_understood == []

    def test_has_a_heading_on_its_first_line_only(self):
        assert read("eve@elm-foods.com\nEmail").not_understood == ["Email"]

    @pytest.mark.parametrize(
        ("line", "entries"),
        [
            pytest.param(
                '7;"eve@elm-foods.com";elm-foods.com;+49 30 1234567',
                {("ADDRESS", "eve@elm-foods.com")},
                id="address first",
            ),
            pytest.param(
                "1000234\tEve\t2026-03-02\t+49 30 1234567\telm-foods.com",
                {("PHONE", "49301234567"), ("PHONE", "1000234")},
                id="then all that may be phones",
            ),
            pytest.param(
                "Elm Foods,elm-foods.com", {("DOMAIN", "elm-foods.com")}, id="then domain"
            ),
        ],
    )
    def test_takes_one_kind_of_a_line(self, line, entries):
        assert read(line).entries == entries

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    def test_is_read_in_the_encodings_of_spreadsheets(self, encoding):
        assert text_of("müller.de".encode(encoding)) == "müller.de"

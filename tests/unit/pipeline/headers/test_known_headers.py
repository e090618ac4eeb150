from __future__ import annotations

import pytest

from pipeline.headers.known_headers import base, merged, recalled, to_remember
from pipeline.mapping import UnsureMapping, guess


class TestRecalled:
    @pytest.mark.parametrize(
        "header", ["Reach me at", "reach me at", " Reach  me at", "REACH-ME-AT", "reach_me_at"]
    )
    def test_knows_a_header_however_it_is_written(self, header):
        assert recalled(["Name", header], {"Reach me at": "email"}) == {1: "email"}
        assert base(header) == base("Reach me at")

    def test_knows_one_in_a_script_that_nobody_reads(self):
        assert recalled(["อีเมล", "ชื่อ"], {"ชื่อ": "full_name"}) == {1: "full_name"}

    @pytest.mark.parametrize(
        ("headers", "expected"),
        [
            (["Phone", "Email", "phone"], {0: "phone", 2: "company_phone"}),
            (["Phone", "Phone (2)"], {0: "phone", 1: "company_phone"}),
            (["Phone", "Email"], {}),
            (["Phone", "Phone", "Phone"], {}),
        ],
    )
    def test_knows_those_alike_only_where_they_are_as_many(self, headers, expected):
        assert recalled(headers, {"Phone": "phone", "Phone (2)": "company_phone"}) == expected

    def test_says_nothing_of_a_header_without_text(self):
        assert recalled(["", "-"], {"-": "notes"}) == {1: "notes"}


class TestToRemember:
    def test_tells_those_alike_by_their_order_and_takes_all_of_them(self):
        headers, fields = ["Phone", "Email", "Phone", ""], ["phone", "email", "company_phone", ""]

        assert to_remember(headers, fields, [2]) == {"Phone": "phone", "Phone (2)": "company_phone"}
        assert to_remember(headers, fields, [1, 3]) == {"Email": "email"}

    def test_is_what_is_recalled(self):
        headers, fields = ["A", "a (2)", "A", "A (2)"], ["notes", "list", "city", "state"]

        assert recalled(headers, to_remember(headers, fields, [0])) == dict(enumerate(fields))


class TestMerged:
    def test_forgets_what_was_said_of_headers_alike(self):
        known = {"E-Mail": "email", "E-mail (2)": "email_alt", "Firm": "company"}

        assert merged(known, {"e-mail": "email"}) == {"Firm": "company", "e-mail": "email"}


class TestAKnownColumn:
    NAMES = (["Ann", "ann@acme.com"], ["Bob", "bob@bolt.com"])

    def test_fills_its_field(self):
        found = guess(["X", "Email"], known={"x": "first_name"}, sample=self.NAMES)

        assert (found.field_of(0), found.confidence[0]) == ("first_name", 1.0)

    def test_is_doubted_where_its_cells_cannot_be_that(self):
        found = guess(["Email", "X"], known={"X": "first_name"}, sample=[["a@b.de", "b@b.de"]])

        assert (found.field_of(1), found.unsure) == ("", (1,))

    def test_is_asked_about_where_it_would_hold_the_addresses(self):
        with pytest.raises(UnsureMapping):
            guess(
                ["X", "Y"], known={"X": "email"}, sample=[["1.5.2026", "Ulm"], ["2.5.2026", "Ulm"]]
            )

    def test_gives_way_to_what_is_said_of_this_file(self):
        sample = [["1.5.2026", "a@acme.com"], ["2.5.2026", "b@acme.com"]]

        assert guess(["X", "Y"], {"X": "email"}, sample, {"X": "city"}).by_field == {"email": (0,)}
        assert guess(["X", "Y"], {"Y": "email"}, sample, {"X": "email"}).by_field == {"email": (1,)}

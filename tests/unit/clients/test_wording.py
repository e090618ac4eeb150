"""A client's own words: which variables they may hold, and what becomes of these."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from clients import wording

VALUES = {"client": "Acme {leads}", "leads": 3, "date": "25 November 2026"}


class TestCheck:
    @pytest.mark.parametrize(
        "text", ["", "Your leads", "{leads} for {client}, {date}", "{leads}{leads}"]
    )
    def test_takes_declared_variables(self, text):
        wording.check_subject(text)
        wording.check_intro(text)

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("{name}", r"There is no variable {name}. May hold {client}"),
            ("{}", "There is no variable {}"),
            ("{ leads }", "There is no variable { leads }"),
            ("{{leads}}", "A brace stands alone"),
            ("50 % } off", "A brace stands alone"),
            ("{leads", "A brace stands alone"),
        ],
    )
    def test_refuses_what_could_not_be_filled(self, text, sentence):
        for check in (wording.check_subject, wording.check_intro):
            with pytest.raises(ValidationError, match=sentence):
                check(text)

    def test_keeps_a_subject_on_one_line(self):
        with pytest.raises(ValidationError, match="one line"):
            wording.check_subject("Leads\nBcc: eve@else.example")

        wording.check_intro("Hello,\n\nhere they are.")


class TestFill:
    def test_puts_values_in_and_looks_for_no_variable_in_them(self):
        assert wording.fill("{leads} for {client}", VALUES) == "3 for Acme {leads}"

from __future__ import annotations

import pytest

from pipeline.mapping import Columns, guess

CELLS = {
    "Email": [f"ann@quay-{end}.com" for end in "abc"],
    "jobs": ["Buyer", "Plant manager", "CEO"],
    "firms": ["Quay Pipes GmbH", "Tide & Rope Ltd", "Oak Bowl"],
    "people": ["Ann Lee", "Bo Tallow", "Cara Wynn"],
    "years": ["2001", "2011", "2019"],
    "towns": ["Bath", "Wells", "Frome"],
}


def columns(*pairs: tuple[str, str], rows: int = 3) -> Columns:
    headers = ["Email", *(header for header, _ in pairs)]
    kinds = ["Email", *(kind for _, kind in pairs)]
    return guess(headers, sample=[[CELLS[kind][n] for kind in kinds] for n in range(rows)])


class TestUnfilled:
    @pytest.mark.parametrize(
        ("header", "kind"),
        [("Rep Title", "jobs"), ("Parent Company", "towns"), ("Agent Name", "people"),
         ("Ftgx", "firms"), ("Carica", "jobs"), ("Yetkili", "people")],
    )  # fmt: skip
    def test_is_asked_about_by_word_or_by_cells(self, header, kind):
        assert columns((header, kind)).unsure == (1,)

    @pytest.mark.parametrize(
        ("header", "kind"),
        [("Company Founded", "years"), ("Carica", "towns"), ("Company Rating", "towns")],
    )
    def test_is_not_asked_about_by_what_cannot_be(self, header, kind):
        assert columns((header, kind)).unsure == ()

    def test_is_not_asked_about_by_two_cells(self):
        assert columns(("Rep Title", "jobs"), rows=2).unsure == ()

    @pytest.mark.parametrize(
        ("filled", "header", "kind"),
        [("Job Title", "Rep Title", "jobs"), ("Company", "Parent Company", "firms"),
         ("Last Name", "Agent Name", "people")],
    )  # fmt: skip
    def test_is_none_beside_a_column_that_fills_it(self, filled, header, kind):
        assert 2 not in columns((filled, "towns"), (header, kind)).unsure

"""What becomes of a lead's values on their way into the file; PostgreSQL's part: tests/stages."""

from __future__ import annotations

import datetime as dt

import pytest

from deliveries.csv_export import HEADER
from pipeline.rendering import _Polish, _selected

NOW = dt.datetime(2026, 3, 4, 5, 6, 7, tzinfo=dt.UTC)


def polished(fields, cells, first="", last="", full=""):
    return _Polish(fields).row((*cells, first, last, full))


class TestPolish:
    @pytest.mark.parametrize(
        ("names", "shown"),
        [
            pytest.param(("ANN", "VAN DYK", ""), ["Ann", "van Dyk"], id="shouted"),
            pytest.param(("", "", "Ann Cole"), ["Ann", "Cole"], id="only a full name"),
            pytest.param(("LeAnn", "McCole", ""), ["LeAnn", "McCole"], id="as typed"),
        ],
    )
    def test_names_people_as_they_write_themselves(self, names, shown):
        assert polished(["first_name", "last_name"], names[:2], *names) == shown

    def test_finds_the_names_wherever_their_columns_stand(self):
        found = polished(["last_name", "email", "first_name"], ["COLE", "a@b.c", "ANN"],
                         "ANN", "COLE")  # fmt: skip

        assert found == ["Cole", "a@b.c", "Ann"]

    def test_mends_a_shouted_company_and_keeps_its_legal_form(self):
        assert polished(["company"], ["NORVAWICK FOODS GMBH"]) == ["Norvawick Foods GmbH"]

    def test_leaves_files_without_names_alone(self):
        assert polished(["email"], ["ann@acme.com"], "ANN", "COLE") == ["ann@acme.com"]


class TestSelected:
    def test_asks_for_each_column_of_the_contract(self):
        cells, values = _selected(HEADER, NOW)

        assert len(cells) == len(HEADER)
        assert values == ["2026-03-04T05:06:07Z"]

    def test_names_a_files_own_columns_by_value_and_never_in_sql(self):
        cells, values = _selected(['x"; DROP TABLE pipeline_lead'], NOW)

        assert cells == ["coalesce(lead.extras ->> %s, '')"]
        assert values == ['x"; DROP TABLE pipeline_lead']

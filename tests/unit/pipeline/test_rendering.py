"""What becomes of a lead's values on their way into the file; PostgreSQL's part: tests/stages."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from deliveries.csv_export import HEADER
from pipeline.rendering import _selected, polished


def shown(first="", last="", full="", **others):
    """One lead's row once it is polished."""
    row: dict[str, Sequence[str]] = {
        "first_name": [first],
        "last_name": [last],
        "full_name": [full],
    }
    row |= {name: [value] for name, value in others.items()}
    polished(row)
    return {name: column[0] for name, column in row.items()}


class TestPolished:
    @pytest.mark.parametrize(
        ("names", "as_written"),
        [
            pytest.param(("ANN", "VAN DYK", ""), ("Ann", "van Dyk"), id="shouted"),
            pytest.param(("", "", "Ann Cole"), ("Ann", "Cole"), id="only a full name"),
            pytest.param(("LeAnn", "McCole", ""), ("LeAnn", "McCole"), id="as typed"),
        ],
    )
    def test_names_people_as_they_write_themselves(self, names, as_written):
        found = shown(*names)

        assert (found["first_name"], found["last_name"]) == as_written

    def test_mends_a_shouted_company_and_keeps_its_legal_form(self):
        assert shown(company="NORVAWICK FOODS GMBH")["company"] == "Norvawick Foods GmbH"

    def test_leaves_everything_else_alone(self):
        assert shown(email="ANN@ACME.COM")["email"] == "ANN@ACME.COM"


class TestSelected:
    def test_asks_for_each_column_of_the_contract_by_its_own_name(self):
        cells, values = _selected(HEADER)

        assert (len(cells), values) == (len(HEADER), [])

    def test_names_a_files_own_columns_by_value_and_never_in_sql(self):
        cells, values = _selected(['x"; DROP TABLE pipeline_lead'])

        assert cells == ["coalesce(lead.extras ->> %s, '')"]
        assert values == ['x"; DROP TABLE pipeline_lead']

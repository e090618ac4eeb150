"""The header rows of vendors, of files found in the wild, and of our own making."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.mapping import Columns, NoEmailColumn, guess
from tests.header_rows import CRITICAL, Row, read, wrong_columns

SHARED = Path(__file__).parents[4].parent / "shared/data/headers"
OWN = Path(__file__).with_name("header_rows.txt")
ENOUGH = 0.95  # of the labelled columns


def shared_rows(name: str) -> list[Row]:
    if not SHARED.exists():
        return []
    rows = json.loads((SHARED / f"{name}.json").read_text())
    return [
        Row(row.get("source") or row["id"], [(h, row["mapping"].get(h, "")) for h in row["header"]])
        for row in rows
    ]


SETS = {"own": read(OWN), "vendors": shared_rows("vendors"), "wild": shared_rows("wild")}
here = pytest.mark.parametrize("rows", [pytest.param(rows, id=name, marks=[pytest.mark.skipif(
    not rows, reason="../shared/data is not on this machine")]) for name, rows in SETS.items()])  # fmt: skip


def found(row: Row) -> Columns:
    """The columns; a row without an address gets one, or nothing would be mapped."""
    return guess(row.headers if row.has_email else [*row.headers, "Email Address"])


def misses(row: Row) -> list[str]:
    columns = found(row)
    return [
        f"{row.source}: {header!r} is {field or 'nothing'}, not {columns.field_of(n) or 'nothing'}"
        for n, (header, field) in enumerate(row.columns)
        if columns.field_of(n) != field and (field or columns.field_of(n) in CRITICAL)
    ]


class TestHeaderRows:
    def test_of_our_own_are_many(self):
        assert len(SETS["own"]) >= 25
        assert sum(bool(field) for row in SETS["own"] for _, field in row.columns) > 300

    @here
    def test_have_their_address_found(self, rows):
        missed = {}
        for row in filter(lambda row: row.has_email, rows):
            columns = guess(row.headers)
            expected = [n for n, (_, field) in enumerate(row.columns) if field == "email"]
            if list(columns.by_field["email"]) != expected:
                missed[row.source] = [row.headers[n] for n in columns.by_field["email"]]

        assert missed == {}

    @here
    def test_have_no_address_where_they_have_none(self, rows):
        for row in rows:
            if not row.has_email:
                with pytest.raises(NoEmailColumn):
                    guess(row.headers)

    @here
    def test_have_no_wrong_column_for_a_name_a_job_or_a_company(self, rows):
        assert wrong_columns(rows, found) == []

    @here
    def test_have_nearly_all_their_columns_understood(self, rows):
        labelled = sum(bool(field) for row in rows for _, field in row.columns)
        missed = [miss for row in rows for miss in misses(row)]

        assert len(missed) <= (1 - ENOUGH) * labelled, "\n".join(missed)

    @here
    @pytest.mark.parametrize("spelled", [str.upper, str.lower, lambda h: h.replace(" ", "_")])
    def test_mean_the_same_in_another_spelling(self, rows, spelled):
        for row in rows:
            respelled = [spelled(header) for header in row.headers]
            columns = guess(respelled if row.has_email else [*respelled, "Email Address"])
            wrong = {
                header: columns.field_of(n)
                for n, (header, field) in enumerate(row.columns)
                if columns.field_of(n) in CRITICAL - {field}
            }
            assert wrong == {}, row.source

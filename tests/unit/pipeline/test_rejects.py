"""rejects.csv as a mended file comes back: what it says, and what is taken off again."""

from __future__ import annotations

import csv
import io

import pytest

from pipeline import leadfile, rejects
from pipeline.rejects import Reject

HEADERS = ("Email", "Name", "Name")


def reject(**raw: str) -> Reject:
    return Reject(record=3, field="email", code="bad_email", why="There is no @ in it.", raw=raw)


def table(*found: Reject, headers=HEADERS, surplus=0) -> list[list[str]]:
    content = b"".join(rejects.lines(headers, found, surplus=surplus))
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def read_back(content: bytes):
    stream = io.BytesIO(content)
    layout = leadfile.inspect(stream, known={*HEADERS, *rejects.NOTES}.__contains__)
    (part,) = leadfile.read(stream, layout)
    return layout.headers, rejects.without_notes(part, layout.headers)


class TestRejects:
    def test_hold_the_files_own_columns_and_then_why(self):
        rows = table(reject(Email="x", **{"Name (2)": "Bea"}))

        assert rows == [
            ["Email", "Name", "Name", "_row", "_field", "_code", "_reason"],
            ["x", "", "Bea", "3", "email", "bad_email", "There is no @ in it."],
        ]

    def test_end_their_lines_as_spreadsheets_do(self):
        content = b"".join(rejects.lines(("Email",), [reject(Email="x")], surplus=0))

        assert content.count(b"\r\n") == content.count(b"\n") == 2

    def test_hold_nothing_that_a_spreadsheet_would_run(self):
        assert table(reject(Email="=cmd|' /C calc'!A0"))[1][0] == "'=cmd|' /C calc'!A0"

    def test_leave_blank_rows_out(self):
        assert len(table(Reject(record=1, field="", code="blank", why="", raw={}))) == 1

    def test_hold_cells_behind_the_last_header(self):
        rows = table(reject(Email="x", **{"+1": "Acme", "+2": "Inc"}), reject(Email="y"), surplus=2)

        assert rows[0][3:5] == ["+1", "+2"]
        assert rows[1][3:5] == ["Acme", "Inc"]
        assert rows[2][3:5] == ["", ""]

    def test_show_that_a_row_is_too_wide_where_only_a_blank_cell_makes_it_so(self):
        (_, row) = table(reject(Email="x", **{"+1": ""}), surplus=1)

        assert row[3] == "(blank)"

    def test_join_what_are_too_many_of_these(self):
        raw = {f"+{n}": str(n) for n in range(1, 53)}

        (_, row) = table(reject(Email="x", **raw), surplus=52)

        assert row[3 + rejects.MOST_SURPLUS - 1] == "50 51 52"


class TestAMendedFile:
    @pytest.mark.parametrize(
        "cell",
        ["=1+1", "@home GmbH", "-", "  +x", "'quoted'", "plain", "+49 30 1234567", "\uff1dx"],
    )
    def test_has_each_cell_as_it_was(self, cell):
        content = b"".join(
            rejects.lines(("Email", "Firm"), [reject(Email="a@acme.com", Firm=cell)], surplus=0)
        )

        _, part = read_back(content)

        assert part.frame[1].tolist() == [cell]

    def test_brings_none_of_our_own_words(self):
        content = b"".join(rejects.lines(("Email", "Firm"), [reject(Email="a")], surplus=0))

        headers, part = read_back(content)

        assert rejects.notes_among(headers) == (2, 3, 4, 5)
        assert part.frame.iloc[0].tolist() == ["a", "", "", "", "", ""]

    def test_is_broken_where_cells_still_stand_behind_the_last_column(self):
        found = [
            Reject(
                record=1, field="", code="too_many_cells", why="", raw={"Email": "a", "+1": "Inc"}
            ),
            reject(Email="b"),
        ]

        _, part = read_back(b"".join(rejects.lines(("Email", "Firm"), found, surplus=1)))

        assert {n: bad.code for n, bad in part.broken.items()} == {0: "too_many_cells"}

    def test_is_told_by_all_four_columns(self):
        assert rejects.notes_among(("Email", "_row", "_code")) == ()

"""Lines that are a record each, split at once: as csv splits them, or not at all."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.reading.csv_records import Broken
from pipeline.reading.even_lines import as_record, columns_of
from pipeline.reading.text_lines import Lines

pieces = st.sampled_from(["a", "b ", '"', '""', ",", ";", "\t", "é", "\r", "'", "NA", ""])
texts = st.lists(
    st.tuples(st.lists(pieces, max_size=7).map("".join), st.sampled_from(["\n", "\r\n"])),
    min_size=1,
    max_size=6,
).map(lambda rows: "".join(line + end for line, end in rows))


def rows_of(columns) -> list[list[str]]:
    return [list(row) for row in zip(*(column.to_pylist() for column in columns), strict=True)]


class TestColumnsOf:
    @given(text=texts, width=st.integers(1, 3))
    @example(text='a,b\n"c",d,e\n\n', width=2)
    def test_are_what_csv_makes_of_the_whole_text(self, text, width):
        found = columns_of(Lines.of(text), ",", width)

        if found is None:
            return
        rows = csv.reader(io.StringIO(text, newline=""))
        expected = [as_record(row, ",", width) for row in rows]
        wide = [row for row in expected if len(row) > width]
        assert rows_of(found.columns) == [
            [*row, *[""] * (width - len(row))] if len(row) <= width else [""] * width
            for row in expected
        ]
        assert [bad.cells for bad in found.broken.values()] == [
            row for row in wide if any(map(str.strip, row))
        ]

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param('a,"b\nc",d\n', id="up to the next line"),
            pytest.param('a,b\nc,"d\n', id="at the end"),
            pytest.param('a,b\n"c,d', id="at the end of a text"),
            pytest.param('a,b\nc"d,"e\n', id="behind one within a cell"),
        ],
    )
    def test_are_none_where_a_quote_stays_open(self, text):
        assert columns_of(Lines.of(text), ",", 2) is None

    def test_may_end_with_a_quote_that_opens_nothing(self):
        found = columns_of(Lines.of('a,b\nc,5" pipe\n'), ",", 2)

        assert found is not None
        assert rows_of(found.columns) == [["a", "b"], ["c", '5" pipe']]

    def test_fill_short_lines_and_break_long_ones(self):
        found = columns_of(Lines.of("a,b\nc\nd,e,f\n\ng,h"), ",", 2)

        assert found is not None
        assert rows_of(found.columns) == [["a", "b"], ["c", ""], ["", ""], ["", ""], ["g", "h"]]
        assert found.broken == {2: Broken(code="too_many_cells", cells=["d", "e", "f"])}

    @pytest.mark.parametrize(
        ("line", "row"),
        [
            pytest.param('"c,""d, e"""', ["c", "d, e"], id="a record"),
            pytest.param('"c, d, e"', ["c, d, e", ""], id="more cells"),
            pytest.param('"c"', ["c", ""], id="one cell"),
            pytest.param('"c, ""d"', ["c", ' "d'], id="a quote behind a blank"),
        ],
    )
    def test_read_a_line_that_was_quoted_as_one_cell(self, line, row):
        found = columns_of(Lines.of(f"a,b\n{line}\n"), ",", 2)

        assert found is not None
        assert rows_of(found.columns) == [["a", "b"], row]

    def test_hold_text_only(self):
        found = columns_of(Lines.of("NA,0049\nnull,TRUE\n"), ",", 2)

        assert found is not None
        assert rows_of(found.columns) == [["NA", "0049"], ["null", "TRUE"]]

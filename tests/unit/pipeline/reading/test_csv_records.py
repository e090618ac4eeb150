from __future__ import annotations

import io
import time

import pytest

from pipeline.reading import csv_records
from pipeline.reading.csv_records import NeverCloses, Records


def records(text, delimiter=","):
    return Records(io.StringIO(text, newline=""), delimiter)


def taken(text, delimiter=","):
    """All records as (line, cells); a broken one as (line, code)."""
    batch = records(text, delimiter).take(1_000)
    return [
        (line, batch.broken[n].code if n in batch.broken else row)
        for n, (line, row) in enumerate(zip(batch.lines, batch.rows, strict=True))
    ]


class TestRecords:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("", [], id="nothing"),
            pytest.param("a", [(1, ["a"])], id="no line break at the end"),
            pytest.param("a,b\r\n1,2\r\n", [(1, ["a", "b"]), (2, ["1", "2"])], id="CRLF"),
            pytest.param("a,b\r1,2", [(1, ["a", "b"]), (2, ["1", "2"])], id="CR only"),
            pytest.param("a\n\nb\n", [(1, ["a"]), (2, []), (3, ["b"])], id="empty line"),
            pytest.param('"a\nb",c\nd', [(1, ["a\nb", "c"]), (3, ["d"])], id="quoted break"),
            pytest.param('"a""b"\n', [(1, ['a"b'])], id="doubled quote"),
            pytest.param('5" pipe,b\n', [(1, ['5" pipe', "b"])], id="quote within a cell"),
            pytest.param('"a"x,b\n', [(1, ["ax", "b"])], id="text behind a closing quote"),
        ],
    )
    def test_are_read_with_the_line_they_begin_on(self, text, expected):
        assert taken(text) == expected

    def test_come_in_batches_of_the_size_asked_for(self):
        found = records("a\nb\nc\n")

        assert [found.take(2).rows, found.take(2).rows, found.take(2).rows] == [
            [["a"], ["b"]],
            [["c"]],
            [],
        ]

    def test_of_huge_size_come_in_smaller_batches(self, monkeypatch):
        monkeypatch.setattr(csv_records, "LONGEST_BATCH", 50_000)
        found = records(("x" * 20_000 + "\n") * 10)

        sizes = [len(found.take(100).rows) for _ in range(5)]

        assert sizes == [3, 3, 3, 1, 0]


class TestUnclosedQuote:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                'a,b\n1,"2\n3,4\n5,6',
                [(1, ["a", "b"]), (2, "unclosed_quote"), (3, ["3", "4"]), (4, ["5", "6"])],
                id="in the middle",
            ),
            pytest.param('a\n"', [(1, ["a"]), (2, "unclosed_quote")], id="at the end"),
            pytest.param(
                '"a"x,"b\nc,d',
                [(1, "unclosed_quote"), (2, ["c", "d"])],
                id="behind a cell that strict parsers refuse",
            ),
            pytest.param(
                'a","b\nc","d\n',
                [(1, "unclosed_quote"), (2, "unclosed_quote")],
                id="each line opens one and closes the last line's",
            ),
        ],
    )
    def test_costs_its_own_line_only(self, text, expected):
        assert taken(text) == expected

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param(
                '"Ann,a@x.de,Bonn\nBob,b@x.de,Cork\n"Cid,c@x.de,Rome\nDan,d@x.de,Oslo\n',
                [
                    (1, "unclosed_quote"),
                    (2, ["Bob", "b@x.de", "Cork"]),
                    (3, "unclosed_quote"),
                    (4, ["Dan", "d@x.de", "Oslo"]),
                ],
                id="two that open",
            ),
            pytest.param(
                'Ann,a@x.de,"Bonn\nBob,b@x.de,Cork"\nCid,c@x.de,Rome\n',
                [
                    (1, "unclosed_quote"),
                    (2, ["Bob", "b@x.de", 'Cork"']),
                    (3, ["Cid", "c@x.de", "Rome"]),
                ],
                id="one that opens, one that closes",
            ),
            pytest.param(
                'Ann,a@x.de,"Bonn,x\nBob,b@x.de,Cork,"y\nCid,c@x.de,Rome,z\n',
                [
                    (1, "unclosed_quote"),
                    (2, "unclosed_quote"),
                    (3, ["Cid", "c@x.de", "Rome", "z"]),
                ],
                id="in different cells, with fewer left",
            ),
            pytest.param(
                '"Ann,a@x.de,Bonn\n"Bob",b@x.de,Cork\n',
                [(1, "unclosed_quote"), (2, ["Bob", "b@x.de", "Cork"])],
                id="side by side",
            ),
            pytest.param(
                '"x\n"Bob","b@x.de","Cork"\n',
                [(1, "unclosed_quote"), (2, ["Bob", "b@x.de", "Cork"])],
                id="a line of its own",
            ),
            pytest.param(
                'a@x.de,"Acme\nb@x.de,Bolt\nc@x.de,"Cork\nd@x.de,Dune\n',
                [
                    (1, "unclosed_quote"),
                    (2, ["b@x.de", "Bolt"]),
                    (3, "unclosed_quote"),
                    (4, ["d@x.de", "Dune"]),
                ],
                id="of two cells",
            ),
            pytest.param(
                'Ann,,"Acme\nBob,b@x.de,Bolt\nCid,c@x.de,"Cork\nDan,d@x.de,Dune\n',
                [
                    (1, "unclosed_quote"),
                    (2, ["Bob", "b@x.de", "Bolt"]),
                    (3, "unclosed_quote"),
                    (4, ["Dan", "d@x.de", "Dune"]),
                ],
                id="behind a record without an address",
            ),
        ],
    )
    def test_swallows_no_record_that_the_next_quote_would_hide(self, text, expected):
        assert taken(text) == expected

    @pytest.mark.parametrize(
        "note",
        [
            pytest.param("Hello,\nwrite to Ann, a@x.de", id="an address in a note"),
            pytest.param("Weg 1, Bonn, DE\nWeg 2, Bonn, DE", id="as many commas"),
            pytest.param('She said\n"yes"', id="quotes at its end"),
        ],
    )
    def test_is_not_seen_in_a_cell_of_several_lines(self, note):
        quoted = note.replace('"', '""')

        assert taken(f'Ann,a@x.de,"{quoted}"\n') == [(1, ["Ann", "a@x.de", note])]

    def test_is_not_seen_in_a_note_of_two_columns(self):
        text = 'a@x.de,"busy\nask Bob, b@x.de "now" and again"\n'

        assert [cells[0] for _, cells in taken(text)] == ["a@x.de"]

    def test_is_not_seen_beside_an_inch_sign(self):
        assert taken('5" pipe,a@x.de,"Weg 1\nBonn"\n') == [
            (1, ['5" pipe', "a@x.de", "Weg 1\nBonn"])
        ]

    def test_keeps_the_line_as_it_was_read(self):
        batch = records('a,"b\nc\n').take(10)

        assert batch.broken[0].cells == ["a", '"b']

    def test_does_not_hold_the_rest_of_a_large_file(self, monkeypatch):
        monkeypatch.setattr(csv_records, "LONGEST_RECORD", 1_000)

        found = taken('1,"2\n' + "3,4\n" * 600)

        assert found[0] == (1, "unclosed_quote")
        assert found[1:] == [(n, ["3", "4"]) for n in range(2, 602)]

    def test_is_refused_when_it_happens_again_and_again(self):
        with pytest.raises(NeverCloses, match="Line 101 opens a quote that never closes"):
            records('a","b\n' * 200).take(1_000)

    @pytest.mark.parametrize(
        "row",
        [
            pytest.param(["Ann", "a@x.de", "busy.\nBob, b@x.de, 555\nlater, again"], id="a note"),
            pytest.param(["\n", "", "a@x.de"], id="an empty line"),
        ],
    )
    def test_is_not_seen_where_a_cell_has_lines_of_its_own(self, row):
        text = '"' + '","'.join(row) + '"\n'

        assert taken(text) == [(1, row)]

    def test_takes_no_quadratic_time(self):
        began = time.process_time()

        with pytest.raises(NeverCloses):
            records('a","b\n' * 5_000).take(100_000)

        assert time.process_time() - began < 5


class TestTakeOutWide:
    def test_breaks_a_record_with_too_many_cells(self):
        batch = records("1,2\n1,2,3\n").take(10)

        batch.take_out_wide(2)

        assert batch.rows == [["1", "2"], []]
        assert batch.broken[1].code == "too_many_cells"
        assert batch.broken[1].cells == ["1", "2", "3"]

    def test_leaves_one_with_nothing_in_it_blank(self):
        batch = records("1,2\n,, ,\n").take(10)

        batch.take_out_wide(2)

        assert batch.rows == [["1", "2"], []]
        assert not batch.broken

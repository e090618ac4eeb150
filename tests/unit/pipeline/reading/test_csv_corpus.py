from __future__ import annotations

import csv
import io
import json
from functools import partial
from pathlib import Path

import pytest

from pipeline import intake
from pipeline.addresses import match_keys
from pipeline.leadfile import Limits, NotALeadFile, inspect, read
from pipeline.mapping import FIELDS, guess

SHARED = Path(__file__).parents[4].parent / "shared/data"
pytestmark = pytest.mark.skipif(
    not SHARED.exists(), reason="../shared/data, files of others, is not on this machine"
)

# What csvkit's files hold, told by looking at each: header row, columns, records, broken ones.
SHAPES = {
    "bad.csv": (1, 3, 3, {0: "too_many_cells"}),
    "bad_skip_lines.csv": (4, 3, 3, {0: "too_many_cells"}),
    "blanks.csv": (1, 6, 1, {}),
    "date_like_number.csv": (1, 1, 1, {}),
    "dummy.csv": (1, 3, 1, {}),
    "dummy.tsv": (1, 3, 1, {}),
    "dummy2.csv": (1, 3, 1, {}),
    "dummy3.csv": (1, 3, 2, {}),
    "dummy_col_shuffled.csv": (1, 3, 1, {}),
    "dummy_col_shuffled_ragged.csv": (1, 4, 1, {}),
    "foo1.csv": (1, 3, 2, {}),
    "foo2.csv": (1, 3, 2, {}),
    "iris.csv": (1, 5, 150, {}),
    "irismeta.csv": (1, 3, 3, {}),
    "join_a.csv": (1, 3, 3, {}),
    "join_a_short.csv": (1, 3, 3, {}),
    "join_b.csv": (1, 3, 3, {}),
    "join_no_header_row.csv": (1, 3, 3, {}),  # d,e,f: nobody can see that it is no header
    "join_short.csv": (1, 5, 2, {}),
    "mac_newlines.csv": (1, 3, 2, {}),
    "no_header_row.csv": (0, 3, 1, {}),
    "no_header_row2.csv": (0, 3, 1, {}),
    "no_header_row3.csv": (0, 3, 2, {}),
    "null_byte.csv": (1, 3, 1, {0: "nul_byte"}),
    "optional_quote_characters.csv": (1, 3, 1, {}),
    "sheetsxls_converted.csv": (1, 9, 5, {}),
    "sheetsxlsx_converted.csv": (1, 9, 5, {}),
    "sniff_limit.csv": (1, 3, 1, {}),
    "sort_ints_nulls.csv": (1, 3, 3, {}),
    "test_date_format.csv": (1, 1, 2, {}),
    "test_date_format_converted.csv": (1, 1, 2, {}),
    "test_empty_columns.csv": (1, 5, 3, {}),
    "test_extra_header.csv": (1, 4, 1, {}),
    "test_geo.csv": (1, 12, 17, {}),
    "test_geojson.csv": (1, 7, 3, {}),
    "test_header_newline.csv": (1, 3, 1, {}),
    "test_ignore_case.csv": (1, 3, 5, {}),
    "test_join_short_rows.csv": (1, 3, 3, {}),
    "test_latin1.csv": (1, 3, 2, {}),
    "test_literal_order.csv": (1, 2, 3, {}),
    "test_locale.csv": (1, 3, 1, {}),
    "test_locale_converted.csv": (1, 3, 1, {}),
    "test_no_leading_zeroes.csv": (1, 3, 1, {}),
    "test_numeric_date_format.csv": (1, 1, 2, {}),
    "test_precision.csv": (1, 1, 1, {}),
    "test_skip_lines.csv": (4, 3, 1, {}),
    "test_utf16_big.csv": (1, 3, 2, {}),
    "test_utf16_little.csv": (1, 3, 2, {}),
    "test_utf8.csv": (1, 3, 2, {}),
    "test_utf8_bom.csv": (1, 3, 2, {}),
    "testdbf_converted.csv": (1, 12, 8, {}),
    "testfixed_converted.csv": (1, 8, 4, {}),
    "testfixed_schema.csv": (1, 3, 8, {}),
    "testfixed_schema_no_inference.csv": (1, 3, 3, {}),
    "testjson_converted.csv": (1, 7, 5, {}),
    "testjson_multiline_converted.csv": (1, 3, 2, {}),
    "testjson_nested_converted.csv": (1, 7, 2, {}),
    "testxls_converted.csv": (1, 8, 5, {}),
    "testxls_unicode_converted.csv": (1, 3, 1, {}),
    "testxlsx_converted.csv": (1, 8, 5, {}),
    "testxlsx_noinference_converted.csv": (1, 8, 5, {}),
    "testxlsx_unicode_converted.csv": (1, 3, 1, {}),
}
REFUSED = {
    "empty.csv": "The file is empty",
    "blanks_converted.csv": "no row behind it",
    "test_empty_columns_long_row.csv": "no row behind it",
    "test_empty_columns_short_row.csv": "no row behind it",
}
ENCODINGS = {
    "utf-16-be bom": "utf-16",
    "utf-16-le bom": "utf-16",
    "utf-8 bom": "utf-8-sig",
    "latin-1": "cp1252",
}


def read_all(content):
    """(layout, rows, broken) of a file, which fits into a slice."""
    layout = inspect(io.BytesIO(content))
    (part,) = read(io.BytesIO(content), layout)
    rows = [list(row) for row in part.frame.itertuples(index=False, name=None)]
    return layout, rows, {n: bad.code for n, bad in part.broken.items()}


def labelled(name):
    if not SHARED.exists():
        return []
    lines = (SHARED / "csv/manifest.jsonl").read_text().splitlines()
    return [
        pytest.param(entry, id=Path(entry["path"]).name)
        for entry in map(json.loads, lines)
        if entry["set"] == name
    ]


class TestCsvSpectrum:
    @pytest.mark.parametrize("entry", labelled("csv-spectrum"))
    def test_is_read_as_its_authors_say(self, entry):
        layout, rows, broken = read_all((SHARED / "csv" / entry["path"]).read_bytes())

        wanted = (SHARED / "csv" / entry["expected"]).read_text()
        expected = json.loads(wanted.replace("\\r\\n", "\\n"))  # git ate the CRs of the CSV
        if "location_coordinates" in entry["path"]:  # its JSON is one row, with another phone
            expected = [expected | {"Contact Phone Number": "2095257564"}]
        assert layout.encoding == entry["encoding"]
        assert [dict(zip(layout.headers, row, strict=True)) for row in rows] == expected
        assert not broken


class TestCsvkit:
    @pytest.mark.parametrize("entry", labelled("csvkit"))
    def test_is_read_or_refused_as_it_is(self, entry):
        name = Path(entry["path"]).name
        content = (SHARED / "csv" / entry["path"]).read_bytes()
        if name in REFUSED:
            with pytest.raises(NotALeadFile, match=REFUSED[name]):
                read_all(content)
            return

        layout, rows, broken = read_all(content)

        assert (layout.header_row, len(layout.headers), len(rows), broken) == SHAPES[name]
        assert layout.encoding == ENCODINGS.get(entry["label"], "utf-8")
        assert layout.delimiter == {"dummy.tsv": "\t", "sniff_limit.csv": ";"}.get(name, ",")

    def test_is_looked_at_file_by_file(self):
        files = {path.name for path in (SHARED / "csv/csvkit").iterdir()}

        assert files == SHAPES.keys() | REFUSED.keys()


def naughty():
    path = SHARED / "injection/blns.json"
    return json.loads(path.read_text()) if path.exists() else []


class TestNaughtyStrings:
    @pytest.mark.parametrize("column", range(3))
    @pytest.mark.parametrize("quoting", [csv.QUOTE_ALL, csv.QUOTE_MINIMAL])
    def test_come_through_in_any_column(self, column, quoting):
        rows = [["Ann", "ann@acme.com", "x"] for _ in naughty()]
        for row, text in zip(rows, naughty(), strict=True):
            row[column] = text
        target = io.StringIO()
        csv.writer(target, quoting=quoting).writerows([["name", "email", "note"], *rows])

        layout, found, broken = read_all(target.getvalue().encode())

        assert layout.headers == ("name", "email", "note")
        assert found == rows
        assert not broken

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le"])
    @pytest.mark.parametrize("where", ["header", "cell", "file"])
    def test_are_read_or_refused_where_they_are_written_raw(self, where, encoding):
        templates = {
            "header": "{},email\nx,ann@acme.com\n",
            "cell": "name,email\n{},ann@acme.com\nx,{}\n",
            "file": "{}",
        }
        for text in naughty():
            content = templates[where].replace("{}", text).encode(encoding)
            try:
                layout = inspect(io.BytesIO(content), known=lambda name: name == "email")
                records = sum(len(part.lines) for part in read(io.BytesIO(content), layout))
            except NotALeadFile:
                continue
            assert records, text

    def test_are_each_judged_once(self):
        target = io.StringIO()
        csv.writer(target).writerows(
            [["name", "email"], *([text, "ann@acme.com"] for text in naughty())]
        )
        stream = io.BytesIO(target.getvalue().encode())
        layout = inspect(stream)
        (part,) = read(stream, layout)

        judged = intake.judge(
            part,
            guess(layout.headers),
            keys=partial(match_keys, secret=b"s"),
            own_columns=FIELDS,
            limits=Limits(),
        )

        assert len(judged.leads) == len(naughty())


def real_headers():
    paths = [SHARED / "headers/vendors.json", SHARED / "headers/wild.json"]
    return [
        entry["header"] for path in paths if path.exists() for entry in json.loads(path.read_text())
    ]


class TestRealHeaders:
    @pytest.mark.parametrize("delimiter", [",", ";", "\t"])
    @pytest.mark.parametrize(
        "before",
        [
            pytest.param([], id="first"),
            pytest.param([["Leads of May"]], id="behind a title"),
            pytest.param([["Notes:"], ["Some long words, and a comma"], []], id="behind notes"),
        ],
    )
    def test_are_found_by_their_looks_alone(self, before, delimiter):
        cells = ["Ann", "12", "https://acme.com", "Bolt, Inc.", ""]
        for header in real_headers():
            rows = [
                ["ann@acme.com" if n == 1 else cells[(n + row) % 5] for n in range(len(header))]
                for row in range(4)
            ]
            target = io.StringIO()
            csv.writer(target, delimiter=delimiter).writerows([*before, header, *rows])

            layout = inspect(io.BytesIO(target.getvalue().encode()))

            assert (layout.header_row, layout.delimiter) == (len(before) + 1, delimiter), header
            assert len(layout.headers) == len(header)

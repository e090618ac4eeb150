from __future__ import annotations

import codecs
import contextlib
import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import leadfile
from pipeline.leadfile import Limits, NotALeadFile, inspect, read

SHARED = Path(__file__).parents[3].parent / "shared/data/csv"
PLAIN = b"name,email\nAnn,ann@acme-pipes.com\nBob,bob@bolt-works.com\n"


def stream(content):
    return io.BytesIO(content if isinstance(content, bytes) else content.encode())


def rows_of(part):
    return [list(row) for row in part.frame.itertuples(index=False, name=None)]


def read_all(content, **options):
    """(layout, rows, slices) of a file."""
    source = stream(content)
    layout = inspect(source)
    slices = list(read(source, layout, **options))
    return layout, [row for part in slices for row in rows_of(part)], slices


class TestEncoding:
    @pytest.mark.parametrize(
        ("content", "encoding"),
        [
            pytest.param(b"name\nAnn\n", "utf-8", id="ASCII"),
            pytest.param("name\nZoë\n".encode(), "utf-8", id="UTF-8"),
            pytest.param("name\nZoë\n".encode("utf-8-sig"), "utf-8-sig", id="UTF-8 with mark"),
            pytest.param("name\nZoë\n".encode("cp1252"), "cp1252", id="Windows"),
            pytest.param("name\nZoë\n".encode("utf-16"), "utf-16", id="UTF-16"),
            pytest.param(
                codecs.BOM_UTF16_BE + "name\nZoë\n".encode("utf-16-be"), "utf-16", id="UTF-16 BE"
            ),
            pytest.param("name\nZoë\n".encode("utf-32"), "utf-32", id="UTF-32"),
        ],
    )
    def test_is_told_and_read(self, content, encoding):
        layout, rows, _ = read_all(content)

        assert layout.encoding == encoding
        assert layout.headers == ("name",)
        assert rows in ([["Zoë"]], [["Ann"]])

    def test_is_decided_by_the_whole_file(self):
        content = b"name\n" + b"Ann\n" * 500_000 + "Zoë\n".encode("cp1252")

        assert inspect(stream(content)).encoding == "cp1252"

    def test_may_have_a_character_across_the_end_of_the_sample(self):
        content = b"name\n" + b"x" * (leadfile.SAMPLED_BYTES - 6) + "Zoë\nAnn\n".encode()

        assert inspect(stream(content)).headers == ("name",)

    def test_puts_a_sign_where_windows_has_no_letter(self):
        _, rows, _ = read_all(b"name\nZo\xeb\x81\n")

        assert rows == [["Zoë\ufffd"]]


class TestDelimiter:
    @pytest.mark.parametrize(
        ("content", "delimiter"),
        [
            pytest.param("a,b\n1,2\n", ",", id="comma"),
            pytest.param("a;b\n1,5;2,5\n1,0;2,0\n", ";", id="semicolon beside decimal commas"),
            pytest.param("a\tb\n1, x\t2\n", "\t", id="tab"),
            pytest.param("a|b\n1|2\n", "|", id="pipe"),
            pytest.param("email\na@b.de;c@d.de\n", ",", id="one column"),
            pytest.param('a,b\n"1;2;3",x\n"4;5;6",y\n', ",", id="quoted others"),
            pytest.param("a,b,c\n1\n1,2,3,4\n1,2,3\n", ",", id="ragged rows"),
            pytest.param("\n\na;b\n1;2\n", ";", id="empty lines first"),
        ],
    )
    def test_gives_most_rows_the_width_of_the_header(self, content, delimiter):
        assert inspect(stream(content)).delimiter == delimiter


class TestHeader:
    @pytest.mark.parametrize(
        ("content", "row", "headers"),
        [
            pytest.param("a,b\n1,2\n", 1, ("a", "b"), id="first row"),
            pytest.param("\n,,\n a , b\n1,2\n", 3, ("a", "b"), id="behind blank rows"),
            pytest.param('"a\nb",c\n1,2\n', 1, ("a\nb", "c"), id="with a line break"),
            pytest.param("a,,a\n1,2,3\n", 1, ("a", "", "a"), id="unnamed and twice"),
        ],
    )
    def test_is_the_first_row_that_holds_something(self, content, row, headers):
        layout = inspect(stream(content))

        assert (layout.header_row, layout.headers) == (row, headers)


class TestRefusal:
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            pytest.param(b"", "The file is empty", id="empty"),
            pytest.param(b" \n\r\n", "The file is empty", id="white space"),
            pytest.param(codecs.BOM_UTF8, "only empty rows", id="a mark alone"),
            pytest.param(b",,\n,,\n", "only empty rows", id="only delimiters"),
            pytest.param(b"name,email\n", r"a header \(name, email\) and no row", id="header only"),
            pytest.param(b"name,email\n\n,\n", "and no row behind it", id="header and blanks"),
            pytest.param(b'name,"email\nAnn,a@b.de', "Line 1, the header", id="open header"),
            pytest.param(b"PK\x03\x04rest", "an Excel workbook or a ZIP", id="xlsx"),
            pytest.param(b"\x1f\x8b\x08rest", "a gzip archive", id="gzip"),
            pytest.param(b"\x89PNG\r\n\x1a\n", "a picture", id="png"),
            pytest.param(b"%PDF-1.7\n", "a PDF", id="pdf"),
            pytest.param(b"\n <!DOCTYPE html><p>", "a web page", id="html"),
            pytest.param(b"<Html>\n", "a web page", id="html in mixed case"),
            pytest.param(bytes(range(256)) * 9, "binary", id="random bytes"),
            pytest.param("a,b\n1,2\n".encode("utf-16-le") * 9, "binary", id="UTF-16, no mark"),
        ],
    )
    def test_says_in_one_sentence_what_is_wrong(self, content, sentence):
        with pytest.raises(NotALeadFile, match=sentence) as refusal:
            inspect(stream(content))

        assert str(refusal.value).endswith(".")

    def test_of_too_many_rows(self):
        with pytest.raises(NotALeadFile, match="more than 1 rows"):
            read_all(PLAIN, limits=Limits(rows=1))

    def test_of_too_many_columns(self):
        with pytest.raises(NotALeadFile, match="2 columns; 1 are allowed"):
            read_all(PLAIN, limits=Limits(columns=1))

    def test_of_quotes_that_never_close(self):
        with pytest.raises(NotALeadFile, match="opens a quote that never closes"):
            read_all(b"a,b\n" + b'1","2\n' * 500)

    def test_leaves_the_stream_open(self):
        source = stream(PLAIN)

        for part in read(source, inspect(source), slice_rows=1):
            assert len(part.lines) == 1

        assert not source.closed


class TestRead:
    def test_keeps_everything_as_text(self):
        cells = ["NA", "null", "None", "nan", "0049", "4.9E+11", "TRUE", "+1", "", "-"]

        _, rows, _ = read_all("x,y\n" + "".join(f"{cell},1\n" for cell in cells))

        assert rows == [[cell, "1"] for cell in cells]

    def test_fills_missing_cells_and_keeps_blank_rows(self):
        _, rows, _ = read_all("a,b\n1\n\n,\n2,3\n")

        assert rows == [["1", ""], ["", ""], ["", ""], ["2", "3"]]

    def test_counts_records_and_the_lines_they_begin_on(self):
        _, _, slices = read_all('\na,b\n"1\n1",2\n3,4\n5,6\n', slice_rows=2)

        assert [part.first_record for part in slices] == [1, 3]
        assert [part.lines for part in slices] == [[3, 5], [6]]

    def test_never_shifts_columns_for_one_cell_too_many(self):
        _, rows, slices = read_all("a,b\n1,2\n1,2,3\n1,2\n")

        assert {n: bad.code for n, bad in slices[0].broken.items()} == {1: "too_many_cells"}
        assert [rows[0], rows[2]] == [["1", "2"]] * 2
        assert slices[0].broken[1].cells == ["1", "2", "3"]

    def test_takes_out_the_row_with_a_nul(self):
        _, rows, slices = read_all("a,b\n1,2\n3\x00,4\n5,6\n")

        assert {n: bad.code for n, bad in slices[0].broken.items()} == {1: "nul_byte"}
        assert slices[0].broken[1].cells == ["3\x00", "4"]
        assert rows[2] == ["5", "6"]

    def test_isolates_an_unclosed_quote_and_names_its_line(self):
        _, rows, slices = read_all('a,b\n1,2\n3,"4\n5,6\n')

        assert slices[0].broken[1].code == "unclosed_quote"
        assert slices[0].lines[1] == 3
        assert rows[2] == ["5", "6"]

    def test_numbers_broken_rows_by_slice(self):
        _, _, slices = read_all("a\n1\n2\n3,3\n", slice_rows=2)

        assert [list(part.broken) for part in slices] == [[], [0]]

    def test_gives_equal_slices_however_often(self):
        content = "a,b\n" + "".join(f"{n},x\n" for n in range(9_000))

        once, again = (read_all(content, slice_rows=4_000)[2] for _ in range(2))

        assert [len(part.lines) for part in once] == [4_000, 4_000, 1_000]
        assert [part.first_record for part in once] == [part.first_record for part in again]

    def test_ends_a_slice_early_where_cells_are_huge(self, monkeypatch):
        monkeypatch.setattr(leadfile, "_LARGEST_SLICE", 1_000_000)
        content = "a\n" + ("x" * 1_000 + "\n") * 6_000

        _, rows, slices = read_all(content)

        assert len(rows) == 6_000
        assert max(len(part.lines) for part in slices) == 2_000

    def test_reads_a_cell_of_a_megabyte(self):
        _, rows, _ = read_all(f"a,b\n1,{'x' * 1_000_000}\n2,3\n")

        assert [len(row[1]) for row in rows] == [1_000_000, 1]


class TestRealFiles:
    @pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not on this machine")
    def test_of_csv_spectrum_are_read_as_its_authors_say(self):
        for path in sorted((SHARED / "csv-spectrum/csvs").glob("*.csv")):
            if path.stem == "location_coordinates":
                continue  # its JSON names another phone number than its CSV
            wanted = (SHARED / "csv-spectrum/json" / f"{path.stem}.json").read_text()
            expected = json.loads(wanted.replace("\\r\\n", "\\n"))  # git ate the CRs of the CSV
            layout, rows, _ = read_all(path.read_bytes())
            found = [dict(zip(layout.headers, row, strict=True)) for row in rows]
            assert found == expected, path.name

    @pytest.mark.skipif(not SHARED.exists(), reason="../shared/data is not on this machine")
    def test_of_csvkit_are_read_or_refused(self):
        for path in sorted((SHARED / "csvkit").iterdir()):
            with contextlib.suppress(NotALeadFile):
                read_all(path.read_bytes())


def cells(encoding):
    if encoding == "cp1252":
        letters = bytes(n for n in range(32, 256) if n not in {0x81, 0x8D, 0x8F, 0x90, 0x9D, 0x7F})
        alphabet = st.sampled_from(letters.decode("cp1252") + "\n")
    else:
        alphabet = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff")
    return st.text(st.one_of(alphabet, st.sampled_from('",;|\n')), max_size=8)


@st.composite
def written_files(draw):
    """(bytes, rows) of a CSV file in some dialect; the first row is its header."""
    encoding = draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    width = draw(st.integers(2, 5))
    row = st.lists(cells(encoding), min_size=width, max_size=width)
    rows = [[f"h{n}é" for n in range(width)], *draw(st.lists(row, min_size=1, max_size=8))]
    rows[1][0] += "x"  # a file of blank rows only is refused
    text = io.StringIO()
    csv.writer(
        text,
        delimiter=draw(st.sampled_from(",;\t|")),
        quoting=draw(st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL])),
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
    ).writerows(rows)
    return text.getvalue().encode(encoding), rows


class TestProperties:
    @settings(max_examples=80, deadline=None)
    @given(written_files())
    def test_what_was_written_is_what_is_read(self, written):
        content, (header, *expected) = written

        layout, rows, slices = read_all(content)

        assert list(layout.headers) == header
        assert rows == expected
        assert not slices[0].broken

    @settings(max_examples=120, deadline=None)
    @given(
        st.one_of(
            st.binary(max_size=300),
            st.lists(
                st.sampled_from(
                    [b"a", b"@", b".", b",", b";", b'"', b"\n", b"\r", b"\0", b"\xff\xfe", b"\xc3"]
                )
            ).map(b"".join),
        )
    )
    def test_any_bytes_are_read_or_refused(self, content):
        try:
            _, rows, slices = read_all(content, slice_rows=3)
        except NotALeadFile:
            return

        assert len(rows) == sum(len(part.lines) for part in slices)
        assert all(isinstance(cell, str) for row in rows for cell in row)

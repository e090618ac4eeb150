from __future__ import annotations

import codecs
import csv
import dataclasses
import gzip
import io
import tarfile
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import leadfile
from pipeline.leadfile import Limits, NotALeadFile, inspect, read

PLAIN = b"name,email\nAnn,ann@acme-pipes.com\nBob,bob@bolt-works.com\n"


def stream(content):
    return io.BytesIO(content if isinstance(content, bytes) else content.encode())


def tarred(content):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as target:
        member = tarfile.TarInfo("leads.csv")
        member.size = len(content)
        target.addfile(member, io.BytesIO(content))
    return archive.getvalue()


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

    @pytest.mark.parametrize(
        "first",
        [
            pytest.param(codecs.BOM_UTF8 + b"name\n", id="under a mark of UTF-8"),
            pytest.param(b"name\n" + "Zoë\n".encode() * 30, id="behind rows in UTF-8"),
        ],
    )
    def test_may_change_to_that_of_windows(self, first):
        _, rows, _ = read_all(first + "José Nuñez\n".encode("cp1252"))

        assert rows[-1] == ["José Nuñez"]

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

    @pytest.mark.parametrize("sign", ["\x1f", "\x01"])
    def test_may_be_a_sign_that_no_text_holds(self, sign):
        layout, rows, _ = read_all(PLAIN.replace(b",", sign.encode()))

        assert layout.delimiter == sign
        assert rows == [["Ann", "ann@acme-pipes.com"], ["Bob", "bob@bolt-works.com"]]

    def test_divides_by_a_sign_that_arrow_does_not_know(self):
        layout, rows, _ = read_all("name\u00a6email\nAnn\u00a6ann@acme.com\n".encode())

        assert layout.delimiter == "\u00a6"
        assert [list(row) for row in rows] == [["Ann", "ann@acme.com"]]


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
    def test_is_found_with_its_row(self, content, row, headers):
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
            pytest.param(b"\xd0\xcf\x11\xe0rest", "an old or a locked Excel workbook", id="xls"),
            pytest.param(b"PK\x05\x06" + bytes(18), "an empty ZIP archive", id="empty zip"),
            pytest.param(gzip.compress(b"%PDF-1.7"), "a PDF", id="pdf in gzip"),
            pytest.param(gzip.compress(b""), "The file is empty", id="empty gzip"),
            pytest.param(bytes(4096), "The file is empty", id="a block of a disk"),
            pytest.param(tarred(b"name,email\nAnn,a@b.de\n"), "a tar archive", id="tar"),
            pytest.param(gzip.compress(tarred(b"name,email\n")), "a tar archive", id="tar.gz"),
            pytest.param(b"Rar!rest", "a RAR archive", id="rar"),
            pytest.param(b"\x89PNG\r\n\x1a\n", "a picture", id="png"),
            pytest.param(b"%PDF-1.7\n", "a PDF", id="pdf"),
            pytest.param(b"\n <!DOCTYPE html><p>", "a web page", id="html"),
            pytest.param(b"<Html>\n", "a web page", id="html in mixed case"),
            pytest.param(bytes(range(256)) * 9, "binary", id="random bytes"),
            pytest.param(b'<?xml version="1.0"?>\n<leads/>', "an XML file", id="xml"),
            pytest.param(b'[{"email": "ann@acme.com"}]', "a JSON file", id="json"),
            pytest.param(b'{"email":"ann@acme.com"}\n{}\n', "a JSON file", id="json lines"),
            pytest.param(b"BEGIN:VCARD\nFN:Ann\n", "a vCard", id="vcard"),
            pytest.param(b"BEGIN:VCALENDAR\nX:Y\n", "a calendar", id="calendar"),
            pytest.param(b"<!-- x -->\n<table>\n", "a web page", id="html behind a comment"),
            pytest.param(b"\x09\x08\x10\x00\x00\x06", "an old Excel", id="workbook of 1995"),
            pytest.param("<html>".encode("utf-16"), "a web page", id="html in UTF-16"),
            pytest.param(
                b'<meta charset="utf-8"><table><tr><td>Email', "a web page", id="html by a tool"
            ),
            pytest.param(
                b'<style>td{mso-number-format:"@";}</style>\n<TABLE>',
                "a web page",
                id="html, styled",
            ),
            pytest.param(b"<div class=x>\n<table>", "a web page", id="html in part"),
            pytest.param(
                b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<td>a@b.com",
                "MHTML",
                id="mhtml",
            ),
            pytest.param(
                b"Delivered-To: bob@bolt.com\nReceived: by x;\n\tMon\nFrom: ann@acme.com\n\nHi\n",
                "an e-mail",
                id="eml",
            ),
            pytest.param(
                b"From: ann@acme.com\r\nSubject: Leads\r\nMIME-Version: 1.0\r\n\r\nHi, Bob\r\n",
                "an e-mail",
                id="eml of a mail program",
            ),
            pytest.param(b"<leads>\n <lead><email>a@b.com", "an XML file", id="xml without a head"),
            pytest.param(b"[]\n", "JSON", id="empty json"),
            pytest.param(b'[\n ["a@b.com", 1]]', "JSON", id="json of rows"),
            pytest.param(b"[[1, 2], [3, 4]]", "JSON", id="json of numbers"),
            pytest.param(b"<a:leads>\n\t<a:lead>", "an XML file", id="xml with prefixes"),
            pytest.param(b"ARROW1\x00\x00\xff", "an Arrow file", id="arrow"),
            pytest.param(b"Obj\x01\x04", "an Avro file", id="avro"),
            pytest.param(b"INSERT INTO `leads` VALUES ('a@b.com');\n", "SQL", id="sql"),
            pytest.param(
                b"-- MySQL dump\n\n/*!40101 SET x */;\n/* 2 */\nDROP TABLE IF EXISTS a;",
                "SQL",
                id="dump",
            ),
            pytest.param(b"--\n-- PostgreSQL\n--\n\nSET lock_timeout = 0;\n", "SQL", id="pg_dump"),
            pytest.param(b"version: 1\n\ndn: cn=Ann\nmail: a@b.com\n", "LDIF", id="ldif"),
            pytest.param(b"# of May\ndn:: Y249QW5u\nmail: a@b.com\n", "LDIF", id="ldif in base64"),
        ],
    )
    def test_says_in_one_sentence_what_is_wrong(self, content, sentence):
        with pytest.raises(NotALeadFile, match=sentence) as refusal:
            inspect(stream(content))

        assert str(refusal.value).endswith(".")

    def test_is_not_of_notes_that_read_like_the_head_of_a_mail(self):
        content = b"Subject: Leads of May\nDate: 2026-05-01\n\nname,email\nAnn,ann@acme.com\n"

        assert inspect(stream(content)).headers == ("name", "email")

    def test_is_not_of_the_end_of_a_disks_block(self):
        assert inspect(stream(PLAIN + bytes(4096))).headers == ("name", "email")

    def test_is_not_of_a_header_in_angle_brackets(self):
        content = b"<email>,<note>\nann@acme.com,<b>big</b> <table>\n"

        assert inspect(stream(content)).headers == ("<email>", "<note>")

    @pytest.mark.parametrize(
        "header",
        [
            pytest.param("{{name}},{{email}}", id="merge tags"),
            pytest.param("[[Name]],[[Email]]", id="brackets"),
            pytest.param("<Name>\t<Email>", id="angle brackets and tabs"),
            pytest.param("<br />\n<b>Warning</b>\nname,email", id="line breaks of the web"),
        ],
    )
    def test_is_not_of_a_header_that_looks_like_json_or_xml(self, header):
        sign = "\t" if "\t" in header else ","
        rows = f"{header}\nAnn{sign}ann@acme.com\nBob{sign}bob@bolt.com\n"

        assert len(inspect(stream(rows)).headers) == 2

    def test_of_too_many_rows(self):
        with pytest.raises(NotALeadFile, match="more than 1 rows"):
            read_all(PLAIN, limits=Limits(rows=1))

    def test_of_a_second_file_whose_columns_stand_in_another_order(self):
        with pytest.raises(NotALeadFile, match="Line 4 is a header again"):
            read_all(PLAIN + b"email,name\ncid@acme.com,Cid\n")

    def test_of_a_second_file_with_other_capitals_too(self):
        with pytest.raises(NotALeadFile, match="Line 4 is a header again"):
            read_all(PLAIN + b"Email,Name\ncid@acme.com,Cid\n")

    @pytest.mark.parametrize(
        "row",
        [
            pytest.param(b"name,email", id="the header once more"),
            pytest.param(b"name,", id="a part of it"),
            pytest.param(b"name,ann@acme.com", id="a lead called like a column"),
            pytest.param(b"email,", id="one name"),
        ],
    )
    def test_is_none_of_rows_that_only_look_like_a_header(self, row):
        _, rows, _ = read_all(PLAIN + row)

        assert len(rows) == 3

    def test_of_too_many_columns(self):
        with pytest.raises(NotALeadFile, match="2 columns; 1 are allowed"):
            read_all(PLAIN, limits=Limits(columns=1))

    def test_of_quotes_that_never_close(self):
        with pytest.raises(NotALeadFile, match="opens a quote that never closes"):
            read_all(b"a,b\n" + b'1","2\n' * 500)

    def test_of_quotes_that_never_close_from_the_first_line_on(self):
        with pytest.raises(NotALeadFile, match="opens a quote it never closes"):
            read_all(b'1","2\n' * 501)

    def test_leaves_the_stream_open(self):
        source = stream(PLAIN)

        for part in read(source, inspect(source), slice_rows=1):
            assert len(part.lines) == 1

        assert not source.closed


class TestHeaderless:
    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"Ann,a@b.de\nBob,b@c.de\n", id="plain"),
            pytest.param(b"sep=,\nAnn,a@b.de\nBob,b@c.de\n", id="told its delimiter"),
        ],
    )
    def test_file_has_its_first_record_read(self, content):
        layout, rows, slices = read_all(content)

        assert (layout.header_row, layout.headers) == (0, ("column 1", "column 2"))
        assert rows == [["Ann", "a@b.de"], ["Bob", "b@c.de"]]
        assert slices[0].first_record == 1

    def test_list_of_addresses_is_a_column(self):
        layout, rows, _ = read_all(b"a@b.de\nb@c.de\n")

        assert layout.headers == ("column 1",)
        assert rows == [["a@b.de"], ["b@c.de"]]


class TestLayout:
    def test_holds_a_sample(self):
        layout, _, _ = read_all(b"name,email\n Ann ,a@b.de\n\nBob\n")

        assert layout.sample == (("Ann", "a@b.de"), ("Bob", ""))

    @pytest.mark.parametrize("container", ["", "gzip", "zip"])
    def test_names_the_container(self, container):
        layout, rows, _ = read_all(packed(PLAIN, container))

        assert layout.container == container
        assert len(rows) == 2

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(gzip.compress(PLAIN), id="gzip"),
            pytest.param(b'name,email\n"Ann \\"A\\" Lee",a@b.de\n', id="backslash"),
            pytest.param(b"'name','email'\n'Ann, A','a@b.de'\n", id="single quotes"),
            pytest.param(b'"name","email"\n"Ann "A, B" Lee","a@b.de"\n', id="loose quotes"),
        ],
    )
    def test_from_the_database_is_enough_to_read_by(self, content):
        layout, rows, _ = read_all(content)
        kept = dataclasses.replace(layout, sample=(), container="")

        (part,) = read(stream(content), kept)

        assert rows_of(part) == rows

    def test_bears_quotes_that_are_not_doubled_within_quoted_cells(self):
        _, rows, _ = read_all(
            '"name";"email"\r\n"Ann "A; B" Lee";"a@b.de"\r\n"";"b@c.de"\r\n"x""y";""'
        )

        assert rows == [['Ann "A; B" Lee', "a@b.de"], ["", "b@c.de"], ['x"y', ""]]

    def test_knows_names_that_the_caller_knows(self):
        source = stream(b"Leads, of May\nname,email\nAnn,a@b.de\n")

        assert inspect(source, known={"name", "email"}.__contains__).header_row == 2

    def test_has_columns_without_name_where_all_rows_end_in_a_delimiter(self):
        layout, rows, slices = read_all(b"email;name\na@b.de;Ann;;\nb@c.de;Bob;;\n")

        assert layout.headers == ("email", "name", "", "")
        assert rows == [["a@b.de", "Ann", "", ""], ["b@c.de", "Bob", "", ""]]
        assert not slices[0].broken

    def test_has_such_columns_also_where_commas_divide_and_shift_no_address(self):
        layout, rows, slices = read_all(b"name,E-Mail\nAnn,a@b.de,\nBob,b@c.de,\n")

        assert layout.headers == ("name", "E-Mail", "")
        assert rows == [["Ann", "a@b.de", ""], ["Bob", "b@c.de", ""]]
        assert not slices[0].broken

    @pytest.mark.parametrize(
        "content",
        [
            pytest.param(b"email,name,note\na@b.de,Lee, Ann,\nb@c.de,Ray, Bo,\n", id="commas"),
            pytest.param(b"name,email,note\nLee,Ann,a@b.de,\nRay,Bo,b@c.de,\n", id="shifted"),
            pytest.param(b"name,note\nLee,Ann,\nRay,Bo,\n", id="no address"),
            pytest.param(b"email;name;note\na@b.de;Lee; Ann;\n", id="one row"),
            pytest.param(b"email;name\na@b.de;Ann;\nb@c.de;Bob;x\n", id="filled"),
            pytest.param(b"email;name\na@b.de;Ann;\nb@c.de;Bob\n", id="some rows"),
        ],
    )
    def test_has_none_where_cells_may_be_shifted(self, content):
        layout, _, slices = read_all(content)

        assert "" not in layout.headers
        assert slices[0].broken

    def test_of_utf16_without_a_mark_and_tabs(self):
        layout, rows, _ = read_all("name\temail\nZoë\ta@b.de\n".encode("utf-16-le"))

        assert (layout.encoding, layout.delimiter) == ("utf-16-le", "\t")
        assert rows == [["Zoë", "a@b.de"]]

    def test_of_a_bomb_is_refused(self):
        source = stream(gzip.compress(b"name,email\n" + b"Ann,a@b.de\n" * 50_000))

        with pytest.raises(NotALeadFile, match="unpacks to more than"):
            inspect(source, limits=Limits(size=100_000))


class TestSkippedRecords:
    CONTENT = "a,b\n" + "".join(f"{n},x\n" for n in range(9_000))

    def test_leave_the_slices_behind_them_as_they_are(self):
        layout, _, slices = read_all(self.CONTENT, slice_rows=4_000)

        later = list(read(stream(self.CONTENT), layout, slice_rows=4_000, skip_records=4_000))

        assert [part.first_record for part in later] == [4_001, 8_001]
        assert [part.lines for part in later] == [part.lines for part in slices[1:]]
        assert [rows_of(part) for part in later] == [rows_of(part) for part in slices[1:]]

    @pytest.mark.parametrize("skipped", [9_000, 10_000])
    def test_may_be_all(self, skipped):
        layout, _, _ = read_all(self.CONTENT)

        assert not list(read(stream(self.CONTENT), layout, skip_records=skipped))

    def test_count_for_the_limit_of_rows(self):
        layout, _, _ = read_all(self.CONTENT)

        with pytest.raises(NotALeadFile, match="more than 5000 rows"):
            list(read(stream(self.CONTENT), layout, skip_records=4_000, limits=Limits(rows=5_000)))

    def test_may_be_huge(self):
        content = "a,b\n" + f"{'x' * 100_000},1\n" * 400

        layout, _, _ = read_all(content)
        (part,) = read(stream(content), layout, skip_records=399)

        assert part.first_record == 400
        assert len(part.lines) == 1


class TestRead:
    @pytest.mark.parametrize(
        ("content", "rows"),
        [
            pytest.param("a,b\r1,2\r3,4\r", 2, id="CR"),
            pytest.param("a,b\n1,2\r\n3,4\n", 2, id="CRLF among LF"),
            pytest.param("a,b\n1,2\n\n\n", 3, id="blank lines at the end"),
            pytest.param('a,b\n"1\n1","2\r\n2"\n3,4\n', 2, id="quoted line breaks"),
        ],
    )
    def test_takes_all_line_ends(self, content, rows):
        assert len(read_all(content)[1]) == rows

    def test_puts_a_sign_for_bytes_that_mean_nothing(self):
        content = "имя,компания\n".encode("cp1251") + "Иван,Завод\n".encode("cp1251") * 30_000
        layout, rows, _ = read_all(content + b"\x98,x@y.de\n")

        assert layout.encoding == "cp1251"
        assert rows[-1] == ["\ufffd", "x@y.de"]
        assert rows[0] == ["Иван", "Завод"]

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

    @pytest.mark.parametrize(
        "note", [pytest.param("x", id="even"), pytest.param('"y\nz"', id="not")]
    )
    def test_reads_a_late_line_that_was_quoted_as_one_cell(self, note):
        content = "a,b,c\n" + "1,2,3\n" * 200 + f'7,8,{note}\n"4,""5, 6"",7"\n'

        _, rows, _ = read_all(content)

        assert rows[-1] == ["4", "5, 6", "7"]

    @pytest.mark.parametrize("before", [1_998, 1_999, 2_000])
    def test_keeps_a_cell_whole_wherever_its_lines_stand(self, before):
        content = "a,b\n" + "1,2\n" * before + '3,"one\ntwo, three"\n' + "1,2\n" * 9

        _, rows, slices = read_all(content)

        assert [row for row in rows if row != ["1", "2"]] == [["3", "one\ntwo, three"]]
        assert (len(rows), slices[0].broken) == (before + 10, {})

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
        _, _, slices = read_all("a,b\n1,\n2,\n3,3,3\n4,\n", slice_rows=2)

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


# What is written in cp1252 must be in words: any soup of bytes may be Greek as well.
WORDS = [
    "Zoë",
    "Müller",
    "Peña",
    "Straße",
    "Cœur",
    "Brien\u2019s Bar",
    "5 €",
    "Søren",
    "Ann",
    "a@b.de",
]


def cells(encoding):
    if encoding == "cp1252":
        return st.lists(st.sampled_from([*WORDS, *'",;|\n']), max_size=4).map("".join)
    alphabet = st.characters(blacklist_categories=("Cs", "Cc"), blacklist_characters="\ufeff")
    return st.text(st.one_of(alphabet, st.sampled_from('",;|\n')), max_size=8)


def packed(content, container):
    if container == "gzip":
        return gzip.compress(content)
    if container == "zip":
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("leads.csv", content)
        return archive.getvalue()
    return content


@st.composite
def written_files(draw):
    """(bytes, header row, rows) of a CSV file in some dialect; the first row is its header."""
    encoding = draw(
        st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
    )
    width = draw(st.integers(2, 5))
    row = st.lists(cells(encoding), min_size=width, max_size=width)
    rows = [[f"h{'abcde'[n]}é" for n in range(width)], *draw(st.lists(row, min_size=1, max_size=8))]
    rows[1][-1] += "x@y.de"  # not blank, and no name of a column
    text = io.StringIO()
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    before = draw(st.sampled_from([[], ["Notes:", ""], ["", "Leads of May", ""]]))
    text.write("".join(line + end for line in before))
    # Python's csv module leaves a line feed unquoted where lines end in a carriage return.
    minimal = end != "\r" and draw(st.booleans())
    csv.writer(
        text,
        delimiter=draw(st.sampled_from(",;\t|")),
        quoting=csv.QUOTE_MINIMAL if minimal else csv.QUOTE_ALL,
        lineterminator=end,
    ).writerows(rows)
    content = text.getvalue().encode(encoding)
    return packed(content, draw(st.sampled_from(["", "gzip", "zip"]))), len(before) + 1, rows


class TestProperties:
    @settings(max_examples=150, deadline=None)
    @given(written_files(), st.sampled_from([1, 2, 50_000]))
    def test_what_was_written_is_what_is_read(self, written, slice_rows):
        content, header_row, (header, *expected) = written

        layout, rows, slices = read_all(content, slice_rows=slice_rows)

        assert (layout.header_row, list(layout.headers)) == (header_row, header)
        assert rows == expected
        assert not any(part.broken for part in slices)

    @settings(max_examples=120, deadline=None)
    @given(
        st.one_of(
            st.binary(max_size=300),
            st.tuples(
                st.sampled_from([b"PK\x03\x04", b"\x1f\x8b\x08", b"\xff\xfe", b"sep=;\n"]),
                st.binary(max_size=100),
            ).map(b"".join),
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

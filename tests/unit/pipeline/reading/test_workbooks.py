from __future__ import annotations

import datetime as dt
import io
import re
import zipfile

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline import leadfile
from pipeline.leadfile import Limits, inspect, read
from pipeline.reading import workbooks
from pipeline.reading.file_kinds import NotALeadFile

HEADER = ["name", "email"]
NOON = dt.datetime.fromisoformat("2024-05-01T12:00:05")  # a workbook knows no time zones
ANN = ["Ann", "ann@acme.com"]
BOB = ["Bob", "bob@bolt.com"]
OTHERS = [["Eve", "Eve <eve@elm.com>"], ["Ed", "ed@elm.com"]]


def saved(book):
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def workbook(rows, **formats):
    """The bytes of a workbook; `formats` are number formats by cell."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cell, form in formats.items():
        book.active[cell].number_format = form
    return saved(book)


def with_sheets(*sheets):
    """The bytes of a workbook of several sheets, each as rows."""
    book = openpyxl.Workbook()
    for n, rows in enumerate(sheets):
        sheet = book.create_sheet() if n else book.active
        for row in rows:
            sheet.append(row)
    return saved(book)


def changed(content, name, change):
    """The same archive with one of its files changed."""
    result = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(result, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for member in {*source.namelist(), name}:
            text = source.read(member) if member in source.namelist() else b""
            target.writestr(member, change(text) if member == name else text)
    return result.getvalue()


def with_shared_texts(content):
    """As Excel writes: texts stand in a file of their own, and A2 and B2 refer to it."""
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    texts = f'<sst xmlns="{namespace}"><si><t>Ann</t></si><si><r><t>ann@</t></r><r><t>acme.com</t></r></si></sst>'
    override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
    content = changed(
        content,
        SHEET,
        lambda sheet: re.sub(rb'(<c r="[AB]2" )[^>]*><v>(\d)</v>', rb'\1t="s"><v>\2</v>', sheet),
    )
    content = changed(
        content,
        "[Content_Types].xml",
        lambda types: re.sub(rb"<Override [^>]*sharedStrings[^>]*>", b"", types).replace(
            b"</Types>", override.encode()
        ),
    )
    return changed(content, "xl/sharedStrings.xml", lambda _: texts.encode())


SHEET = "xl/worksheets/sheet1.xml"


def read_all(content, **options):
    """(layout, rows, slices) of a workbook."""
    layout = inspect(io.BytesIO(content))
    slices = list(read(io.BytesIO(content), layout, **options))
    rows = [list(row) for part in slices for row in part.frame.itertuples(index=False, name=None)]
    return layout, rows, slices


class TestWorkbook:
    def test_gives_the_same_slices_as_a_csv_file(self):
        layout, rows, (part,) = read_all(workbook([HEADER, ANN, ["Bob", "bob@bolt.com"]]))

        assert (layout.encoding, layout.delimiter, layout.container) == ("xlsx", "", "xlsx")
        assert (layout.header_row, layout.headers) == (1, ("name", "email"))
        assert layout.sample == (("Ann", "ann@acme.com"), ("Bob", "bob@bolt.com"))
        assert rows == [ANN, ["Bob", "bob@bolt.com"]]
        assert (part.first_record, list(part.lines)) == (1, [2, 3])

    def test_has_its_header_behind_titles(self):
        layout, rows, (part,) = read_all(workbook([["Leads of May"], [], HEADER, ANN, [], ANN]))

        assert layout.header_row == 3
        assert rows == [ANN, ["", ""], ANN]
        assert list(part.lines) == [4, 5, 6]

    def test_may_have_no_header(self):
        layout, rows, _ = read_all(workbook([ANN, ANN]))

        assert (layout.header_row, layout.headers) == (0, ("column 1", "column 2"))
        assert rows == [ANN, ANN]

    def test_may_have_columns_without_a_name(self):
        layout, rows, slices = read_all(workbook([HEADER, [*ANN, "VIP"]]))

        assert layout.headers == ("name", "email", "")
        assert rows == [[*ANN, "VIP"]]
        assert not slices[0].broken

    @pytest.mark.parametrize("sign", [",", ";", "\t"])
    def test_may_have_whole_lines_of_csv_in_its_cells(self, sign):
        lines = [HEADER, ['"Cole, Ann; Dr"', "ann@acme.com"], ["B\u2028ob", "bob@bolt.com"]]
        content = workbook([[sign.join(row)] for row in lines])

        layout, rows, _ = read_all(content)

        assert (layout.headers, layout.delimiter) == (("name", "email"), sign)
        assert rows == [["Cole, Ann; Dr", "ann@acme.com"], ["B\u2028ob", "bob@bolt.com"]]

    def test_may_be_a_list_of_addresses_with_several_in_a_cell(self):
        content = workbook([["email"], ["ann@acme.com, bob@bolt.com"], ["eve@elm.com, ed@elm.com"]])

        layout, rows, _ = read_all(content)

        assert (layout.headers, layout.delimiter) == (("email",), "")
        assert rows == [["ann@acme.com, bob@bolt.com"], ["eve@elm.com, ed@elm.com"]]

    def test_is_resumed_behind_a_record(self):
        content = workbook([HEADER, *[[f"n{n}", "a@b.de"] for n in range(9)]])
        layout = inspect(io.BytesIO(content))

        parts = list(read(io.BytesIO(content), layout, skip_records=6, slice_rows=2))

        assert [part.first_record for part in parts] == [7, 9]
        assert parts[0].frame[0].tolist() == ["n6", "n7"]

    def test_is_read_by_the_sheet_with_addresses_behind_a_cover(self):
        book = openpyxl.Workbook()
        book.active.append(["Leads of May", "confidential"])
        leads = book.create_sheet("Leads")
        leads.append(HEADER)
        leads.append(ANN)
        book.create_sheet("Old").append(ANN)

        layout, rows, _ = read_all(saved(book))

        assert list(layout.headers) == HEADER
        assert rows == [ANN]

    def test_is_not_read_by_a_cover_that_mentions_an_address(self):
        cover = [["Leads of May"], ["Questions to dana@ouragency.io"], ["dana@ouragency.io"]]

        assert read_all(with_sheets(cover, [HEADER, ANN, BOB]))[1] == [ANN, BOB]

    @pytest.mark.parametrize(
        "second",
        [
            pytest.param([HEADER, ANN, BOB], id="the same list"),
            pytest.param([["Bob", "BOB@bolt.com"], ["Eve", "eve@elm.com"]], id="one more lead"),
            pytest.param([["Write to eve@elm.com"], ["or to ed@elm.com"]], id="sentences"),
        ],
    )
    def test_may_have_a_sheet_beside_the_leads(self, second):
        assert read_all(with_sheets([HEADER, ANN, BOB], second))[1] == [ANN, BOB]

    def test_may_have_leads_on_a_hidden_sheet(self):
        book = openpyxl.load_workbook(io.BytesIO(with_sheets([HEADER, ANN], [HEADER, *OTHERS])))
        book.worksheets[1].sheet_state = "hidden"

        assert read_all(saved(book))[1] == [ANN]

    def test_of_several_sheets_is_read_by_the_first_with_data(self):
        book = openpyxl.Workbook()
        book.active.sheet_state = "hidden"
        book.active.append(["secret"])
        book.create_sheet("empty")
        for row in (HEADER, ANN):
            book.create_sheet("leads") if "leads" not in book.sheetnames else None
            book["leads"].append(row)
        book.active = 2

        assert read_all(saved(book))[1] == [ANN]

    def test_has_no_rows_for_what_is_only_painted(self):
        content = workbook([HEADER, ANN], Z900="0.00")

        layout, rows, _ = read_all(content)

        assert layout.headers == ("name", "email")
        assert rows == [ANN]

    @pytest.mark.parametrize("claim", [b'ref="A1"', b'ref="A1:XFD1048576"'])
    def test_does_not_believe_its_dimensions(self, claim):
        content = changed(
            workbook([HEADER, ANN]), SHEET, lambda text: text.replace(b'ref="A1:B2"', claim)
        )

        assert read_all(content)[1] == [ANN]

    def test_bears_a_large_gap(self):
        content = changed(
            workbook([HEADER, ANN, ANN]),
            SHEET,
            lambda text: text.replace(b'<row r="3"', b'<row r="5000"'),
        )

        _, rows, (part,) = read_all(content)

        assert len(rows) == 4_999
        assert part.lines[-1] == 5_000
        assert rows[-1] == ANN


class TestCells:
    @pytest.mark.parametrize(
        ("value", "form", "shown"),
        [
            pytest.param(20.0, "General", "20", id="whole"),
            pytest.param(0.1 + 0.2, "General", "0.3", id="fifteen digits"),
            pytest.param(41800000.01, "#,##0.00", "41800000.01", id="decimal"),
            pytest.param(4915112345678, "General", "4915112345678", id="phone"),
            pytest.param(1e20, "General", "1e+20", id="huge"),
            pytest.param(501, "00000", "00501", id="postcode"),
            pytest.param(0.25, "0%", "25%", id="percent"),
            pytest.param(True, "General", "TRUE", id="boolean"),
            pytest.param(dt.date(2024, 5, 1), "dd.mm.yy", "2024-05-01", id="date"),
            pytest.param(
                NOON,
                "d/m/yy h:mm",
                "2024-05-01T12:00:05",
                id="time",
            ),
            pytest.param(dt.time(4, 14), "h:mm", "04:14:00", id="time of day"),
            pytest.param(dt.timedelta(hours=30), "[h]:mm", "1 day, 6:00:00", id="duration"),
            pytest.param("#N/A", "General", "", id="error"),
            pytest.param("0049", "@", "0049", id="text"),
            pytest.param("a_x000D_\nb", "@", "a\r\nb", id="line break"),
            pytest.param(4930123456, '"+"0', "+4930123456", id="a phone's plus sign"),
            pytest.param(4930123456, "+#", "+4930123456", id="a plus sign without quotes"),
            pytest.param(30123456, '"0"0', "030123456", id="a phone's zero"),
            pytest.param(5, '"$"0', "5", id="a currency"),
            pytest.param("_xD83D__xDE00_!", "@", "\U0001f600!", id="a sign in two halves"),
            pytest.param("_xD83D_!", "@", "\ufffd!", id="half a sign"),
            pytest.param("=1+1", "General", "", id="formula never computed"),
            pytest.param("x" * 32_767, "@", "x" * 32_767, id="longest"),
        ],
    )
    def test_read_as_people_see_them(self, value, form, shown):
        _, rows, _ = read_all(workbook([["name", "email", "x"], [*ANN, value]], C2=form))

        assert rows == [[*ANN, shown]]

    def test_of_a_formula_are_what_it_came_to(self):
        content = changed(
            workbook([HEADER, ["=1+1", "a@b.de"]]),
            SHEET,
            lambda text: text.replace(b"<v /></c>", b"<v>2</v></c>").replace(
                b"<v></v>", b"<v>2</v>"
            ),
        )

        assert read_all(content)[1] == [["2", "a@b.de"]]

    def test_may_share_their_texts(self):
        _, rows, _ = read_all(with_shared_texts(workbook([HEADER, [0, 1], ANN])))

        assert rows == [ANN, ANN]

    def test_show_the_text_of_a_link(self):
        book = openpyxl.load_workbook(io.BytesIO(workbook([HEADER, ANN])))
        book.active["A2"].hyperlink = "https://acme.com"

        assert read_all(saved(book))[1] == [ANN]


class TestRefusal:
    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            pytest.param(workbook([]), "only empty rows", id="empty"),
            pytest.param(workbook([HEADER]), "no row behind it", id="header only"),
            pytest.param(
                changed(workbook([HEADER, ANN]), SHEET, lambda text: text[:-200]),
                "damaged",
                id="cut sheet",
            ),
            pytest.param(
                changed(workbook([HEADER, ANN]), "xl/workbook.xml", lambda text: b"no XML"),
                "damaged",
                id="no XML",
            ),
            pytest.param(
                changed(
                    workbook([HEADER, ANN]),
                    SHEET,
                    lambda text: text.replace(b'<row r="2"', b'<row r="99999999999"'),
                ),
                "more rows than a sheet can have",
                id="endless gap",
            ),
            pytest.param(
                changed(
                    workbook([HEADER, ANN]), SHEET, lambda text: text.replace(b'"B2"', b'"ZZZZZ2"')
                ),
                "damaged",
                id="columns beyond the last",
            ),
        ],
    )
    def test_is_one_sentence(self, content, sentence):
        with pytest.raises(NotALeadFile, match=sentence) as refusal:
            read_all(content)

        assert str(refusal.value).endswith(".")

    def test_of_the_strict_format(self):
        main = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
        content = changed(
            workbook([HEADER, ANN]),
            "xl/workbook.xml",
            lambda book: book.replace(main, b"http://purl.oclc.org/ooxml/spreadsheetml/main"),
        )

        with pytest.raises(NotALeadFile, match="Strict Open XML: save it as a usual"):
            inspect(io.BytesIO(content))

    def test_of_formulas_that_nobody_computed(self):
        rows = [["name", "email"], *(["Ann", f'=A{n}&"@acme.com"'] for n in range(2, 5))]

        with pytest.raises(NotALeadFile, match="formulas without their results: open it in Excel"):
            inspect(io.BytesIO(workbook(rows)))

    def test_of_the_same_in_a_namespace_of_their_own(self):
        rows = [["name", "email"], *(["Ann", f'=A{n}&"@acme.com"'] for n in range(2, 5))]
        content = changed(
            workbook(rows),
            SHEET,
            lambda sheet: (
                re.sub(rb"<(/?)(\w)", rb"<\1x:\2", sheet)
                .replace(b" xmlns=", b" xmlns:x=")
                .replace(b"<x:row ", b"<x:row\n")
            ),
        )

        with pytest.raises(NotALeadFile, match="formulas without their results"):
            inspect(io.BytesIO(content))

    def test_is_none_of_sums_below_the_leads(self):
        content = workbook([HEADER, ANN, BOB, ["=COUNTA(A2:A3)", "=COUNTA(B2:B3)"]])

        assert inspect(io.BytesIO(content)).headers == ("name", "email")

    def test_is_none_of_formulas_that_came_to_an_empty_text(self):
        content = changed(
            workbook([[*HEADER, "note"], [*ANN, "=A9"], [*BOB, "=A9"]]),
            SHEET,
            lambda sheet: re.sub(rb'(<c r="C[23]")', rb'\1 t="str"', sheet),
        )

        assert inspect(io.BytesIO(content)).sample == (("Ann", ANN[1], ""), ("Bob", BOB[1], ""))

    def test_of_too_many_rows(self):
        with pytest.raises(NotALeadFile, match="more than 1 rows"):
            read_all(workbook([HEADER, ANN, ANN]), limits=Limits(rows=1))

    def test_of_a_bomb(self):
        content = changed(workbook([HEADER, ANN]), SHEET, lambda text: text + b" " * 5_000_000)

        with pytest.raises(NotALeadFile, match="unpacks to more than 1 MB"):
            inspect(io.BytesIO(content), limits=Limits(size=1_000_000))

    def test_of_more_text_than_memory_should_hold(self, monkeypatch):
        monkeypatch.setattr(workbooks, "_MOST_TEXT", 100)

        with pytest.raises(NotALeadFile, match="too much text"):
            read_all(with_shared_texts(workbook([HEADER, [1, 2]])))

    def test_of_leads_on_several_sheets(self):
        with pytest.raises(NotALeadFile) as refusal:
            read_all(with_sheets([HEADER, ANN, BOB], [["Legend"]], [HEADER, *OTHERS]))

        assert str(refusal.value) == (
            "The workbook has leads on 2 sheets, 'Sheet' and 'Sheet2': save each as a file of its"
            " own."
        )

    def test_is_none_of_the_same_leads_sorted_anew(self):
        rows = [[f"ann{n}", f"ann{n}@acme.com"] for n in range(250)]

        layout = inspect(io.BytesIO(with_sheets([HEADER, *rows], [HEADER, *reversed(rows)])))

        assert layout.headers == ("name", "email")

    def test_of_leads_behind_those_that_are_known(self):
        rows = [[f"ann{n}", f"ann{n}@acme.com"] for n in range(250)]

        with pytest.raises(NotALeadFile, match="leads on 2 sheets"):
            inspect(io.BytesIO(with_sheets([HEADER, *rows], [HEADER, *reversed(rows), *OTHERS])))

    def test_of_leads_on_many_sheets_names_some(self):
        lists = [[[f"ann{n}{m}@acme.com"] for m in range(2)] for n in range(9)]

        with pytest.raises(
            NotALeadFile, match=r"on 9 sheets, 'Sheet', .*'Sheet3' and 5 more: save"
        ):
            read_all(with_sheets(*lists))


class TestProperties:
    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 5_000), st.binary(min_size=1, max_size=4))
    def test_any_damage_is_read_or_refused(self, position, damage):
        content = bytearray(workbook([HEADER, ANN]))
        content[position : position + len(damage)] = damage

        try:
            layout = leadfile.inspect(io.BytesIO(content))
            rows = sum(len(part.lines) for part in leadfile.read(io.BytesIO(content), layout))
        except NotALeadFile:
            return

        assert rows >= 1

from __future__ import annotations

import time

import pytest

from pipeline.reading import dialects
from pipeline.reading.csv_records import RFC_4180, Dialect
from pipeline.reading.dialects import Sample


def found(text, **options):
    return dialects.find(Sample(text=text, **options))


def rows(text):
    return Sample(text=text).records(*found(text)).rows


class TestDelimiter:
    @pytest.mark.parametrize(
        ("text", "delimiter"),
        [
            pytest.param(
                "Müller, Ann, Dr;a@b.de\nBolt, Bob, Dr;b@c.de\n", ";", id="next to address"
            ),
            pytest.param("Notes:\nwords\n\na;b;c\n1;2;3\n4;5;6\n7;8;9\n", ";", id="behind notes"),
            pytest.param("Leads, May, 2024\n\na|b\n1|2\n3|4\n5|6\n", "|", id="behind a title"),
            pytest.param("company\nAcme, Inc.\nBolt\nCog\nDot\n", ";", id="needed least"),
            pytest.param(",,\n,,\n", ",", id="nothing but delimiters"),
            pytest.param("a^b^c\n1^2^3\n4^5^6\n", "^", id="a caret"),
            pytest.param("a~b\n~1~\nx\ny\nz\n", ",", id="a tilde here and there"),
            pytest.param("sep=^\na^b,c\n1^2\n", "^", id="told"),
            pytest.param("SEP=;\r\na,b;c\r\n1;2\r\n", ";", id="told in capitals"),
            pytest.param("sep=;\na,b\n1,2\n3,4\n", ",", id="told wrongly"),
            pytest.param("sep=;\na\n1\n", ";", id="told for one column"),
            pytest.param(
                'Notes:\n\n"a","b"\n"",";x@y.de"\n"",";z"\n', ",", id="a sign within quotes"
            ),
            pytest.param(
                "name,mail,city,zip\nAnn,a@b.de\nBob,b@c.de,Rome\nCy,c@d.de,Oslo,1\nDi,d@e.de\n",
                ",",
                id="blanks left out",
            ),
            pytest.param(
                "name,mail\nAnn,a@b.de\nBob,b@c.de,Rome\nCy,c@d.de,Oslo,1\nDi,d@e.de,Bonn,2,3\n",
                ";",
                id="a header too short",
            ),
            pytest.param(
                "a@a.de,Al,x,y\na@b.de,Bo\nb@c.de,Cy,z\nd@d.de,Di,u,v\ne@f.de,Ed\n",
                ";",
                id="blanks left out and no header",
            ),
        ],
    )
    def test_is_found(self, text, delimiter):
        assert found(text)[0] == delimiter

    @pytest.mark.parametrize(
        "rows",
        [
            pytest.param([",,,,é;ü", ",,,,,é;ü", ",,,,,é;ü"], id="rows all but empty"),
            pytest.param(
                [
                    "é;ü,,ann@acme-pipes.com,,",
                    *[",,,é;ü,,Ann"] * 3,
                    ",,two@@at.com,,",
                    ',é;ü,,"two\nlines",é;ü',
                ],
                id="rows with a cell too many",
            ),
            pytest.param(["é;ü,,,,"] * 6 + [",,,é;ü,,Ann"] * 7, id="one address in all"),
        ],
    )
    def test_takes_no_header_with_a_lead_for_lines_before_one(self, rows):
        lead = "Cy,Cedar,cy@cedar-labs.com,,ok"

        assert found("\n".join(["First Name,Company,Email,Country,Remark", lead, *rows]))[0] == ","

    @pytest.mark.parametrize(
        ("text", "delimiter"),
        [
            pytest.param(
                "Firm;Person;Mail\n" + "Acme, Inc.;Lee, Ann;a@b.de\n" * 3, ";", id="commas in cells"
            ),
            pytest.param(
                "Leads, May\n\nPrice;Weight\n1,5;2\n2,5;3\n3,5;4\n", ";", id="no address at all"
            ),
            pytest.param(
                "From,ann@acme.com\n\nFirm;Seat;Mail\n" + "Acme;Ulm, DE;a@b.de\n" * 3,
                ";",
                id="behind the address of whoever sent it",
            ),
            pytest.param(
                "Firm,Person,Mails\n" + "Acme,Ann,a@b.de; c@b.de\n" * 3,
                ",",
                id="two addresses in each cell",
            ),
            pytest.param(
                "Leads of May\n\nMails;Firm;Seat\n" + "a@b.de, c@b.de;Acme;Ulm\n" * 2,
                ";",
                id="two addresses in each cell, below a title",
            ),
            pytest.param(
                "Firm;Mails\nAcme;a@b.de\nBolt;c@d.de, e@d.de\nCog;f@g.de, h@g.de\n",
                ";",
                id="two addresses in some cells",
            ),
            pytest.param(
                "Firm;Person;Mails\n" + 'Acme;Ann;"a@b.de, c@b.de"\n' * 3,
                ";",
                id="two addresses in quotes",
            ),
        ],
    )
    def test_is_found_whatever_another_sign_would_divide(self, text, delimiter):
        assert found(text)[0] == delimiter

    def test_is_found_where_the_sample_ends_within_a_record(self):
        assert found('a;b\n1;2\n3;"4,5,6', whole=False)[0] == ";"

    def test_takes_no_quadratic_time(self):
        began = time.process_time()

        found("a@" + "." * 500_000 + ",,\n1,2\n")

        assert time.process_time() - began < 5


class TestDialect:
    @pytest.mark.parametrize(
        ("text", "dialect"),
        [
            pytest.param('a,b\n"5"" pipe",2\n', RFC_4180, id="RFC 4180"),
            pytest.param(
                'a,b\n"C:\\leads\\","x"\n', RFC_4180, id="backslash before a closing quote"
            ),
            pytest.param('a,b\n5\\" pipe,x\n', RFC_4180, id="backslash in an unquoted cell"),
            pytest.param('a,b\n"5\\" pipe",2\n', Dialect(backslash=True), id="escaped quote"),
            pytest.param('"a", "b"\n"1", "2, 3"\n', Dialect(spaced=True), id="blanks"),
            pytest.param('a,b\n"x, ""y""",2\n', RFC_4180, id="blank before a doubled quote"),
            pytest.param("'a','b'\n'1','2, 3'\n", Dialect(quote="'"), id="single quotes"),
            pytest.param("a,b\n'1','2, 3'\n", Dialect(quote="'"), id="a plain header above them"),
            pytest.param("'a','b'\r'1','2'\r", Dialect(quote="'"), id="single quotes of a Mac"),
            pytest.param('"a,b"\r"1,2"\r', Dialect(wrapped=True), id="lines of a Mac as a cell"),
            pytest.param('a,b\r"A "B" C","2"\r', Dialect(loose=True), id="loose on a Mac"),
            pytest.param("x" * (1 << 18) + "\n'1'\n", RFC_4180, id="a line beyond the sample"),
            pytest.param("phone\n'+1 512\n'+1 513\n", RFC_4180, id="apostrophes"),
            pytest.param('"a,b"\n"1,2"\n', Dialect(wrapped=True), id="lines as one cell"),
            pytest.param('a,b\n"1,2"\n"3,4"\n', Dialect(wrapped=True), id="rows as one cell"),
            pytest.param(
                'a,b\n1,2\n"3,""4, 5"""\n', Dialect(wrapped=True), id="some rows as one cell"
            ),
            pytest.param('"a,b"\n"1,\r2"\n', RFC_4180, id="breaks in lines as one cell"),
            pytest.param('a,b\n"1","2"\n"3,4"\n', RFC_4180, id="one row as one cell"),
            pytest.param('a\n"x, y"\n"z, a"\n', RFC_4180, id="one column with commas"),
            pytest.param('"a"\n"x, y"\n"z"\n', RFC_4180, id="one column, quoted"),
            pytest.param('"a,b"\n"1,2"\n"3,4",5\n', RFC_4180, id="not all lines as one cell"),
            pytest.param('"x, a@b.de"\n"y, c@d.de"\n', RFC_4180, id="lists of addresses"),
            pytest.param('"a","b"\n"Ann "A, B" Lee","2"\n', Dialect(loose=True), id="loose"),
            pytest.param(
                'a;b\n"Ann "A" Lee";"2"\n', Dialect(loose=True), id="loose below a plain header"
            ),
            pytest.param('"a","b"\n"Ann ""A"" Lee",""\n', RFC_4180, id="doubled"),
            pytest.param('"a","b"\n""",","x"\n', RFC_4180, id="a quote before a comma"),
            pytest.param('"a","b"\n"Ann "A" Lee",2\n', RFC_4180, id="not all cells quoted"),
            pytest.param("a,b\n“x, y”,2\n“z”,3\n", Dialect(curly=True), id="curly"),
            pytest.param("a,b\nan “x” y,2\nz,3\n", RFC_4180, id="curly within a cell"),
        ],
    )
    def test_is_found(self, text, dialect):
        assert found(text)[1] == dialect

    @pytest.mark.parametrize(
        ("text", "row"),
        [
            pytest.param('a,b\n"5\\" C:\\leads, x",2\n', ['5" C:\\leads, x', "2"], id="escaped"),
            pytest.param('a,b\n"5\\" x","C:\\\\"\n', ['5" x', "C:\\"], id="escaped backslash"),
            pytest.param('"a", "b"\n"1", "2, 3"\n', ["1", "2, 3"], id="blanks"),
            pytest.param('"a" , "b"\n"1" , "2, 3"\n', ["1 ", "2, 3"], id="blanks on both sides"),
            pytest.param("'a','b'\n'O''Brien','2, 3'\n", ["O'Brien", "2, 3"], id="single"),
            pytest.param('a,b\n"1,""2, 3"""\n', ["1", "2, 3"], id="a row as one cell"),
            pytest.param('"a,b";;\n"1,""2, 3""";;\n', ["1", "2, 3"], id="lines as one cell"),
            pytest.param("“a”;“b”\n“1”;„2; 3“\n", ["1", "2; 3"], id="curly"),
        ],
    )
    def test_says_what_the_cells_are(self, text, row):
        assert rows(text)[1] == row

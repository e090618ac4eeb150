from __future__ import annotations

import pytest

from pipeline.reading import dialects, header_rows
from pipeline.reading.dialects import Sample
from pipeline.reading.file_kinds import NotALeadFile

LINKEDIN = (
    'Notes:\n"When exporting your connection data, you may notice that some of the email addresses'
    " are missing. You will only see addresses of connections who allowed it"
    ' https://www.linkedin.com/psettings/privacy/email."\n\n'
    "First Name,Last Name,URL,Email Address,Company,Position,Connected On\n"
    "Ann,Miller,https://www.linkedin.com/in/ann,,Acme,CEO,01 May 2024\n"
    "Bob,Bolt,https://www.linkedin.com/in/bob,b@bolt.com,Bolt,CTO,02 May 2024\n"
)


def found(text, known=None):
    sample = Sample(text=text)
    batch = sample.records(*dialects.find(sample))
    return header_rows.find(batch, whole=True, known=known)


def known(name):
    return name.lower() in {"name", "email", "company", "notes", "2024"}


class TestHeader:
    @pytest.mark.parametrize(
        ("text", "row", "names"),
        [
            pytest.param("name,email\nAnn,a@b.de\n", 1, ("name", "email"), id="first row"),
            pytest.param("name,note\nAnn,x\nBob,y\n", 1, ("name", "note"), id="above words"),
            pytest.param("\n\nname,email\nAnn,a@b.de\n", 3, ("name", "email"), id="blank lines"),
            pytest.param(
                "Leads of May\nname,email\nAnn,a@b.de\n", 2, ("name", "email"), id="title"
            ),
            pytest.param(
                "Leads,\nname,email\nAnn,a@b.de\nBob,b@c.de\n",
                2,
                ("name", "email"),
                id="padded title",
            ),
            pytest.param(
                "Notes:\n\nname,note\nAnn,x\nBob,\nCleo,\nDan,\n",
                3,
                ("name", "note"),
                id="above mostly empty columns",
            ),
            pytest.param(
                "Report:,Leads\nDate:,2024-05-01\n\nname,email,city\nAnn,a@b.de,Bonn\n",
                4,
                ("name", "email", "city"),
                id="report",
            ),
            pytest.param(
                "name;email\nAnn,a@b.de\nBob,b@c.de\n", 1, ("name", "email"), id="divided otherwise"
            ),
            pytest.param(
                "\nLeads; May\nname,email\nAnn,a@b.de\n", 3, ("name", "email"), id="divided title"
            ),
            pytest.param(
                "name,\nAnn,a@b.de\n", 0, ("column 1", "column 2"), id="none over addresses"
            ),
            pytest.param(
                "name,,,city\nAnn,1,2,Bonn\n", 1, ("name", "", "", "city"), id="unnamed columns"
            ),
            pytest.param(' " name " , email \nAnn,a@b.de\n', 1, ("name", "email"), id="quotes"),
            pytest.param("na\x00me,email\nAnn,a@b.de\n", 1, ("name", "email"), id="NUL"),
            pytest.param("a,b\n1,2,3\n4,5,6\n", 1, ("a", "b"), id="shorter than the rows"),
            pytest.param(
                "name,email\nAcme, Inc.,a@b.de\nBolt, Inc.,b@c.de\n",
                1,
                ("name", "email"),
                id="above unquoted commas",
            ),
            pytest.param("a,b,c,d\n1,2\n3,4\n", 1, ("a", "b", "c", "d"), id="longer"),
        ],
    )
    def test_is_found_by_its_looks(self, text, row, names):
        header = found(text)

        assert (header.row, header.names) == (row, names)

    def test_is_found_behind_linkedins_notes(self):
        header = found(LINKEDIN)

        assert header.row == 4
        assert header.names[0] == "First Name"
        assert [row[0] for row in header.sample] == ["Ann", "Bob"]

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("Ann,a@b.de\nBob,b@c.de\n", id="an address"),
            pytest.param("Ann,\nBob,b@c.de\nCleo,c@d.de\n", id="no address, where others have one"),
            pytest.param("Ann,+1 512 555\nBob,+1 512 556\n", id="a phone"),
            pytest.param("Ann,2024-05-01T10:00\nBob,2024-05-02\n", id="a date"),
            pytest.param("Ann,https://x.de\nBob,www.y.de\n", id="links"),
            pytest.param(f"Ann,{'x' * 200}\nBob,y\n", id="a long text"),
        ],
    )
    def test_is_none_where_the_first_row_holds_a_lead(self, text):
        header = found(text)

        assert (header.row, header.names) == (0, ("column 1", "column 2"))
        assert header.sample[0][0] == "Ann"

    def test_is_none_above_a_list_of_addresses(self):
        header = found("a@b.de\nb@c.de\n")

        assert (header.row, header.names) == (0, ("column 1",))
        assert header.sample == (("a@b.de",), ("b@c.de",))

    @pytest.mark.parametrize(
        ("text", "row"),
        [
            pytest.param("Leads, of May\nname,email\nAnn,a@b.de\n", 2, id="behind a row as wide"),
            pytest.param("name,2024,email\nAnn,1,a@b.de\n", 1, id="with a number"),
            pytest.param("name,,company\nAnn,a@b.de,Acme\n", 1, id="unnamed over addresses"),
            pytest.param("Mail;Email;2022;2023\nx;a@b.de;1;2\n", 1, id="one, over addresses"),
            pytest.param(
                "May;;\nEmail;2022;2023\na@b.de;1;2\nb@c.de;1;2\n", 2, id="one, below a title"
            ),
            pytest.param("a@b.de;1;2\nEmail;2022;2023\nb@c.de;1;2\n", 0, id="one, below a lead"),
            pytest.param("Notes:\n\nVorname,Mail,Ort\nAnn,a@b.de,Bonn\n", 3, id="unknown names"),
            pytest.param(
                "email,first\na@b.de,Ann\n\nname,company\nBob,Acme\n", 1, id="above a second table"
            ),
            pytest.param(
                "made by,ida@b.de,\nname,email,company\nAnn,a@b.de,Acme\n", 2, id="below an address"
            ),
            pytest.param(
                "Notes,by ida@b.de,\nname,email,company\nAnn,a@b.de,Acme\n",
                2,
                id="below a name and an address",
            ),
        ],
    )
    def test_is_found_by_the_names_that_are_known(self, text, row):
        assert found(text, known).row == row

    def test_is_refused_where_it_opens_a_quote(self):
        with pytest.raises(NotALeadFile, match="Line 1, the header, opens a quote"):
            found('name,"email\nAnn,Acme\n')

    def test_is_found_behind_a_title_that_opens_a_quote(self):
        assert found('"Leads of May\nname,email\nAnn,a@b.de\nBob,b@c.de\n').row == 2

    @pytest.mark.parametrize("text", ["name,email\n", "Notes:\n\nname,email\n,\n"])
    def test_alone_is_no_lead_file(self, text):
        with pytest.raises(NotALeadFile, match=r"a header \(name, email\) and no row behind it"):
            found(text)


class TestSample:
    def test_is_trimmed_cut_and_as_wide_as_the_header(self):
        header = found(f"name,note\n Ann , {'x' * 500}\nBob\n")

        assert header.sample == (("Ann", "x" * 200), ("Bob", ""))

    def test_leaves_out_what_is_blank_or_broken(self):
        header = found('name,note\nAnn,x\n,\nBob,y,z\nCleo,"x\nD\x00,x\nEve,,,\n')

        assert header.sample == (("Ann", "x"), ("Eve", ""))

    def test_holds_fifty_records_also_behind_a_title(self):
        header = found("Leads\n\nname,note\n" + "".join(f"n{n},x\n" for n in range(200)))

        assert [row[0] for row in header.sample] == [f"n{n}" for n in range(50)]

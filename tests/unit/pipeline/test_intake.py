from __future__ import annotations

import io
import json
import unicodedata
import uuid
from functools import partial

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline import intake, leadfile, samples
from pipeline.addresses import is_address, match_key, match_keys, normalise
from pipeline.arrow import TEXT, pa
from pipeline.fields import cleaning
from pipeline.fields.json_objects import json_objects
from pipeline.leadfile import Limits, NotALeadFile
from pipeline.mapping import FIELDS, BadMapping, guess
from pipeline.reasons import REASONS

SECRET = b"a secret for tests"
KEYS = partial(match_keys, secret=SECRET)


def judged(
    content, *, own_columns=FIELDS, limits=None, overrides=None, slice_rows=50_000, **options
):
    """All slices of a file, judged."""
    limits = limits or Limits()
    stream = io.BytesIO(content if isinstance(content, bytes) else content.encode())
    layout = leadfile.inspect(stream)
    columns = guess(layout.headers, overrides)
    return [
        intake.judge(part, columns, keys=KEYS, own_columns=own_columns, limits=limits, **options)
        for part in leadfile.read(stream, layout, limits=limits, slice_rows=slice_rows)
    ]


def one(content, **options):
    (found,) = judged(content, **options)
    return found


def clean(text, **options):
    return cleaning.clean(pa.array([text], TEXT), **options).to_pylist()[0]


class TestClean:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            pytest.param("  Ann\u00a0 ", "Ann", id="trimmed"),
            pytest.param("Zoe\u0308", "Zoë", id="composed"),
            pytest.param("An\u200bn\ufeff", "Ann", id="zero width"),
            pytest.param("\u202enna\u202c", "nna", id="right to left override"),
            pytest.param("Ann\U000e0041\U000e007f", "Ann", id="tags"),
            pytest.param("A\x07n\x9fn\x7f", "Ann", id="control characters"),
            pytest.param("Head of\r\nSales", "Head of Sales", id="line break"),
            pytest.param("Head\u2028of\tSales", "Head of Sales", id="other breaks"),
            pytest.param("Anna\u00a0Maria", "Anna Maria", id="no-break space"),
            pytest.param("Łukasz 李 🚀", "Łukasz 李 🚀", id="other letters stay"),
            pytest.param("\u200b \u200b", "", id="nothing to see"),
            pytest.param(' ="00501" ', "00501", id="typed as text"),
            pytest.param('"Ann Cole"', "Ann Cole", id="quoted twice"),
            pytest.param('"Acme" & "Bolt"', '"Acme" & "Bolt"', id="quotes within"),
            pytest.param("MÃ¼ller & SÃ¶hne", "Müller & Söhne", id="coded twice"),
            pytest.param("Ã\x81lvaro", "Álvaro", id="coded twice, a sign of Windows'"),
            pytest.param("dâ€™Arc Ã\xa0 Metz", "d\u2019Arc à Metz", id="coded twice, typography"),
            pytest.param("SÃO PAULO Â ÄÖÜ “Å”", "SÃO PAULO Â ÄÖÜ “Å”", id="not coded twice"),
            pytest.param("MÃ¼ller, 李", "MÃ¼ller, 李", id="coded twice in part"),
            pytest.param("R&amp;D&nbsp;&#8203; ", "R&D", id="a web page's signs"),
            pytest.param(r"Am\u00e9lie Zoe\u0308", "Amélie Zoë", id="JSON's signs"),
            pytest.param('="a="b""', '="a="b""', id="a formula"),
        ],
    )
    def test_leaves_what_people_see(self, text, expected):
        assert clean(text) == expected

    def test_keeps_the_lines_of_a_longer_text(self):
        assert clean(" one\r\ntwo\rthree\x00 ", several_lines=True) == "one\ntwo\nthree"

    @settings(deadline=None)
    @given(text=st.text(max_size=12), several_lines=st.booleans())
    @example(text="\u0344\u200b", several_lines=False)
    @example(text="\xc2\x1f\xa1", several_lines=False)
    @example(text="A\u0302\xa1", several_lines=True)
    def test_changes_nothing_twice_and_hides_nothing(self, text, several_lines):
        once = clean(text, several_lines=several_lines)

        assert clean(once, several_lines=several_lines) == once
        assert unicodedata.is_normalized("NFC", once)
        assert not {unicodedata.category(sign) for sign in once.replace("\n", "")} & {"Cc", "Zl"}

    @settings(deadline=None)
    @given(st.lists(st.text(max_size=6)))
    def test_says_the_same_of_a_column_as_of_each(self, texts):
        column = cleaning.clean(pa.array(texts, TEXT))

        assert column.to_pylist() == [clean(text) for text in texts]


class TestJudge:
    def test_makes_a_lead_of_a_good_row(self):
        found = one("First Name,Email,Mood\n Ann ,Ann@Acme.com,gay\n")

        (lead,) = found.leads.to_dict("records")
        assert lead == {
            "record": 1,
            "line": 2,
            "first_name": "Ann",
            "email": "Ann@Acme.com",
            "company_domain": "acme.com",
            "extras": '{"Mood":"gay"}',
            "key": match_key("ann@acme.com", SECRET).hex,
        }

    @pytest.mark.parametrize(
        ("row", "code", "field"),
        [
            pytest.param("Ann,no address", "bad_email", "email", id="bad address"),
            pytest.param("Ann,", "missing_field", "email", id="no address"),
            pytest.param("Ann", "missing_field", "email", id="too few cells"),
            pytest.param("Ann, \u200b ", "missing_field", "email", id="an address nobody sees"),
            pytest.param("Ann,a@acme.com,x", "too_many_cells", "", id="too many cells"),
            pytest.param("An\x00n,a@acme.com", "nul_byte", "", id="NUL"),
            pytest.param('Ann,"a@acme.com', "unclosed_quote", "", id="unclosed quote"),
            pytest.param("", "blank", "", id="empty line"),
            pytest.param(", ", "blank", "", id="empty cells"),
            pytest.param("\u200b,\ufeff", "blank", "", id="cells with nothing to see"),
            pytest.param(",,,,", "blank", "", id="too many empty cells"),
        ],
    )
    def test_says_why_a_row_is_no_lead(self, row, code, field):
        found = one(f"name,email\nBob,b@acme.com\n{row}\nCleo,c@acme.com\n")

        (rejected,) = found.rejected
        assert (rejected.code, rejected.field) == (code, field)
        assert (rejected.record, rejected.line) == (2, 3)
        assert found.leads["record"].tolist() == [1, 3]

    def test_keeps_the_refused_row_as_it_came(self):
        found = one("name,email,name\n Ann ,no address,x,y\n B\x00b,,\n")

        assert [row.raw for row in found.rejected] == [
            {"name": " Ann ", "email": "no address", "name (2)": "x", "+1": "y"},
            {"name": " B\ufffdb"},
        ]

    @pytest.mark.parametrize(
        ("row", "surplus"),
        [
            pytest.param("Ann,a@acme.com,", {"+1": ""}, id="a blank cell"),
            pytest.param("Ann,a@acme.com,,x,,", {"+1": "", "+2": "x"}, id="one behind a blank one"),
            pytest.param(f"Ann,a@acme.com{',' * 99}x", {"+1": "x"}, id="one behind very many"),
        ],
    )
    def test_shows_what_makes_a_row_too_wide(self, row, surplus):
        found = one(f"name,email\nBob,b@acme.com\n{row}\n")

        (rejected,) = found.rejected
        assert rejected.raw == {"name": "Ann", "email": "a@acme.com", **surplus}

    def test_quotes_a_part_of_a_huge_cell_only(self):
        found = one(f"name,email\n{'x' * 50_000},\n")

        (rejected,) = found.rejected
        assert len(rejected.raw["name"]) == 10_000

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("name,email,name\n Ann ,no address,x,y\n B\x00b,,\n", id="broken rows"),
            pytest.param(f"name,email\n{'ü' * 50_000},\nBob,no\n", id="a huge cell"),
            pytest.param('name,email\n"a\tb\r\n\x01\\""c",no\n"",info@acme.com\n', id="signs"),
            pytest.param("name,email\nAnn,a@acme.com\n", id="none"),
            pytest.param('name,email\nAnn,no\n,\nB,a@acme.com\n"x,y', id="an open quote"),
        ],
    )
    def test_tells_the_same_by_rows_and_by_columns(self, text):
        found = one(text).rejected

        table = found.table()
        assert [
            (row.record, row.line, row.field, row.code, json.loads(row.raw))
            for row in table.itertuples()
        ] == [(row.record, row.line, row.field, row.code, row.raw) for row in found]

    def test_numbers_rows_through_all_slices(self):
        first, second = judged("email\na@acme.com\nno\nb@acme.com\n,\n", slice_rows=2)

        assert first.leads["record"].tolist() == [1]
        assert [row.record for row in first.rejected] == [2]
        assert second.leads["record"].tolist() == [3]
        assert [row.record for row in second.rejected] == [4]

    def test_of_a_slice_without_a_lead_has_the_same_columns(self):
        bad, good = one("email,x\nno,1\n").leads, one("email,x\na@acme.com,1\n").leads

        assert len(bad) == 0
        assert list(bad.columns) == list(good.columns)

    def test_cuts_huge_cells_and_counts_them(self):
        found = one("email,x,y\na@acme.com,ääääää,1\n", limits=Limits(cell=4))

        assert found.leads["extras"].tolist() == ['{"x":"ääää","y":"1"}']
        assert found.leads["email"].tolist() == ["a@acme.com"]  # cut, it would be another's
        assert found.cut == 1

    def test_gives_equal_keys_to_spellings_of_one_mailbox(self):
        found = one("email\nA.nn+x@gmail.com\nann@googlemail.com\n")

        assert found.leads["key"].nunique() == 1
        assert uuid.UUID(found.leads["key"][0]) == match_key("ann@gmail.com", SECRET)

    @pytest.mark.parametrize(
        ("cell", "phone"),
        [
            pytest.param("'+1 512-555-0100", "+1 512-555-0100", id="Apollo"),
            pytest.param("=+15125550100", "+15125550100", id="a formula"),
            pytest.param("p:+15125550100", "+15125550100", id="Facebook"),
            pytest.param("tel:+15125550100", "+15125550100", id="a link"),
            pytest.param("15125550100.0", "15125550100", id="pandas"),
            pytest.param("512.555.0100", "512.555.0100", id="a person"),
            pytest.param("Home: 512-555-0100", "Home: 512-555-0100", id="another person"),
        ],
    )
    def test_takes_off_phones_what_programs_put_around_them(self, cell, phone):
        found = one(f"email,Mobile Phone\na@acme.com,{cell}\n")

        assert found.leads["phone"].tolist() == [phone]


class TestAddressCells:
    def test_the_first_address_counts_and_the_others_are_kept(self):
        found = one('email,x\n"Ann <a@acme.com>; b@bolt.com, c@bolt.com",1\nd@acme.com,2\n')

        assert found.leads["email"].tolist() == ["a@acme.com", "d@acme.com"]
        assert [json.loads(text) for text in found.leads["extras"]] == [
            {"x": "1"},
            {"x": "2"},
        ]
        assert found.leads["email_alt"].tolist() == ["b@bolt.com, c@bolt.com", ""]
        assert found.leads["key"][0] == match_key("a@acme.com", SECRET).hex

    def test_the_others_go_to_extras_where_they_have_no_column(self):
        found = one("email\na@acme.com; b@bolt.com\n", own_columns=["email"])

        assert found.leads["extras"].tolist() == ['{"email_alt":"b@bolt.com"}']

    def test_the_others_join_what_the_file_gives(self):
        found = one(
            "email,email_alt\na@acme.com; b@bolt.com,c@x.com\na@acme.com; b@bolt.com,\nd@x.com,e@x.com\n",
            own_columns=["email"],
        )

        assert [json.loads(text)["email_alt"] for text in found.leads["extras"]] == [
            "c@x.com, b@bolt.com",
            "b@bolt.com",
            "e@x.com",
        ]

    def test_a_refusal_says_what_is_wrong(self):
        found = one("email,x\nno,1\na@acme,1\n,1\n")

        whys = [row.why for row in found.rejected]
        assert whys[0] == "There is no @ in it."
        assert "period" in whys[1]
        assert whys[2] == REASONS["missing_field"]


class TestMailboxesOfNobody:
    FILE = "email\ninfo@acme.com\na@mailinator.com\nann@acme.com\ninfo@mailinator.com\n"

    def test_are_dropped_with_their_codes(self):
        found = one(self.FILE)

        assert found.leads["email"].tolist() == ["ann@acme.com"]
        assert [(row.code, row.field) for row in found.rejected] == [
            ("role", "email"),
            ("disposable", "email"),
            ("disposable", "email"),
        ]
        role = next(iter(found.rejected))
        assert role.raw == {"email": "info@acme.com"}
        assert role.why == REASONS["role"]

    @pytest.mark.parametrize(
        ("options", "kept"),
        [
            ({"drop_role": False}, ["info@acme.com", "ann@acme.com"]),
            ({"drop_disposable": False}, ["a@mailinator.com", "ann@acme.com"]),
            ({"drop_role": False, "drop_disposable": False}, FILE.split()[1:]),
        ],
        ids=["roles", "disposables", "both"],
    )
    def test_are_kept_where_somebody_wants_them(self, options, kept):
        assert one(self.FILE, **options).leads["email"].tolist() == kept

    def test_broken_rows_keep_their_own_code(self):
        found = one("email,x\ninfo@acme.com,1,2\n")

        assert [row.code for row in found.rejected] == ["too_many_cells"]


class TestCompanyDomain:
    @pytest.mark.parametrize(
        ("row", "domain"),
        [
            ("ann@mail.acme.co.uk,,", "acme.co.uk"),
            ("ann@gmail.com,,", ""),
            ("ann@gmail.com,,http://www.Bolt.de/x", "bolt.de"),
            ("ann@acme.com,,https://linkedin.com/company/acme", "acme.com"),
            ("ann@acme.com,https://www.Bolt.de/,http://other.com", "bolt.de"),
            ("ann@acme.com,n/a,http://other.com", "other.com"),
            ("ann@acme.com,(acme.com,http://other.com", "other.com"),
        ],
    )
    def test_is_taken_from_the_best_source(self, row, domain):
        found = one(f"email,company_domain,website\n{row}\n")

        assert found.leads["company_domain"].tolist() == [domain]

    def test_keeps_what_is_no_domain_among_the_extras(self):
        found = one("email,Domain\nann@acme.com,ask us\nann@acme.com,acme.com\n")

        assert found.leads["extras"].tolist() == ['{"Domain":"ask us"}', "{}"]


class TestSecondKeys:
    def test_are_added_if_asked_for(self):
        content = (
            "email,phone,linkedin_url,country\n"
            "a@acme.com,'+1 512-555-0100,https://de.linkedin.com/in/Ann,Deutschland\n"
            "b@acme.com,,,\n"
        )

        found = one(content, second_keys=True).leads

        assert found["phone_key"].tolist() == [match_key("15125550100", SECRET).hex, ""]
        assert found["domain_keys"].tolist() == [f"{{{match_key('acme.com', SECRET).hex}}}"] * 2
        assert found["linkedin_key"].tolist() == ["in/ann", ""]
        assert found["country_code"].tolist() == ["DE", ""]
        assert set(found.columns) - set(one(content).leads.columns) == {
            "phone_key",
            "domain_keys",
            "linkedin_key",
            "country_code",
        }

    def test_of_a_phone_is_the_first_numbers(self):
        found = one('email,phone\na@acme.com,"(512) 555-0100\n(512) 555-0101"\n', second_keys=True)

        assert found.leads["phone"].tolist() == ["(512) 555-0100, (512) 555-0101"]
        assert found.leads["phone_key"].tolist() == [match_key("5125550100", SECRET).hex]

    def test_of_a_domain_are_its_own_and_its_parents(self):
        found = one("email\na@mail.acme.co.uk\n", second_keys=True).leads

        names = ("mail.acme.co.uk", "acme.co.uk", "co.uk")
        keys = ",".join(match_key(name, SECRET).hex for name in names)
        assert found["domain_keys"].tolist() == [f"{{{keys}}}"]

    def test_of_a_file_without_these_fields_are_empty(self):
        found = one("email\na@acme.com\n", second_keys=True).leads

        assert found[["phone_key", "linkedin_key", "country_code"]].iloc[0].tolist() == [""] * 3


class TestALastName:
    @pytest.mark.parametrize("header", ["Tussenvoegsel", "voorvoegsel", "Infix", "name infix"])
    @pytest.mark.parametrize(
        ("prefix", "name", "expected"),
        [
            ("van den", "Berg", "van den Berg"),
            ("d'", "Ancona", "d'Ancona"),
            ("Van", "van Dijk", "van Dijk"),
            ("van", "Vandijk", "van Vandijk"),
            ('"van\n der"', "Meer", "van der Meer"),
            ("", "Bakker", "Bakker"),
            ("van", "", ""),
            ("Dhr.", "Berg", "Berg"),
            *(
                (word, "Berg", "Berg")
                for word in ("-", "n/a", "0", "null", "nvt", "N.v.t.", "Geen")
            ),
        ],
    )
    def test_has_what_a_dutch_file_keeps_apart(self, header, prefix, name, expected):
        found = one(f"Voornaam,{header},Achternaam,E-mail\nJan,{prefix},{name},jan@acme.com\n")

        assert found.leads["last_name"].tolist() == [expected]

    def test_is_whole_among_the_extras_too_and_nothing_without_a_column(self):
        content = "Tussenvoegsel,Achternaam,E-mail\nvan,Dijk,jan@acme.com\n"

        found = one(content, own_columns=["email"])
        without = one("Tussenvoegsel,E-mail\nvan,jan@acme.com\n")

        extras = json.loads(found.leads["extras"][0])
        assert extras == {"Tussenvoegsel": "van", "last_name": "van Dijk"}
        assert "last_name" not in without.leads


class TestACellThatSaysNothing:
    def test_is_blank_where_it_would_fill_a_field(self):
        found = one(
            "email,First Name,Company,City,Mood\na@acme.com,N/A,null,#REF!,-\n",
            own_columns=["email", "company"],
        )

        assert found.leads["company"].tolist() == [""]
        assert json.loads(found.leads["extras"][0]) == {"Mood": "-"}

    def test_may_be_a_name_or_a_verdict(self):
        found = one("email,First Name,Company,Email Status\na@acme.com,Null,NA,unknown\n").leads

        lead = found[["first_name", "company", "email_status"]].iloc[0].tolist()
        assert lead == ["Null", "NA", "unknown"]


class TestSeveralColumns:
    HEADER = "Work Email,Email,Phone,Mobile Phone\n"

    def test_fill_a_field_by_the_first_that_is_not_empty(self):
        found = one(f"{self.HEADER},a@acme.com,1,\nb@acme.com,,1,2\n")

        assert found.leads["email"].tolist() == ["a@acme.com", "b@acme.com"]
        assert found.leads["phone"].tolist() == ["1", "2"]

    @pytest.mark.parametrize("word", ["N/A", "-", "not found", "n\u00e3o"])
    def test_let_a_cell_without_an_address_give_way_to_one_with(self, word):
        rows = f"{word},a@acme.com,,\nb@acme.com,{word},,\n{word},c\uff20acme.com,,\n"

        assert one(self.HEADER + rows).leads["email"].tolist() == [
            f"{name}@acme.com" for name in "abc"
        ]

    def test_refuse_a_row_for_its_first_cell_where_none_may_be_an_address(self):
        found = one(f"{self.HEADER}N/A,,,\nN/A,a@,,\n")

        assert [(row.code, row.why) for row in found.rejected] == [
            ("bad_email", "There is no @ in it."),
            ("bad_email", "There must be something after the @-sign."),
        ]

    def test_keep_the_others_among_the_extras(self):
        found = one(f"{self.HEADER}w@acme.com,p@acme.com,1,2\nw@acme.com,w@acme.com,2,2\n")

        assert [json.loads(text) for text in found.leads["extras"]] == [
            {"Email": "p@acme.com", "Phone": "1"},
            {},
        ]

    @pytest.mark.parametrize("word", ["N/A", "-", "#n/a", "null", "(blank)"])
    def test_let_a_cell_that_says_nothing_give_way_to_one_that_says_something(self, word):
        found = one(f"{self.HEADER}a@acme.com,,1,{word}\nb@acme.com,,{word},2\n")

        assert found.leads["phone"].tolist() == ["1", "2"]
        assert found.leads["extras"].tolist() == ["{}", "{}"]

    def test_of_one_name_are_all_kept(self):
        found = one("email,x,x,,\na@acme.com,1,2,3,4\n")

        assert json.loads(found.leads["extras"][0]) == {
            "x": "1",
            "x (2)": "2",
            "column 4": "3",
            "column 5": "4",
        }


class TestExtras:
    def test_hold_the_fields_without_a_column_of_their_own(self):
        found = one("email,Notes,City\na@acme.com,n,c\n", own_columns=["email", "city"])

        assert list(found.leads.columns) == ["record", "line", "email", "city", "extras", "key"]
        assert found.leads["extras"].tolist() == ['{"notes":"n"}']

    @settings(deadline=None)
    @given(st.lists(st.tuples(st.text(max_size=6), st.text(max_size=6)), min_size=1, max_size=5))
    @example([('\\"', "\n\\n"), ("", "")])
    @example([("\t\x01\r", "\x1f\\u0001")])
    def test_are_json_whatever_the_cells_hold(self, cells):
        columns = {
            name: pa.array(column, TEXT)
            for name, column in zip(('a "b"\\', "ü\n"), zip(*cells, strict=True), strict=True)
        }

        found = json_objects(columns, len(cells)).to_pylist()

        assert [json.loads(text) for text in found] == [
            {name: cell for name, cell in zip(columns, row, strict=True) if cell}
            for row in zip(*(column.to_pylist() for column in columns.values()), strict=True)
        ]


class TestSums:
    def test_agree_with_what_the_sample_was_made_of(self, tmp_path):
        truth = samples.write_leads(tmp_path / "leads.csv", rows=3_000, seed=7)

        parts = judged((tmp_path / "leads.csv").read_bytes(), slice_rows=700)

        keys = [key for part in parts for key in part.leads["key"]]
        codes = [row.code for part in parts for row in part.rejected]
        assert len(set(keys)) == truth.accepted
        assert len(keys) - len(set(keys)) == truth.duplicate
        assert codes.count("blank") == truth.blank
        assert {code: codes.count(code) for code in truth.reasons} == truth.reasons
        assert len(keys) + len(codes) == truth.rows

    @settings(max_examples=100, deadline=None)
    @given(
        st.one_of(
            st.binary(max_size=200),
            st.lists(
                st.sampled_from(
                    [
                        "a@acme.com",
                        "b",
                        ",",
                        ",",
                        '"',
                        "\n",
                        "\n",
                        "\r",
                        "\x00",
                        "ü",
                        "\u200b",
                        " ",
                        "info@acme.com",
                        "c@mailinator.com",
                        ";",
                        "<",
                        ">",
                        "'",
                        "@ü.de",
                        "x@",
                    ]
                ),
                max_size=40,
            ).map(lambda parts: ("email,x\n" + "".join(parts)).encode()),
        )
    )
    def test_each_record_of_any_bytes_is_judged_once(self, content):
        try:
            parts = judged(content, slice_rows=4, second_keys=True)
        except (NotALeadFile, BadMapping):
            return

        leads = [lead for part in parts for lead in part.leads["record"]]
        rejected = [row.record for part in parts for row in part.rejected]
        assert sorted(leads + rejected) == list(range(1, len(leads) + len(rejected) + 1))
        assert all(row.code in REASONS and row.why for part in parts for row in part.rejected)
        assert all(is_address(email) for part in parts for email in part.leads["email"])

    @settings(max_examples=50, deadline=None)
    @given(
        st.lists(st.sampled_from(["A@acme.com", "a.b+c@Gmail.com", "ü@x", "", "n/a"]), min_size=1)
    )
    def test_address_as_given_and_key_as_normalised(self, emails):
        found = one("email,x\n" + "".join(f"{email},1\n" for email in emails))

        for lead in found.leads.itertuples():
            assert lead.email == emails[lead.record - 1]
            assert lead.key == match_key(normalise(lead.email), SECRET).hex

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.addresses import is_address
from pipeline.arrow import TEXT, pa
from pipeline.fields import address_cells
from pipeline.fields.address_cells import taken_apart


def read(*cells):
    return address_cells.read(pa.array(cells, TEXT))


class TestTakenApart:
    @pytest.mark.parametrize(
        ("cell", "expected"),
        [
            ("ann@acme.com", "ann@acme.com"),
            ("ann@acme.com; bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com, bob@bolt.com,", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com / bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com|bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("n/a; bob@bolt.com", "bob@bolt.com"),
            ("ann@acme; bob@bolt.com", "bob@bolt.com"),
            ("ANN@acme.com; ann@ACME.com", "ANN@acme.com"),
            ("Ann <ann@acme.com>", "ann@acme.com"),
            ('"Cole, Ann" <ann@acme.com>; <bob@bolt.com>', "ann@acme.com bob@bolt.com"),
            ("<ann@acme.com>", "ann@acme.com"),
            ("Ann Cole (ann@acme.com)", "ann@acme.com"),
            ("ann@acme.com (Ann Cole)", "ann@acme.com"),
            ("Ann (ann@acme.com), Bob (bob@bolt.com)", "ann@acme.com bob@bolt.com"),
            ('<a href="mailto:ann@acme.com?subject=x">write</a>', "ann@acme.com"),
            ("<a class='m' href='mailto:ann@acme.com'>ann@acme.com</a>", "ann@acme.com"),
            ("<'ann@acme.com'>", "ann@acme.com"),
            ('"Ann"<ann@acme.com>', "ann@acme.com"),
            ("mailto:ann@acme.com", "ann@acme.com"),
            ("MAILTO:ann@acme.com?subject=x", "ann@acme.com"),
            ("ann@acme.com.", "ann@acme.com"),
            ('"ann@acme.com"', "ann@acme.com"),
            ("“ann@acme.com”", "ann@acme.com"),
            ("'ann@acme.com", "ann@acme.com"),
            ("o'neil@acme.com", "o'neil@acme.com"),
            ("ann@müller.de; bob@bolt.com", "ann@müller.de bob@bolt.com"),
            ("[ann@acme.com]", "ann@acme.com"),
            ('["ann@acme.com", "bob@bolt.com"]', "ann@acme.com bob@bolt.com"),
            ("{ann@acme.com,bob@bolt.com}", "ann@acme.com bob@bolt.com"),
            ("['ann@acme.com']", "ann@acme.com"),
            ("[ann@acme.com], [bob@bolt.com]", "ann@acme.com bob@bolt.com"),
            ("`ann@acme.com`", "ann@acme.com"),
            ("ann@acme.com & bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com or bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com - bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com<br/>bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com :: bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("Email: ann@acme.com", "ann@acme.com"),
            ("E-Mail:ann@acme.com; Mail: bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("=ann@acme.com", "ann@acme.com"),
            ('="ann@acme.com"', "ann@acme.com"),
            ('=HYPERLINK("mailto:ann@acme.com";"Ann")', "ann@acme.com"),
            ("[ann@acme.com](mailto:ann@acme.com)", "ann@acme.com"),
            ("<mailto:ann@acme.com|ann@acme.com>", "ann@acme.com"),
            ("Ann &lt;ann@acme.com&gt;", "ann@acme.com"),
            ("ann&#64;acme.com&nbsp;", "ann@acme.com"),
            ("ann\uff20acme.com; Bob <bob\uff20bolt.com>", "ann@acme.com bob@bolt.com"),
            (
                "\uff41\uff4e\uff4e\uff20\uff41\uff43\uff4d\uff45\uff0e\uff43\uff4f\uff4d",
                "ann@acme.com",
            ),
            ("ann@acme。com", "ann@acme.com"),
            ("ann@acme.com。", "ann@acme.com"),
            ("ann@acme.com\uff1bbob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com、bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com، bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("\u2019ann@acme.com", "ann@acme.com"),
            ("o\u2019neil@acme.com", "o'neil@acme.com"),
            ("ann@acme\u2011pipes.com", "ann@acme-pipes.com"),
            ('=HYPERLINK("ann@acme.com","Ann")', "ann@acme.com"),
            ("ann@acme.com<br>", "ann@acme.com"),
            ("ann@acme.com\\n", "ann@acme.com"),
            ("ann@acme.com (work)", "ann@acme.com"),
            ("ann@acme.com, work", "ann@acme.com"),
            ("ann@acme.com, bounced; bob@bolt.com", "bob@bolt.com"),
            ("ann@acme.com (Old Mill Ltd)", "ann@acme.com"),
            ("%20ann@acme.com", "ann@acme.com"),
            ("ann%40acme.com", "ann@acme.com"),
            ("mailto:ann%40acme.com?subject=x", "ann@acme.com"),
            ("u003cann@acme.com", "ann@acme.com"),
            (r"\u003cann@acme.com\u003e", "ann@acme.com"),
            ("SMTP:ann@acme.com; smtp:bob@bolt.com", "ann@acme.com bob@bolt.com"),
            ("ann@acme.com#mailto:ann@acme.com#", "ann@acme.com"),
            ("50%off@acme.com", "50%off@acme.com"),
        ],
    )
    def test_finds_what_people_mean(self, cell, expected):
        assert taken_apart(cell) == expected.split()

    @pytest.mark.parametrize(
        "cell",
        [
            "",
            "n/a",
            "ann@acme.com Bcc: bob@bolt.com",
            "write to ann@acme.com please",
            "Bounced: ann@acme.com",
            "do not email: ann@acme.com",
            "https://ann@acme.com",
            "ann@acme.com and others",
            "Ann (not ann@acme.com)",
            "ann@acme.com (now bob@bolt.com)",
            "ann@acme.com (bounced)",
            "ann@acme.com (do not use)",
            "ann@acme.com (old address)",
            "ann@acme.com (do-not-contact)",
            "ann@acme.com (DNC)",
            "ann@acme.com (hard bounce 12/2025)",
            "ann@acme.com (removed)",
            "ann@acme.com (undeliverable)",
            "ann@acme.com (deceased)",
            "ann@acme.com, bounced",
            "ann@acme.com; Unsubscribed",
            "ann@acme.com, do not contact",
            '=HYPERLINK("https://acme.com/@ann","Ann")',
            '<a href="https://acme.com">ann@acme.com</a>',
            "•ann@acme.com",
            "ann@@acme.com",
            "ann @acme.com",
            ".ann@acme.com",
            '"ann@acme.com',
            "<ann@acme.com",
            "(ann@acme.com)",
            "Ann <ann@acme.com> left",
            "ann@acme.com" + " " * 2_000,
        ],
    )
    def test_finds_none_in_a_sentence_or_a_slip(self, cell):
        assert taken_apart(cell) == []

    @given(
        st.lists(
            st.sampled_from(
                [
                    "ann@acme.com",
                    "bob@bolt.de",
                    "n/a",
                    ";",
                    ", ",
                    " ",
                    "<",
                    ">",
                    "mailto:",
                    "'",
                    '"',
                    "•",
                    "@",
                    ".",
                    "/",
                ]
            ),
            max_size=8,
        ).map("".join)
    )
    def test_finds_addresses_only(self, cell):
        assert all(map(is_address, taken_apart(cell)))


class TestRead:
    def test_gives_the_first_and_keeps_the_others(self):
        found = read(
            "ann@acme.com",
            "a@x.com; b@y.com",
            "",
            "n/a",
            "a@x.com; b@y.com",
            "a@x.com, b@y.com, c@z.com",
        )

        assert found.first.to_pylist() == ["ann@acme.com", "a@x.com", "", "", "a@x.com", "a@x.com"]
        assert found.others.to_pylist() == ["", "b@y.com", "", "", "b@y.com", "b@y.com, c@z.com"]

    def test_takes_no_sign_that_a_spreadsheet_wants_for_a_part_of_the_address(self):
        found = read("'ann@acme.com", "=ann@acme.com")

        assert found.first.to_pylist() == ["ann@acme.com", "ann@acme.com"]

    def test_takes_nothing_that_a_web_page_wrote_for_a_part_of_the_address(self):
        found = read("%20ann@acme.com", "u003cann@acme.com", "u003eann@acme.com", "50%off@acme.com")

        assert found.first.to_pylist() == ["ann@acme.com"] * 3 + ["50%off@acme.com"]

    def test_says_of_each_refused_cell_what_is_wrong(self):
        found = read("ann@acme.com", "n/a", "ann@@acme.com", "x; ann@acme", "a@b.c")

        assert found.refusals.keys() == {"n/a", "ann@@acme.com", "x; ann@acme", "a@b.c"}
        assert found.refusals["n/a"] == "There is no @ in it."
        assert "period" in found.refusals["x; ann@acme"]
        assert "single letter" in found.refusals["a@b.c"]

    @given(
        st.lists(
            st.one_of(st.text(max_size=9), st.sampled_from(["a@b.com", "'a@b.com", "<a@b.co>"]))
        )
    )
    def test_leaves_no_cell_without_an_address_or_a_reason(self, cells):
        found = read(*cells)

        for cell, first in zip(cells, found.first.to_pylist(), strict=True):
            assert bool(first) == (cell not in found.refusals) or not cell
            assert ([first] if first else []) == taken_apart(cell)[:1]
            assert found.refusals.get(cell, "why")

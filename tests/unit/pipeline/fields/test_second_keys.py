from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.arrow import TEXT, pa
from pipeline.fields.second_keys import (
    is_one_number,
    linkedin_key,
    linkedin_keys,
    numbers_in,
    phone_key,
    phone_keys,
)


class TestPhoneKey:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("+1 512-555-0100", "15125550100"),
            ("001 (512) 555.0100", "15125550100"),
            ("+49 (0)30 23125 10", "49302312510"),
            ("030/2312510", "0302312510"),
            ("+1 512-555-0100 ext. 12", "15125550100"),
            ("+1 512-555-0100 x12", "15125550100"),
            ("Tel: +1 512-555-0100", "15125550100"),
            ("555-010", ""),
            ("4.91521E+11", ""),
            ("4,91521234567e11", ""),
            ("491521234567.0", "491521234567"),
            ("+491521234567,00", "491521234567"),
            ("+49 1521.23450", "49152123450"),
            ("+1 512-555-0100 / +1 512-555-0101", "15125550100"),
            ("+1 512-555-0100 or 001 512-555-0101", "15125550100"),
            ("0049 30 2312510; 0171 2312510", "49302312510"),
            ("030 2312510 / 030 2312511", "0302312510"),
            ("+15125550100 +15125550101", "15125550100"),
            ("0171/2312510", "01712312510"),
            ("+4930 2312510 (mobile 2)", "49302312510"),
            ("+1 (512) 555-0100", "15125550100"),
            ("030 2312510 2312511", ""),
            ("\uff10\uff13\uff10 \uff12\uff13\uff11\uff12\uff15\uff11\uff10", "0302312510"),
            ("٠٣٠٢٣١٢٥١٠", "0302312510"),
            ("\uff0b49\xa030\u20112312510", "49302312510"),
            ("n/a", ""),
            ("", ""),
        ],
    )
    def test_is_what_would_be_dialled(self, text, expected):
        assert phone_key(text) == expected

    @given(st.lists(st.text("0123456789+()/. xEé٣", max_size=20)))
    def test_says_the_same_of_a_column_as_of_each(self, texts):
        found = phone_keys(pa.array(texts, TEXT)).to_pylist()

        assert found == [phone_key(text) for text in texts]
        assert all(re.fullmatch("(?:[0-9]{7,15})?", key) for key in found)

    def test_of_a_part_of_a_column(self):
        column = pa.array(["1234567", "2345678", "3456789"], TEXT)

        assert phone_keys(column.slice(1, 1)).to_pylist() == ["2345678"]


class TestNumbersIn:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("call +49 30 2312510, not before ten", ["+49 30 2312510"]),
            ("030/2312510", ["030/2312510"]),
            ("030/2312510 / 0171/2312510", ["030/2312510", "0171/2312510"]),
            ("+1 512-555-0100/+1 512-555-0101", ["+1 512-555-0100", "+1 512-555-0101"]),
            ("(512) 555-0100\n(512) 555-0101", ["(512) 555-0100", "(512) 555-0101"]),
            ("room 12, 3rd floor", []),
        ],
    )
    def test_finds_each_as_it_stands_there(self, text, expected):
        assert numbers_in(text) == expected


class TestIsOneNumber:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", True),
            ("+49 (0)30 231-25-10", True),
            ("'+1 512.555.0100", True),
            ("+1 512-555-0100 ext. 12", True),
            ("512-555-0100 x5, 512-555-0101 x6", False),
            ("030/2312510 / 0171/2312510", False),
            ("+1 512-555-0100 (mobile 2)", False),
            ("call 2312510", False),
            ("\u0662\u0663\u0661\u0662\u0665\u0661\u0660", False),
        ],
    )
    def test_is_so_without_a_second_or_a_word(self, text, expected):
        assert is_one_number(text) is expected

    @given(st.lists(st.sampled_from(["030/2312510", "+1 512-555-0100", "x"]), max_size=3))
    def test_is_never_so_of_two(self, numbers):
        cell = " ".join(numbers)

        assert not (is_one_number(cell) and len(numbers_in(cell)) > 1)


class TestLinkedinKey:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("http://www.linkedin.com/in/Ann-Cole-1a2b", "in/ann-cole-1a2b"),
            ("https://de.linkedin.com/in/ann-cole/?trk=people#x", "in/ann-cole"),
            ("linkedin.com/in/ann-cole/de", "in/ann-cole"),
            ("https://linkedin.com/in/ann-cole", "in/ann-cole"),
            ("https://www.linkedin.com/in/jos%C3%A9-cole", "in/josé-cole"),
            ("https://www.linkedin.com/mwlite/in/ann-cole", "in/ann-cole"),
            (
                "https://www.linkedin.com/sales/lead/ACwAAB1,NAME_SEARCH,x1?_ntb=1",
                "sales/lead/ACwAAB1",
            ),
            ("https://www.linkedin.com/sales/people/ACwAAB1,NAME", "sales/lead/ACwAAB1"),
            ("https://www.linkedin.com/in/ann%00cole", "in/anncole"),
            ("https://www.linkedin.com/in/ann-cole%0A", "in/ann-cole"),
            ("https://www.linkedin.com/in/JOSÉ-COLE", "in/josé-cole"),
            ("https://www.linkedin.com/in/JOSE%CC%81-COLE", "in/josé-cole"),
            ("https://www.linkedin.com/in/ann-cole, linkedin.com/in/bob", "in/ann-cole"),
            ("https://www.linkedin.com/in/ann-cole;https://acme.com", "in/ann-cole"),
            ("[Ann](https://www.linkedin.com/in/ann-cole)", "in/ann-cole"),
            ("<https://www.linkedin.com/in/ann-cole>", "in/ann-cole"),
            ("https://www.linkedin.com/in/ann-cole&trk=x", "in/ann-cole"),
            ("https://www.linkedin.com/in/ann-cole'", "in/ann-cole"),
            ("https://www.linkedin.com/company/acme", ""),
            ("https://notlinkedin.com/in/ann-cole", ""),
            ("https://www.linkedin.com/in/", ""),
            ("https://acme.com/in/ann", ""),
            ("n/a", ""),
            ("", ""),
        ],
    )
    def test_is_the_profile_whatever_its_spelling(self, text, expected):
        assert linkedin_key(text) == expected

    @given(
        st.lists(
            st.lists(
                st.sampled_from(
                    [
                        "https://",
                        "www.",
                        "linkedin.com",
                        "/in/",
                        "Ann",
                        "/",
                        "?a",
                        "/sales/lead/",
                        "%C3%A9",
                        "%00",
                        "É",
                        " ",
                        "mwlite",
                        ",",
                    ]
                ),
                max_size=7,
            ).map("".join)
        )
    )
    def test_says_the_same_of_a_column_as_of_each(self, texts):
        found = linkedin_keys(pa.array(texts, TEXT)).to_pylist()

        assert found == [linkedin_key(text) for text in texts]

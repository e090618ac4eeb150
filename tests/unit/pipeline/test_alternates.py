from __future__ import annotations

import pytest

from pipeline.alternates import parts_of


class TestPartsOf:
    @pytest.mark.parametrize(
        ("cell", "expected"),
        [
            ("ann@acme.com; bob@bolt.com", ["ann@acme.com", "bob@bolt.com"]),
            ("'+49 30 2312510", ["+49 30 2312510"]),
            ("+1 512-555-0100, +1 512-555-0101", ["+1 512-555-0100", "+1 512-555-0101"]),
            ("+1 512-555-0100 / +1 512-555-0101", ["+1 512-555-0100", "+1 512-555-0101"]),
            ("mobile +49 171 2312510 or 030 2312510", ["+49 171 2312510", "030 2312510"]),
            ("4915121234567@acme.com; 030 2312510", ["4915121234567@acme.com", "030 2312510"]),
            ("Founded in 2019, 120 people", []),
        ],
    )
    def test_are_the_addresses_and_the_phones_in_a_cell(self, cell, expected):
        assert parts_of(cell) == expected

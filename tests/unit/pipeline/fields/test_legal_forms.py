from __future__ import annotations

import pytest

from pipeline.fields.legal_forms import has_legal_form


class TestHasLegalForm:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("Quay Pipes GmbH", True),
            ("quay pipes sp. z o.o.", True),
            ("Quay & Sons, Inc.", True),
            ("Quay Pipes", False),
            ("Ann Quay, ", False),
            ("AG", False),
            ("", False),
        ],
    )
    def test_is_so_of_a_name_that_ends_in_one(self, name, expected):
        assert has_legal_form(name) is expected

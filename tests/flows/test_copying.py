"""What goes to PostgreSQL by COPY is there as it was."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from django.db import connection
from hypothesis import HealthCheck, example, given, settings

from pipeline.arrow import bytes_of, copy_lines
from pipeline.copying import ROWS_AT_ONCE, copy_numbers

pytestmark = pytest.mark.django_db

TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=9)


class TestCopyLines:
    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
    @given(st.lists(st.tuples(st.integers(-9, 9), TEXTS, TEXTS), max_size=4))
    @example([(1, "a\\tb\t\\N", "\\N"), (2, "\n\\.\r\n", ""), (3, "", "\\")])
    def test_bring_every_sign(self, db, rows):
        frame = pd.DataFrame(rows, columns=["n", "given", "blank"])
        frame["given"], frame["blank"] = frame["given"].astype("str"), frame["blank"].astype("str")
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS copied")
            cursor.execute(
                "CREATE TEMPORARY TABLE copied (n int, given text, blank text, one int, two int)"
            )

            with cursor.copy("COPY copied FROM STDIN") as copy:
                copy.write(bytes_of(copy_lines(frame, {"one": 7, "two": 8}, nullable=["blank"])))

            cursor.execute("SELECT * FROM copied")
            found = cursor.fetchall()
        assert found == [(n, given, blank or None, 7, 8) for n, given, blank in rows]


class TestCopyNumbers:
    @pytest.mark.parametrize("rows", [0, 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 1])
    def test_brings_every_row(self, rows):
        first = np.arange(rows, dtype=np.int64) - 2**62
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE numbers (a bigint, b bigint) ON COMMIT DROP")

            copy_numbers("numbers (a, b)", first, -first)

            cursor.execute("SELECT a, b FROM numbers ORDER BY a")
            found = cursor.fetchall()
        assert found == [(n, -n) for n in first.tolist()]

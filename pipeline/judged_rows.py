"""A judged slice as PostgreSQL's COPY takes it: leads where NEW ones lie, and rejections."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from pipeline.arrow import TEXT, Column, Mask, bytes_of, copy_lines, joined, of_pandas, pa, pc, text
from pipeline.intake import Judged
from pipeline.models.leads import NEW_TABLES
from pipeline.stock import Ints


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows as lines of COPY, and which of them go into which table; all where there is no mask.

    Where `ids` names a sequence, it numbers the rows in their order, whatever their table: `id` is
    the first of `columns` then, and not in `lines` yet.
    """

    columns: Sequence[str]
    lines: Column
    tables: Mapping[str, Mask | None]
    ids: str = ""

    def by_table(self, ids: Ints | None = None) -> Iterator[tuple[str, memoryview]]:
        """Made when they are wanted: memory holds no second copy of a slice's lines."""
        numbers = None if ids is None else pa.array(ids).cast(TEXT)
        lines = self.lines if ids is None else joined(numbers, text("\t"), self.lines)
        for table, mask in self.tables.items():
            yield table, bytes_of(lines if mask is None else lines.filter(mask))


def rows_of(judged: Judged, *, file_id: int, run_id: int) -> list[Rows]:
    """All that a slice brings."""
    rejected = judged.rejected.table()
    leads, whose = judged.leads, {"file_id": file_id, "run_id": run_id}
    return [
        Rows(
            columns=[*rejected, "file_id"],
            lines=copy_lines(rejected, {"file_id": file_id}),
            tables={"pipeline_rejection": None},
        ),
        Rows(
            columns=["id", *leads, *whose],
            lines=copy_lines(leads, whose, nullable=["phone_key"]),
            tables=_by_key(leads),
            ids="pipeline_lead_id_seq",
        ),
    ]


def _by_key(leads: pd.DataFrame) -> Mapping[str, Mask]:
    """Where NEW leads lie (see Lead), and which of these belong there."""
    first = pc.utf8_slice_codeunits(of_pandas(leads["key"]), 0, 1)
    return {
        table: pc.is_in(first, value_set=pa.array(list(digits), TEXT))
        for table, digits in NEW_TABLES.items()
    }

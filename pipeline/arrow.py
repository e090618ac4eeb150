"""Columns of text in Arrow's memory, and the few things that Arrow and pandas lack. Pure.

A `Column` is a pyarrow.LargeStringArray without nulls: pandas' own `str` type rests on it, so
that a column passes from one to the other without a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

# The stubs that exist are of pyarrow 20, and refuse most calls that mix a column and a value.
pa: Any = import_module("pyarrow")
pc: Any = import_module("pyarrow.compute")

# The system's own: Arrow's keeps what is given back, for each thread, and several share the work.
# An import needed 55 MB more with it, and was slower.
pa.set_memory_pool(pa.system_memory_pool())

Column: TypeAlias = Any
Mask: TypeAlias = Any  # a pyarrow.BooleanArray
TEXT = pa.large_string()

_ESCAPES = {"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"}  # the first is what escapes


def text(value: str | None) -> Any:
    return pa.scalar(value, TEXT)


def of_pandas(series: pd.Series[Any]) -> Column:
    chunks = pa.chunked_array(series)
    return chunks.chunk(0) if chunks.num_chunks == 1 else chunks.combine_chunks()


def to_pandas(column: Column) -> Any:
    return pd.array(column, dtype="str")


def of_equal_size(content: str, rows: int) -> Column:
    """ASCII text, cut into so many rows of one size."""
    starts = np.arange(rows + 1, dtype=np.int64) * (len(content) // rows if rows else 0)
    return pa.LargeStringArray.from_buffers(
        rows, pa.py_buffer(starts), pa.py_buffer(content.encode("ascii"))
    )


def byte_range(column: Column) -> tuple[int, int]:
    """The lowest and the highest byte of all the column's text: what it can hold, at a glance."""
    content = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    return (int(content.min()), int(content.max())) if len(content) else (32, 32)


def holds(column: Column, sign: str) -> bool:
    """Whether an ASCII sign occurs anywhere in the column: far faster than asking each row."""
    return bool((np.frombuffer(column.buffers()[2] or b"", np.uint8) == ord(sign)).any())


def starts_of(column: Column) -> npt.NDArray[np.int64]:
    """Where each row's text begins among all the column's bytes, and behind them the end.

    A column may be a part of a larger one: then the first does not begin at 0.
    """
    bounds = np.frombuffer(column.buffers()[1] or bytes(8), np.int64)
    return bounds[column.offset :][: len(column) + 1]


def strange(column: Column) -> Mask:
    """Which rows hold anything but printable ASCII: ten times as fast as asking by a pattern."""
    content = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    starts = starts_of(column)
    found = np.zeros(len(column), bool)
    at = np.flatnonzero((content < ord(" ")) | (content > ord("~")))
    at = at[(at >= starts[0]) & (at < starts[-1])]
    found[np.searchsorted(starts, at, side="right") - 1] = True
    return pa.array(found)


def sizes(column: Column) -> Any:
    """Bytes in each row, as a numpy array."""
    return pc.binary_length(column).to_numpy()


def joined(*parts: Any) -> Column:
    """Row by row the parts, columns or single values, one behind the other; null if any is."""
    return pc.binary_join_element_wise(*parts, text(""))


def changed(column: Column, mask: Mask, change: Callable[[Column], Column]) -> Column:
    """The column with `change` applied to the rows of the mask only."""
    chosen = column.filter(mask)
    return pc.replace_with_mask(column, mask, change(chosen)) if len(chosen) else column


def per_distinct(column: Column, change: Callable[[Column], Column]) -> Column:
    """`change` applied to each distinct text once, for what is dear and often the same."""
    coded = column.dictionary_encode()
    return change(coded.dictionary).take(coded.indices)


def without_prefix(column: Column, prefix: str) -> Column:
    """The column with a prefix taken off where it stands."""
    return changed(
        column,
        pc.starts_with(column, prefix),
        lambda part: pc.utf8_slice_codeunits(part, len(prefix)),
    )


def escaped(column: Column, escapes: Mapping[str, str]) -> Column:
    """The column with each of these ASCII signs written otherwise, one after the other."""
    for sign, escape in escapes.items():
        if holds(column, sign):
            column = pc.replace_substring(column, sign, escape)
    return column


def copy_lines(
    frame: pd.DataFrame, same: Mapping[str, int], *, nullable: Collection[str] = ()
) -> Column:
    """Each row as a line of PostgreSQL's COPY, in its text format; at its end the `same` in all.

    It is read a sixth faster than CSV, for nothing is quoted
    (https://www.postgresql.org/docs/current/sql-copy.html, "Text Format"). Numbers and text only;
    a blank of the `nullable` columns is NULL. `same` names one column at least.
    """
    columns = [_copied(frame[name], nullable=name in nullable) for name in frame]
    end = text("\t".join(map(str, same.values())) + "\n")
    return pc.binary_join_element_wise(*columns, end, text("\t"))


def number_lines(*columns: npt.NDArray[np.int64]) -> Column:
    """Rows of whole numbers, a column each, in the same format."""
    *others, last = (pa.array(column).cast(TEXT) for column in columns)
    return pc.binary_join_element_wise(*others, joined(last, text("\n")), text("\t"))


def bytes_of(column: Column) -> memoryview:
    """All of a column's text, row behind row."""
    starts = starts_of(column)
    return memoryview(column.buffers()[2] or b"")[starts[0] : starts[-1]]


def _copied(series: pd.Series[Any], *, nullable: bool) -> Column:
    column = escaped(of_pandas(series).cast(TEXT), _ESCAPES)
    return pc.if_else(pc.equal(column, ""), text(r"\N"), column) if nullable else column

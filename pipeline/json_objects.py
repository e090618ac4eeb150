"""JSON objects made of whole columns at once. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline.arrow import TEXT, Column, byte_range, joined, pa, pc, sizes, text


def json_objects(columns: Mapping[str, Column], rows: int) -> Column:
    """Per row a JSON object of the cells that are not empty, made of whole columns."""
    pieces = [_json_piece(name, column) for name, column in columns.items()]
    if not pieces:
        return pa.array(["{}"] * rows, TEXT)
    # Each piece brings its comma. (Arrow's join that skips nulls loses rows that are all null.)
    objects = joined(text("{"), *pieces, text("}"))
    return pc.replace_substring(objects, "{,", "{", max_replacements=1)


def _json_piece(name: str, column: Column) -> Column:
    """`,"name":"cell"` per row; nothing where the cell is empty."""
    if not sizes(column).any():
        return column
    escaped = column
    for sign in ("\\", '"', "\n"):
        if sign != "\n" or byte_range(column)[0] < ord(" "):
            escaped = pc.replace_substring(escaped, sign, json.dumps(sign)[1:-1])
    piece = joined(text(f',{json.dumps(name)}:"'), escaped, text('"'))
    return pc.if_else(pc.equal(column, ""), text(""), piece)

"""JSON objects made of whole columns at once. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pipeline.arrow import TEXT, Column, byte_range, changed, escaped, joined, pa, pc, text

# RFC 8259, 7. The backslash first: it is what escapes.
_SIGNS = {sign: json.dumps(sign)[1:-1] for sign in ("\\", '"')}
_CONTROLS = {chr(code): json.dumps(chr(code))[1:-1] for code in range(ord(" "))}


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

    def written(cells: Column) -> Column:
        cells = escaped(cells, _SIGNS)
        if byte_range(cells)[0] < ord(" "):
            cells = escaped(cells, _CONTROLS)
        return joined(text(f',{json.dumps(name)}:"'), cells, text('"'))

    # Most columns are empty in most rows.
    return changed(column, pc.not_equal(column, ""), written)

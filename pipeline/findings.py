"""What a check found of a file, in words: what each column is, and what a person should know of.

The desk shows it on the file's page, `load_leads` in the terminal.
"""

from __future__ import annotations

from typing import Any

from pipeline.models import LeadFile
from pipeline.shown import number

_FOR_SURE, _LIKELY = 0.9, 0.6
_NAMED = 6  # columns in one sentence


def problems_of(lead_file: LeadFile) -> list[tuple[str, str]]:
    """(tone, sentence) for each thing about the file that a person should know of."""
    preview, columns = lead_file.preview, columns_of(lead_file)
    skipped, replaced = len(preview.get("skipped", [])), preview.get("replaced", 0)
    extra = [column["header"] for column in columns if column["is_extra"]]
    garbled = _counted(replaced, "cell holds", "cells hold")
    rounded = _counted(preview.get("rounded", 0), "phone number is", "phone numbers are")
    long = _counted(lead_file.cut_cells, "cell is", "cells are")
    unsure = [column["header"] for column in columns if column["is_unsure"]]
    unfilled = _counted(len(extra), "column fills", "columns fill")
    words = {
        f"{garbled} signs that could not be read (\ufffd): another encoding may be the right one.": (
            replaced,
            "warn",
        ),
        f"{rounded} rounded by a spreadsheet, as 4.91521E+11 is: export the file anew, with phones"
        " as text.": (preview.get("rounded", 0), "warn"),
        f"{long} longer than allowed (MAX_CELL_KB) and cut.": (
            lead_file.cut_cells,
            "warn",
        ),
        "No row looks like a header: each is read as a lead, the columns go by number.": (
            not lead_file.header_row,
            "warn",
        ),
        f"Not sure enough to be one of our fields, so look at them: {some(unsure)}.": (
            len(unsure),
            "warn",
        ),
        f"{_counted(skipped, 'row', 'rows')} before the header left out.": (skipped, "calm"),
        f"{unfilled} none of our fields, kept as extras: {some(extra)}.": (
            len(extra),
            "calm",
        ),
    }
    return [(tone, sentence) for sentence, (there, tone) in words.items() if there]


def columns_of(lead_file: LeadFile) -> list[dict[str, Any]]:
    """By column: its name, samples of it, the field it fills, and how sure that is."""
    samples = lead_file.preview.get("samples", [])
    chosen = lead_file.preview.get("chosen", {})
    ours = lead_file.preview.get("ours", [])
    return [
        {
            "position": n,
            "header": header or f"(column {n + 1}, no name)",
            "samples": samples[n] if n < len(samples) else [],
            "field": name,
            "is_ours": n in ours,
            "is_unsure": not name and n in lead_file.preview.get("unsure", []),
            "is_extra": not name and n not in ours,
            "sure": _how_sure(lead_file, n, said=str(n) in chosen),
        }
        for n, (header, name) in enumerate(zip(lead_file.headers, lead_file.fields, strict=True))
    ]


def _how_sure(lead_file: LeadFile, position: int, *, said: bool) -> tuple[str, str]:
    """(word, tone): who says what the column is."""
    confidence = dict(enumerate(lead_file.confidence)).get(position, 1.0)
    if said:
        return "you said so", "good"
    if not lead_file.fields[position]:
        unsure = position in lead_file.preview.get("unsure", [])
        return ("unsure", "warn") if unsure else ("", "")
    if confidence >= _FOR_SURE:
        return "sure", "good"
    return ("likely", "calm") if confidence >= _LIKELY else ("unsure", "warn")


def _counted(count: int, one: str, many: str) -> str:
    return f"{number(count)} {one if count == 1 else many}"


def some(names: list[str]) -> str:
    """The first of them, and how many more there are."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more

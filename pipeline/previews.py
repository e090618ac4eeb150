"""What a person looks at before a file is imported, gathered while it is checked. Pure.

Kept as JSON with the file's row, so that its page opens at once however large the file is:

skipped    the records before the header, as text
samples    by column: up to three values
first      the first leads: field → text, as they will be
examples   code → up to ten rows refused for it: line, why, and header → cell
ours       columns that rejects.csv added: they are dropped
unsure     columns left as they are though they may be a field's
replaced   cells that hold U+FFFD, the sign for what could not be read
rounded    phone numbers of which a spreadsheet has left the first digits
surplus    how many cells the widest row has behind the last header
question   what must be answered before the file can be queued; '' for nothing
chosen     column → field, as a person put it on the page
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.arrow import byte_range, of_pandas, pc
from pipeline.fields import second_keys
from pipeline.intake import Judged
from pipeline.leadfile import Slice
from pipeline.rejects import surplus_of

SAMPLES = 3
ROWS = 10
_LOOKED_THROUGH = 500  # records, for samples
_LONGEST = 160  # characters of a cell
_ASCII = 0x7F
# What a lead has besides its fields: no words of the file.
_OURS = frozenset(
    {"record", "key", "extras", "domain_keys", "phone_key", "linkedin_key", "country_code"}
)


@dataclass
class Preview:
    """Filled slice by slice; `as_json` is what is kept of it."""

    skipped: list[str] = field(default_factory=list)
    samples: list[list[str]] = field(default_factory=list)
    first: list[dict[str, str]] = field(default_factory=list)
    examples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    replaced: int = 0
    rounded: int = 0
    surplus: int = 0
    ours: list[int] = field(default_factory=list)
    unsure: list[int] = field(default_factory=list)
    question: str = ""
    chosen: dict[str, str] = field(default_factory=dict)

    def look_at(self, part: Slice) -> None:
        """Take what a slice shows before it is judged."""
        if not self.samples:
            head = part.frame.head(_LOOKED_THROUGH)
            self.samples = [_sampled(head[n].tolist()) for n in range(head.shape[1])]
        for n in part.frame:
            column = of_pandas(part.frame[n])
            if byte_range(column)[1] > _ASCII:
                self.replaced += pc.sum(pc.match_substring(column, "\ufffd")).as_py() or 0

    def add(self, judged: Judged) -> None:
        """Take the first leads of a judged slice, and examples of what was refused."""
        if len(self.first) < ROWS:
            leads = judged.leads.head(ROWS - len(self.first))
            self.first += [_shown_lead(row) for row in leads.to_dict("records")]
        if "phone" in judged.leads:
            self.rounded += second_keys.count_rounded(of_pandas(judged.leads["phone"]))
        for row in judged.rejected:
            self.surplus = max(self.surplus, surplus_of(row.raw))
            rows = self.examples.setdefault(row.code, [])
            if len(rows) < ROWS and row.code != "blank":
                cells = {name: shown(cell) for name, cell in row.raw.items()}
                rows.append({"line": row.line, "why": row.why, "cells": cells})

    def as_json(self) -> dict[str, Any]:
        return {
            "skipped": self.skipped,
            "samples": self.samples,
            "first": self.first,
            "examples": {code: rows for code, rows in self.examples.items() if rows},
            "replaced": self.replaced,
            "rounded": self.rounded,
            "surplus": self.surplus,
            "ours": self.ours,
            "unsure": self.unsure,
            "question": self.question,
            "chosen": self.chosen,
        }


def shown(cell: str) -> str:
    """A cell as JSON in PostgreSQL can hold it, cut to what a page can show."""
    cell = cell.replace("\x00", "\ufffd")
    return cell if len(cell) <= _LONGEST else cell[: _LONGEST - 1] + "…"


def _sampled(cells: Sequence[str]) -> list[str]:
    filled = dict.fromkeys(text for cell in cells if (text := cell.strip()))
    return [shown(cell) for cell in list(filled)[:SAMPLES]]


def _shown_lead(row: dict[Any, Any]) -> dict[str, str]:
    """A lead's filled fields, its own columns first."""
    extras = json.loads(row["extras"])
    own = {name: text for name, text in row.items() if name not in _OURS}
    return {name: shown(str(text)) for name, text in {**own, **extras}.items() if text}

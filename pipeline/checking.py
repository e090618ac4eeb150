"""Checking a lead file: the whole of it at once, without writing a lead (design, 15).

The check and the import are one code path, `intake.judge`, so that what a person sees at the
upload is what the night will do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import IO, Any

from django.conf import settings

from pipeline import leadfile, mapping, rejects
from pipeline.arrow import of_pandas
from pipeline.fields.address_cells import has_at, taken_apart
from pipeline.headers.known_headers import base
from pipeline.intake import Judged
from pipeline.judging import Refused, judged_slices, limits, parts_of
from pipeline.leadfile import Layout, NotALeadFile
from pipeline.mapping import BadMapping, Columns
from pipeline.previews import Preview

__all__ = ["Check", "Refused", "Said", "Told", "check", "check_object", "sure"]

_FEWEST_NAMES = 2  # cells of a header: one may be a word such as `Company`
_LOOKED_AT = 200  # cells of a column and slice, for an address
Told = Callable[[int], None]  # how many bytes are read


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a person said of a file, where that differs from what is found out."""

    columns: Mapping[str, str] = field(default_factory=dict)  # header or #position → field
    known: Mapping[str, str] = field(default_factory=dict)  # the same of its source: header → field
    encoding: str = ""
    delimiter: str = ""


@dataclass(kw_only=True)
class Check:
    """What a whole file holds: rows = accepted + duplicate_in_file + invalid + blank.

    Nothing is judged where no column is known to hold the addresses: all of these are 0 then.
    """

    layout: Layout
    columns: Columns
    sha256: str
    size: int
    preview: Preview
    accepted: int = 0
    duplicate_in_file: int = 0
    invalid: int = 0
    blank: int = 0
    cut_cells: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def rows(self) -> int:
        return self.accepted + self.duplicate_in_file + self.invalid + self.blank

    def add(self, judged: Judged, seen: set[str]) -> None:
        """Count a slice; `seen` holds the keys of the slices before it."""
        keys = set(judged.leads["key"])
        fresh = keys - seen
        seen |= fresh
        self.accepted += len(fresh)
        self.duplicate_in_file += len(judged.leads) - len(fresh)
        codes = Counter(judged.rejected.codes.tolist())
        self.blank += codes.pop("blank", 0)
        self.invalid += codes.total()
        self.reasons += codes
        self.cut_cells += judged.cut
        self.preview.add(judged)

    def as_columns(self) -> dict[str, Any]:
        """What a LeadFile keeps of it."""
        headers = self.layout.headers
        return {
            "encoding": self.layout.encoding,
            "delimiter": self.layout.delimiter,
            "header_row": self.layout.header_row,
            "headers": list(headers),
            "fields": self.columns.as_stored(),
            "confidence": confidence_of(self.columns),
            "rows": self.rows,
            "accepted": self.accepted,
            "duplicate_in_file": self.duplicate_in_file,
            "invalid": self.invalid,
            "blank": self.blank,
            "reasons": dict(self.reasons),
            "cut_cells": self.cut_cells,
            "preview": self.preview.as_json(),
        }


def check(stream: IO[bytes], *, said: Said | None = None, told: Told | None = None) -> Check:
    """Read the whole file and count what it holds; writes nothing. Raises Refused.

    `preview.question` asks what nobody but a person can know; who cannot ask calls `sure`.
    """
    size = stream.seek(0, 2)
    if size > settings.MAX_UPLOAD_MB * 1_000_000:
        raise Refused(
            f"The file has {size // 1_000_000} MB; {settings.MAX_UPLOAD_MB} are allowed"
            " (MAX_UPLOAD_MB). Split it."
        )
    try:
        found = _inspected(stream, said or Said(), size)
        _judge(found, stream, told or (lambda _bytes: None))
    except (NotALeadFile, BadMapping) as refusal:
        raise Refused(str(refusal)) from None
    if not found.rows and "email" in found.columns.by_field:
        raise Refused("The file has a header and no rows.")
    return found


def sure(found: Check) -> Check:
    """The check, of a file about which there is nothing to ask. Raises Refused."""
    if found.preview.question:
        raise Refused(found.preview.question)
    return found


def _inspected(stream: IO[bytes], said: Said, size: int) -> Check:
    names, known = {*said.columns, *rejects.NOTES}, set(map(base, said.known))
    layout = leadfile.inspect(
        stream,
        known=lambda text: text in names or base(text) in known or mapping.is_name(text),
        limits=limits(),
        encoding=said.encoding,
        delimiter=said.delimiter,
    )
    columns, question = columns_of(layout, said)
    preview = Preview(
        question=question,
        skipped=_skipped(stream, layout),
        ours=list(rejects.notes_among(layout.headers)),
        unsure=list(columns.unsure),
    )
    return Check(
        layout=layout, columns=columns, sha256=leadfile.digest(stream), size=size, preview=preview
    )


def columns_of(layout: Layout, said: Said) -> tuple[Columns, str]:
    """What each column fills, and what a person must be asked of it, or ''."""
    try:
        return mapping.guess(layout.headers, said.columns, layout.sample, said.known), ""
    except mapping.OpenQuestion as question:
        return question.columns, str(question)


def confidence_of(columns: Columns) -> list[float]:
    """By column: how sure its field is."""
    return [round(columns.confidence.get(n, 0.0), 2) for n in range(len(columns.headers))]


def _skipped(stream: IO[bytes], layout: Layout) -> list[str]:
    """The records before the header, each as one line."""
    before = layout.header_row - 1
    if before < 1:
        return []
    first = next(leadfile.read(stream, replace(layout, header_row=0), slice_rows=before))
    before -= first.lines[0] - 1  # Excel's own `sep=;` is left out already
    rows = first.frame.to_numpy().tolist()[:before]
    cells = [first.broken[n].cells if n in first.broken else row for n, row in enumerate(rows)]
    return [", ".join(filter(None, row))[:200] for row in cells]


def _judge(found: Check, stream: IO[bytes], told: Told) -> None:
    if "email" not in found.columns.by_field:
        _look_for_addresses(found, stream)
        return
    seen: set[str] = set()
    both = judged_slices(stream, found.layout, found.columns, lambda *pair: pair)
    for part, judged in both:
        _refuse_other_header(judged, found)
        found.preview.look_at(part)
        found.add(judged, seen)
        told(stream.tell())


def _refuse_other_header(judged: Judged, found: Check) -> None:
    """Raise NotALeadFile where a second file begins that names its columns in its own words, and
    a field stands elsewhere in it: the cells below would be another's, and nothing would show it.
    """
    names = found.columns.names
    for row in judged.rejected:
        is_near = row.code != "missing_field"  # a header names the address where it is looked for
        if not is_near or sum(map(mapping.is_name, row.raw.values())) < _FEWEST_NAMES:
            continue
        surplus = [cell for name, cell in row.raw.items() if name not in names]
        if _moves(found, (*(row.raw.get(name, "") for name in names), *surplus)):
            raise leadfile.in_other_order(row.line)


def _moves(found: Check, header: tuple[str, ...]) -> bool:
    """Whether some field of the file stands elsewhere by this header."""
    theirs = columns_of(replace(found.layout, headers=header, sample=()), Said())[0]
    filled = sum(map(bool, header))
    if "email" not in theirs.by_field or 2 * (len(header) - len(theirs.unmapped)) <= filled:
        return False  # a lead with two such words
    pairs = zip(header, found.layout.headers, strict=False)
    usual = found.columns.by_field
    return any(cell.casefold() != name.casefold() for cell, name in pairs) and any(
        places != usual.get(name, places) for name, places in theirs.by_field.items()
    )


def _look_for_addresses(found: Check, stream: IO[bytes]) -> None:
    """A question has an answer only where some cell may be an address. Raises BadMapping."""
    for part in parts_of(stream, found.layout):
        if part.first_record == 1:
            found.preview.look_at(part)
        for n in part.frame:
            column = of_pandas(part.frame[n])
            cells = column.filter(has_at(column)).slice(0, _LOOKED_AT)
            if any(map(taken_apart, cells.to_pylist())):
                return
    raise BadMapping(
        "No column holds e-mail addresses, which a lead file must have; the columns are"
        f" {mapping.shown(found.layout.headers)}."
    )


def check_object(found: Check) -> dict[str, Any]:
    """The same of a file that was only checked; nothing is written, its rejects neither."""
    kept = found.as_columns()
    names = ("encoding", "delimiter", "header_row", "rows", "accepted", "duplicate_in_file")
    return {
        **{name: kept[name] for name in (*names, "invalid", "blank", "reasons")},
        "mapping": found.columns.as_json(),
        "rejects": None,
    }

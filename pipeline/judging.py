"""A lead file judged slice by slice: by its check, by validate, and again for its rejects.

One thread reads, two judge, and whoever asked does something with what is ready.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import IO, TypeVar

from django.conf import settings

from pipeline import intake, leadfile, rejects
from pipeline.addresses import Keys, match_keys
from pipeline.ahead import one_ahead, side_by_side
from pipeline.intake import Judged, NoMail
from pipeline.leadfile import Layout, Limits, NotALeadFile, Slice
from pipeline.mapping import Columns
from pipeline.models import LeadFile
from pipeline.models.leads import COLUMNS

T = TypeVar("T")

SLICE_ROWS = 22_500  # records that are judged, and written, at once
GONE = "The file is no longer in storage; upload it again."
CHANGED = "The file in storage is not the one that was checked; upload it again."


class Refused(Exception):
    """No lead file, or one that is not wanted: one sentence for the operator."""


def limits() -> Limits:
    return Limits(
        rows=settings.MAX_ROWS, columns=settings.MAX_COLUMNS, cell=settings.MAX_CELL_KB * 1_000
    )


def parts_of(stream: IO[bytes], layout: Layout, skip_records: int = 0) -> Iterator[Slice]:
    """The file, slice by slice. Raises NotALeadFile where it cannot be read on."""
    parts = leadfile.read(
        stream, layout, limits=limits(), slice_rows=SLICE_ROWS, skip_records=skip_records
    )
    for part in parts:
        yield rejects.without_notes(part, layout.headers)


def judged_slices(
    stream: IO[bytes],
    layout: Layout,
    columns: Columns,
    made: Callable[[Slice, Judged], T],
    *,
    skip_records: int = 0,
    no_mail: NoMail | None = None,
    keys: Keys | None = None,
) -> Iterator[T]:
    """What is `made` of each slice of the file. Raises NotALeadFile where it cannot be read on."""
    keys = keys or partial(match_keys, secret=settings.SUPPRESSION_KEY.encode())

    def judge(part: Slice) -> T:
        judged = intake.judge(
            part,
            columns,
            keys=keys,
            own_columns=COLUMNS,
            limits=limits(),
            drop_disposable=not settings.KEEP_DISPOSABLE,
            drop_role=not settings.KEEP_ROLE,
            second_keys=True,
            no_mail=no_mail,
        )
        return made(part, judged)

    parts = one_ahead(parts_of(stream, layout, skip_records))
    yield from side_by_side(judge, parts, threads=2)


def layout_of(lead_file: LeadFile) -> tuple[Layout, Columns]:
    """How the file was read when it was checked: the import reads it the same way."""
    layout = Layout(
        encoding=lead_file.encoding,
        delimiter=lead_file.delimiter,
        header_row=lead_file.header_row,
        headers=tuple(lead_file.headers),
    )
    return layout, Columns.from_stored(layout.headers, lead_file.fields)


def slices_of(
    lead_file: LeadFile,
    stream: IO[bytes],
    made: Callable[[Judged], T],
    *,
    no_mail: NoMail | None = None,
    keys: Keys | None = None,
) -> Iterator[tuple[int, T]]:
    """(last record, what is `made` of the slice) of what is not imported yet. Raises Refused."""
    if leadfile.digest(stream) != lead_file.sha256:
        raise Refused(CHANGED)
    layout, columns = layout_of(lead_file)
    done = lead_file.records_done
    found = judged_slices(
        stream,
        layout,
        columns,
        lambda part, judged: (part.first_record + len(part.lines) - 1, made(judged)),
        skip_records=done,
        no_mail=no_mail,
        keys=keys,
    )
    try:
        for done, rows in found:
            if done > lead_file.rows:
                raise Refused(CHANGED)
            yield done, rows
    except NotALeadFile as refusal:
        raise Refused(str(refusal)) from None
    if done != lead_file.rows:  # somebody wrote to it while it was read
        raise Refused(CHANGED)

"""Taking a lead file in: checked whole at once, then queued for the next run (design, 15).

The check and the import are one code path, `intake.judge`, so that what a person sees at the
upload is what the night will do.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import IO, Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from pipeline import intake, leadfile, mapping
from pipeline.intake import Judged
from pipeline.leadfile import Layout, Limits, NotALeadFile, Slice
from pipeline.mapping import BadMapping, Columns
from pipeline.models import LeadFile
from pipeline.models.leads import COLUMNS, LeadFileStatus


class Refused(Exception):
    """No lead file, or one that is not wanted: one sentence for the operator."""


@dataclass(kw_only=True)
class Check:
    """What a whole file holds: rows = accepted + duplicate_in_file + invalid + blank."""

    layout: Layout
    columns: Columns
    sha256: str
    size: int
    accepted: int = 0
    duplicate_in_file: int = 0
    invalid: int = 0
    blank: int = 0
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
        codes = Counter(row.code for row in judged.rejected)
        self.blank += codes.pop("blank", 0)
        self.invalid += codes.total()
        self.reasons += codes


def limits() -> Limits:
    return Limits(
        rows=settings.MAX_ROWS, columns=settings.MAX_COLUMNS, cell=settings.MAX_CELL_KB * 1_000
    )


def judged_slices(
    stream: IO[bytes], layout: Layout, columns: Columns
) -> Iterator[tuple[Slice, Judged]]:
    """The file, slice by slice. Raises NotALeadFile where it cannot be read on."""
    for part in leadfile.read(stream, layout, limits=limits()):
        yield (
            part,
            intake.judge(
                part,
                columns,
                secret=settings.SUPPRESSION_KEY.encode(),
                own_columns=COLUMNS,
                limits=limits(),
            ),
        )


def check(stream: IO[bytes], *, overrides: Mapping[str, str] | None = None) -> Check:
    """Read the whole file and count what it holds; writes nothing. Raises Refused."""
    size = stream.seek(0, 2)
    if size > settings.MAX_UPLOAD_MB * 1_000_000:
        raise Refused(
            f"The file has {size // 1_000_000} MB; {settings.MAX_UPLOAD_MB} are allowed"
            " (MAX_UPLOAD_MB). Split it."
        )
    try:
        layout = leadfile.inspect(stream)
        columns = mapping.guess(layout.headers, overrides)
        found = Check(layout=layout, columns=columns, sha256=digest(stream), size=size)
        seen: set[str] = set()
        for _, judged in judged_slices(stream, layout, columns):
            found.add(judged, seen)
    except (NotALeadFile, BadMapping) as refusal:
        raise Refused(str(refusal)) from None
    if not found.rows:
        raise Refused("The file has a header and no rows.")
    return found


def digest(stream: IO[bytes]) -> str:
    """SHA-256 of the bytes, in hex."""
    stream.seek(0)
    found = hashlib.sha256()
    while block := stream.read(1 << 20):
        found.update(block)
    return found.hexdigest()


def take_in(
    stream: IO[bytes],
    *,
    name: str,
    source: str,
    uploaded_by: str,
    overrides: Mapping[str, str] | None = None,
    insisted: bool = False,
) -> LeadFile:
    """Check the file, keep its bytes, and queue it for the next run. Raises Refused.

    The same bytes are taken once, unless somebody insists (spec U9).
    """
    found = check(stream, overrides=overrides)
    before = LeadFile.objects.filter(sha256=found.sha256).order_by("pk").first()
    if before is not None and not insisted:
        raise Refused(_known(before))
    stream.seek(0)
    stored = default_storage.save(f"lead-files/{found.sha256[:16]}.csv", File(stream))
    try:
        with transaction.atomic():
            return _queue(found, stored, name, source, uploaded_by, insisted=insisted)
    except IntegrityError:  # somebody uploaded the same bytes meanwhile
        default_storage.delete(stored)
        raise Refused(_known(LeadFile.objects.filter(sha256=found.sha256)[0])) from None


def _known(before: LeadFile) -> str:
    return (
        f"These very bytes were uploaded before, as file {before.pk} ({before.name})."
        " Insist if you want them again."
    )


def _queue(
    found: Check, stored: str, name: str, source: str, uploaded_by: str, *, insisted: bool
) -> LeadFile:
    return LeadFile.objects.create(
        name=name[:255],
        source=source,
        storage_name=stored,
        size=found.size,
        sha256=found.sha256,
        insisted=insisted,
        status=LeadFileStatus.QUEUED,
        encoding=found.layout.encoding,
        delimiter=found.layout.delimiter,
        header_row=found.layout.header_row,
        fields=[found.columns.field_of(n) for n in range(len(found.layout.headers))],
        headers=list(found.layout.headers),
        rows=found.rows,
        accepted=found.accepted,
        duplicate_in_file=found.duplicate_in_file,
        invalid=found.invalid,
        blank=found.blank,
        reasons=dict(found.reasons),
        uploaded_by=uploaded_by,
    )


def layout_of(lead_file: LeadFile) -> tuple[Layout, Columns]:
    """How the file was read when it was checked: the import reads it the same way."""
    layout = Layout(
        encoding=lead_file.encoding,
        delimiter=lead_file.delimiter,
        header_row=lead_file.header_row,
        headers=tuple(lead_file.headers),
    )
    by_field: dict[str, list[int]] = {}
    for position, name in enumerate(lead_file.fields):
        if name:
            by_field.setdefault(name, []).append(position)
    return layout, Columns(layout.headers, {name: tuple(n) for name, n in by_field.items()})


def slices_of(lead_file: LeadFile, stream: IO[bytes]) -> Iterator[tuple[int, Judged]]:
    """(last record, judged slice) of what is not imported yet. Raises Refused."""
    if digest(stream) != lead_file.sha256:
        raise Refused("The file in storage is not the one that was checked; upload it again.")
    layout, columns = layout_of(lead_file)
    try:
        for part, judged in judged_slices(stream, layout, columns):
            last_record = part.first_record + len(part.lines) - 1
            if last_record > lead_file.records_done:
                yield last_record, judged
    except NotALeadFile as refusal:
        raise Refused(str(refusal)) from None


def file_object(lead_file: LeadFile) -> dict[str, Any]:
    """What `load_leads --json` prints of a file (contract.md)."""
    names = ("encoding", "delimiter", "header_row", "mapping", "rows", "accepted")
    more = ("duplicate_in_file", "invalid", "blank", "reasons")
    return {
        "file": lead_file.name,
        "id": lead_file.pk,
        **{name: getattr(lead_file, name) for name in (*names, *more)},
        "rejects": None,
    }


def check_object(found: Check) -> dict[str, Any]:
    """The same of a file that was only checked."""
    return {
        "encoding": found.layout.encoding,
        "delimiter": found.layout.delimiter,
        "header_row": found.layout.header_row,
        "mapping": found.columns.as_json(),
        "rows": found.rows,
        "accepted": found.accepted,
        "duplicate_in_file": found.duplicate_in_file,
        "invalid": found.invalid,
        "blank": found.blank,
        "reasons": dict(found.reasons),
        "rejects": None,
    }

"""Taking a lead file in: checked, kept in storage, queued for the next run (design, 15)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.core.files.temp import NamedTemporaryFile
from django.db import IntegrityError, transaction

from leadgen.integrations import storage
from leadgen.integrations.errors import ServiceError
from pipeline import checking, judging, leadfile, profiles, rejects
from pipeline.checking import Check, Refused, Said, Told
from pipeline.headers.cell_kinds import with_plain_at
from pipeline.mapping import Columns
from pipeline.models import LeadFile, Rejection
from pipeline.models.lead_files import LeadFileStatus
from pipeline.reasons import in_words
from pipeline.rejections import address_reasons
from pipeline.rejects import Reject

FREED = (LeadFileStatus.REFUSED, LeadFileStatus.UNDONE)  # whose bytes may come again
_AT_ONCE = 1_000  # rows
_LONGEST_STEM = 150  # bytes
_UNREAD = (LeadFileStatus.CHECKED, LeadFileStatus.QUEUED, LeadFileStatus.IMPORTING)


class UploadedBefore(Refused):
    """The same bytes are here already, as `lead_file` (spec U9)."""

    def __init__(self, lead_file: LeadFile) -> None:
        super().__init__(
            f"These very bytes were uploaded before, as file {lead_file.pk} ({lead_file.name})."
            " To import them again, add --again."
        )
        self.lead_file = lead_file


def take_in(
    stream: IO[bytes],
    *,
    name: str,
    source: str,
    uploaded_by: str,
    overrides: Mapping[str, str] | None = None,
    insisted: bool = False,
    told: Told | None = None,
) -> LeadFile:
    """Check the file, keep its bytes, and queue it for the next run. Raises Refused.

    The same bytes are taken once, unless somebody insists (spec U9). A file of a source that
    needs a review stays CHECKED; one with a column that nobody can be sure of is refused.
    """
    again = were_here(stream, insisted=insisted)
    said = Said(columns=overrides or {}, known=profiles.fields_of(source))
    found = checking.sure(checking.check(stream, said=said, told=told))
    profile = profiles.of(source)
    queued = profile is None or not profile.needs_review
    lead_file = LeadFile(
        name=name[:255],
        source=source,
        uploaded_by=uploaded_by,
        insisted=again,
        status=LeadFileStatus.QUEUED if queued else LeadFileStatus.CHECKED,
    )
    return _keep(lead_file, found, stream)


def keep(
    stream: IO[bytes], *, name: str, source: str, uploaded_by: str, insisted: bool = False
) -> LeadFile:
    """Check the file and keep it CHECKED, with the question it may leave. Raises Refused."""
    again = were_here(stream, insisted=insisted)
    found = checking.check(stream, said=Said(known=profiles.fields_of(source)))
    lead_file = LeadFile(name=name[:255], source=source, uploaded_by=uploaded_by, insisted=again)
    return _keep(lead_file, found, stream)


def were_here(stream: IO[bytes], *, insisted: bool) -> bool:
    """Whether these bytes were uploaded before. Raises UploadedBefore unless somebody insists."""
    same = LeadFile.objects.filter(sha256=leadfile.digest(stream)).exclude(status__in=FREED)
    before = same.order_by("pk").first()
    if before is not None and not insisted:
        raise UploadedBefore(before)
    return before is not None


def _keep(lead_file: LeadFile, found: Check, stream: IO[bytes]) -> LeadFile:
    for name, value in found.as_columns().items():
        setattr(lead_file, name, value)
    lead_file.sha256, lead_file.size = found.sha256, found.size
    stream.seek(0)
    with _storage_asked():
        stored = storage.keep(f"lead-files/{found.sha256[:16]}.csv", stream)
    lead_file.storage_name = stored
    try:
        with _or_deleted(stored), transaction.atomic():
            lead_file.save(force_insert=True)
    except IntegrityError:  # somebody uploaded the same bytes meanwhile
        same = LeadFile.objects.filter(sha256=found.sha256).exclude(status__in=FREED)
        raise UploadedBefore(same.order_by("pk")[0]) from None
    return lead_file


@contextlib.contextmanager
def _storage_asked() -> Iterator[None]:
    """A storage that is away, or not for us, refuses the file in a sentence of its own."""
    try:
        yield
    except ServiceError as away:
        raise Refused(str(away)) from None


@contextlib.contextmanager
def _or_deleted(stored: str) -> Iterator[None]:
    """No file stays in storage that no row names: it holds people."""
    try:
        yield
    except BaseException:
        default_storage.delete(stored)
        raise


def check_again(lead_file: LeadFile, said: Said, *, chosen: Mapping[str, str]) -> None:
    """Read the stored file as a person said, and keep what is found so. Raises Refused.

    `chosen` (column → field) is what a person put on the page so far. Only of a file of which
    nothing is imported: the numbers of its records hang on how it is read.
    """
    with _storage_asked(), stored(lead_file) as stream:
        found = checking.check(stream, said=said)
    if found.sha256 != lead_file.sha256:
        raise Refused(judging.CHANGED)
    found.preview.chosen = dict(chosen)
    changed = LeadFile.objects.filter(
        pk=lead_file.pk, status=LeadFileStatus.CHECKED, records_done=0
    ).update(**found.as_columns())
    if not changed:
        raise Refused("The file was queued meanwhile; take it out of the queue first.")


def stored(lead_file: LeadFile) -> IO[bytes]:
    """The file's bytes. Raises Refused where storage has lost them, or does not answer."""
    try:
        with _storage_asked():
            return storage.opened(lead_file.storage_name)
    except FileNotFoundError:
        raise Refused(judging.GONE) from None


def rejects_of(lead_file: LeadFile) -> Iterator[bytes]:
    """rejects.csv, line by line. Raises Refused, at once, where the file must be read and is gone.

    What is imported is told by its Rejections, the rest by the file itself.
    """
    unread = lead_file.status in _UNREAD and lead_file.records_done < lead_file.rows
    stream = stored(lead_file) if unread else None
    return rejects.lines(
        lead_file.headers,
        _rejects(lead_file, stream),
        surplus=lead_file.preview.get("surplus", 0),
    )


def _rejects(lead_file: LeadFile, stream: IO[bytes] | None) -> Iterator[Reject]:
    done = lead_file.rejections.filter(record__lte=lead_file.records_done).order_by("record")
    _, columns = judging.layout_of(lead_file)
    rows = done.iterator(chunk_size=_AT_ONCE)
    while some := list(islice(rows, _AT_ONCE)):
        yield from _with_reasons(some, columns)
    if stream is None:
        return
    with stream:
        slices = judging.slices_of(lead_file, stream, lambda judged: judged.rejected)
        for _, rejected in slices:
            for one in rejected:
                yield Reject(
                    record=one.record, field=one.field, code=one.code, why=one.why, raw=one.raw
                )


def _with_reasons(rows: list[Rejection], columns: Columns) -> Iterator[Reject]:
    """Rows from the database, which keeps no sentences: what is wrong is looked up again."""
    names = [columns.names[n] for n in columns.sources("email")]
    # The one that was judged: see lead_table.first_address.
    given = [filter(None, map(row.raw.get, names)) for row in rows]
    cells = [
        min(filled, key=lambda cell: "@" not in with_plain_at(cell), default="") for filled in given
    ]
    why_bad = address_reasons(cells)
    for row, cell in zip(rows, cells, strict=True):
        why = why_bad.get(cell) if row.code == "bad_email" else None
        yield Reject(
            record=row.record,
            field=row.field,
            code=row.code,
            why=why or in_words(row.code),
            raw=row.raw,
        )


def write_rejects(lead_file: LeadFile) -> str | None:
    """Keep rejects.csv beside the file; its path, relative to the checkout where it lies in it.

    None where no row was rejected. Raises ServiceError where the storage does not take it.
    """
    if not lead_file.invalid:
        return None
    name = f"rejects/{lead_file.pk}-{_short(Path(lead_file.name).stem)}.csv"
    with NamedTemporaryFile() as content:
        for line in rejects_of(lead_file):
            content.write(line)
        content.seek(0)
        kept = storage.keep(name, content)
    try:
        path = Path(default_storage.path(kept))
    except NotImplementedError:  # storage elsewhere has names, and no paths
        return kept
    inside = path.is_relative_to(settings.BASE_DIR)
    return str(path.relative_to(settings.BASE_DIR) if inside else path)


def _short(stem: str) -> str:
    """Most file systems end a name at 255 bytes, and some signs have four."""
    return stem.encode()[:_LONGEST_STEM].decode(errors="ignore")


def file_object(lead_file: LeadFile, *, rejects: str | None = None) -> dict[str, Any]:
    """What `load_leads --json` prints of a file (contract.md)."""
    names = ("encoding", "delimiter", "header_row", "mapping", "rows", "accepted")
    more = ("duplicate_in_file", "invalid", "blank", "reasons")
    return {
        "file": lead_file.name,
        "id": lead_file.pk,
        **{name: getattr(lead_file, name) for name in (*names, *more)},
        "rejects": rejects,
    }

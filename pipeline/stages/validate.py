"""Validate: the rows of a lead file become Leads NEW, or Rejections that say why.

In: files frozen to the run. Out: one Lead or one Rejection per row. Safe twice: each slice's
rows and the count of records done commit together; a repeat reads the file again and goes on
behind that count. A file that vanished or changed in storage is refused with a sentence, and
the run goes on without the rest of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Count
from psycopg import sql

from pipeline.chunks import Lease, Plan, Slice
from pipeline.counts import Counts
from pipeline.models import Chunk, LeadFile, Rejection, Run
from pipeline.models.leads import LeadFileStatus

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.intake import Judged


def plan(run: Run) -> Plan:
    """One chunk per file: a file is read from its beginning, so it is not cut."""
    files = LeadFile.objects.filter(run=run).exclude(status=LeadFileStatus.IMPORTED)
    return Plan(
        slices=[Slice(ref_id=pk) for pk in files.order_by("pk").values_list("pk", flat=True)]
    )


def work(chunk: Chunk, lease: Lease) -> None:
    lead_file = LeadFile.objects.get(pk=chunk.ref)
    if lead_file.undo_by:  # asked after the run failed that is resumed now
        lease.finish(Counts())
        return
    LeadFile.objects.filter(pk=lead_file.pk).update(status=LeadFileStatus.IMPORTING)
    refusal = _import(lead_file, chunk.stage_run.run, lease)
    with transaction.atomic():
        lease.hold()
        LeadFile.objects.filter(pk=lead_file.pk).update(
            status=LeadFileStatus.REFUSED if refusal else LeadFileStatus.IMPORTED, error=refusal
        )
        lease.finish(count(lead_file))


def _import(lead_file: LeadFile, run: Run, lease: Lease) -> str:
    """Store what is not stored yet; returns why the file cannot be read on, or ''."""
    # pandas costs 100 MB and a second: only a process that validates pays for it.
    from pipeline import lead_files  # noqa: PLC0415

    try:
        with default_storage.open(lead_file.storage_name) as stream:
            for last_record, judged in lead_files.slices_of(lead_file, stream):
                store(lead_file, run, lease, judged, last_record=last_record)
    except FileNotFoundError:
        return "The file is no longer in storage; upload it again."
    except lead_files.Refused as refusal:
        return str(refusal)
    return ""


def store(lead_file: LeadFile, run: Run, lease: Lease, judged: Judged, *, last_record: int) -> None:
    """One slice in one transaction: leads by COPY, rejections, and how far the file is done."""
    with transaction.atomic():
        lease.hold()
        Rejection.objects.bulk_create(
            Rejection(
                file=lead_file,
                record=row.record,
                line=row.line,
                field=row.field,
                code=row.code,
                raw=row.raw,
            )
            for row in judged.rejected
        )
        _copy(lead_file, run, judged.leads)
        LeadFile.objects.filter(pk=lead_file.pk).update(records_done=last_record)


def _copy(lead_file: LeadFile, run: Run, leads: pd.DataFrame) -> None:
    """COPY: a million single INSERTs would take many times as long."""
    rows = leads.assign(file_id=lead_file.pk, run_id=run.pk, status="NEW", reason="")
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in rows.columns)
    # FORCE_NOT_NULL * would be shorter, and needs PostgreSQL 17.
    statement = sql.SQL("COPY pipeline_lead ({0}) FROM STDIN (FORMAT csv, FORCE_NOT_NULL ({0}))")
    with connection.cursor() as cursor, cursor.copy(statement.format(columns)) as copy:
        copy.write(rows.to_csv(index=False, header=False).encode())


def count(lead_file: LeadFile) -> Counts:
    """What became of the file's rows, counted from the rows themselves."""
    rejected = lead_file.rejections.values_list("code").annotate(n=Count("pk"))
    return Counts(kept=lead_file.leads.count(), dropped=dict(rejected))

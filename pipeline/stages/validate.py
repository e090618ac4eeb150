"""Validate: the rows of a lead file become Leads NEW, or Rejections that say why.

In: files frozen to the run. Out: one Lead or one Rejection per row. Safe twice: each slice's
rows and the count of records done commit together; a repeat reads the file again and goes on
behind that count. A file that a person stops goes back to CHECKED between two slices; queued
again, the next run goes on behind what is done, and counts only that.

A file that vanished or changed in storage is refused with a sentence, and the run goes on
without the rest of it, as it does without a file that failed at every try (runs.advance). What
was imported stays, and is counted. To have the rest, upload the file again, or queue this one: a
refused file's bytes may come again, and dedupe knows whom it brought before.

While the storage is away the file waits. Once it has been for STAGE_PATIENCE_MINUTES, or at once
where only a person can mend that, the night goes on and the file goes back to the queue: no file is
at fault there, and the next run imports the rest.

With MX_LOOKUP a record whose domain takes no mail is a Rejection too. DNS is asked between two
transactions, and only here: the counts of the file are the check's, which knows nothing of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from leadgen.integrations import storage
from leadgen.integrations.errors import ConfigError, TransientError
from pipeline import copying, importing, runs, services
from pipeline.chunks import Lease, Plan, Slice, wait_for_no_disk
from pipeline.counts import Counts
from pipeline.models import Chunk, LeadFile, Run, StageRun
from pipeline.models.lead_files import LeadFileStatus

if TYPE_CHECKING:
    from pipeline.addresses import Keys
    from pipeline.judged_rows import Rows

WORTH_A_PROCESS = 20_000  # records: to hash theirs takes longer than to start one


def plan(run: Run) -> Plan:
    """One chunk per file: a file is read from its beginning, so it is not cut."""
    files = LeadFile.objects.filter(run=run, status__in=importing.OWED)
    return Plan(
        slices=[Slice(ref_id=pk) for pk in files.order_by("pk").values_list("pk", flat=True)]
    )


def work(chunk: Chunk, lease: Lease) -> None:
    run = chunk.stage_run.run
    owed = LeadFile.objects.filter(pk=chunk.ref, run=run, status__in=importing.OWED, undo_by="")
    begun = owed.update(status=LeadFileStatus.IMPORTING, progress_at=Now())
    if not begun:  # somebody took it out of the queue, or wants it undone
        lease.finish(Counts())
        return
    lead_file = LeadFile.objects.get(pk=chunk.ref)
    refusal = put_off = ""
    try:
        # Whoever stopped a file that the storage does not give waits for the storage no longer.
        if not is_stopped(lead_file):
            with services.guarded(storage.SERVICE):
                refusal = _import(lead_file, run, lease)
    except (TransientError, ConfigError) as away:
        if isinstance(away, TransientError) and _may_wait(chunk.stage_run):
            raise
        put_off = str(away)
    with transaction.atomic():
        lease.hold()
        lease.finish(importing.close(lead_file.pk, run_id=run.pk, refusal=refusal, put_off=put_off))


def _may_wait(stage_run: StageRun) -> bool:
    """Large files keep the stage busy for long: it may have begun well before the outage."""
    down_for = services.breaker(storage.SERVICE).down_for
    return runs.has_patience(stage_run) or down_for < runs.patience()


def _import(lead_file: LeadFile, run: Run, lease: Lease) -> str:
    """Store what is not stored yet, until somebody stops it; returns why the file cannot be
    read on, or ''.
    """
    # pandas costs 100 MB and a second: only a process that validates pays for it.
    from pipeline import judged_rows, judging, mx_lookup  # noqa: PLC0415

    no_mail = mx_lookup.Lookup() if settings.MX_LOOKUP else None
    try:
        with storage.opened(lead_file.storage_name) as stream, _keys(lead_file) as keys:
            copying.send_ahead()
            made = partial(judged_rows.rows_of, file_id=lead_file.pk, run_id=run.pk)
            slices = judging.slices_of(lead_file, stream, made, no_mail=no_mail, keys=keys)
            for last_record, rows in slices:
                if is_stopped(lead_file):
                    break
                store(lead_file, lease, rows, last_record=last_record)
    except FileNotFoundError:
        return judging.GONE
    except judging.Refused as refusal:
        return str(refusal)
    return ""


@contextmanager
def _keys(lead_file: LeadFile) -> Iterator[Keys | None]:
    """Who makes the keys of a large file: a process beside this one. None: whoever judges."""
    from pipeline import addresses, keyed_hashes  # noqa: PLC0415

    secret = settings.SUPPRESSION_KEY.encode()
    keys = None
    with ExitStack() as stack:
        if lead_file.rows - lead_file.records_done >= WORTH_A_PROCESS:
            with suppress(OSError):  # no room for another process
                beside = stack.enter_context(keyed_hashes.Beside(secret))
                keys = partial(addresses.keys_beside, secret=secret, beside=beside)
        yield keys


def is_stopped(lead_file: LeadFile) -> bool:
    return LeadFile.objects.filter(pk=lead_file.pk).exclude(stop_by="").exists()


def store(lead_file: LeadFile, lease: Lease, rows: Sequence[Rows], *, last_record: int) -> None:
    """One slice in one transaction: leads, rejections, and how far the file is done."""
    with transaction.atomic():
        lease.hold()
        wait_for_no_disk()
        for each in rows:
            copying.copy_rows(each)
        lease.went_on()
        LeadFile.objects.filter(pk=lead_file.pk).update(records_done=last_record, progress_at=Now())

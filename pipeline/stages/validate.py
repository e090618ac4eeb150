"""Validate: the rows of a lead file become Leads NEW, or Rejections that say why.

In: files frozen to the run. Out: one Lead or one Rejection per row. Safe twice: each slice's
leads, rejections and the count of records done commit together; a repeat reads the file again
and goes on behind that count. A file that has vanished or changed is refused with a sentence,
and the run goes on without it.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models import Count

from pipeline.chunks import Lease, Plan, Slice
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadFile, Rejection, Run
from pipeline.models.leads import LeadFileStatus


def plan(run: Run) -> Plan:
    """One chunk per file: a file is read from its beginning, so it is not cut."""
    if run.stage_runs.filter(stage="VALIDATE").exists():
        return Plan(slices=[])
    files = LeadFile.objects.filter(run=run).exclude(status=LeadFileStatus.IMPORTED)
    return Plan(
        slices=[Slice(ref_id=pk) for pk in files.order_by("pk").values_list("pk", flat=True)]
    )


def work(chunk: Chunk, lease: Lease) -> None:
    # pandas costs 100 MB and a second: only the process that validates pays for it.
    from pipeline import intake_rows  # noqa: PLC0415

"""Dedupe: this run's NEW leads become READY, DUPLICATE or SUPPRESSED.

In: leads that validate wrote. Out: at most one live lead per match key, each other row with its
reason and its twin (spec D1 to D3). Safe twice: one statement per range of keys, and a repeat
finds no NEW lead. Needs nothing outside PostgreSQL.
"""

from __future__ import annotations

from uuid import UUID

from django.db import connection, transaction
from django.db.models import Count

from pipeline.chunks import Lease, Plan, Slice
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadStatus, Run

SHARDS = 16  # by the key's first hex digit
WORTH_SHARDING = 100_000  # leads; below, one statement is quickest

_SETTLE = """
WITH fresh AS (
    SELECT id, key, file_id,
           first_value(id) OVER same AS first_id,
           first_value(file_id) OVER same AS first_file
      FROM pipeline_lead
     WHERE run_id = %(run)s AND status = 'NEW' AND key BETWEEN %(low)s AND %(high)s
    WINDOW same AS (PARTITION BY key ORDER BY file_id, record)
), verdict AS (
    SELECT fresh.id,
           CASE WHEN suppressed.id IS NOT NULL THEN 'SUPPRESSED'
                WHEN known.id IS NOT NULL OR fresh.id <> fresh.first_id THEN 'DUPLICATE'
                ELSE 'READY' END AS status,
           CASE WHEN suppressed.id IS NOT NULL THEN 'suppressed_global'
                WHEN known.id IS NULL AND fresh.id = fresh.first_id THEN ''
                WHEN coalesce(known.file_id, fresh.first_file) = fresh.file_id THEN 'dup_file'
                ELSE 'dup_db' END AS reason,
           CASE WHEN suppressed.id IS NOT NULL THEN NULL
                WHEN known.id IS NOT NULL THEN known.id
                WHEN fresh.id <> fresh.first_id THEN fresh.first_id END AS twin_id
      FROM fresh
      LEFT JOIN pipeline_lead known
             ON known.key = fresh.key
            AND known.status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED')
      LEFT JOIN clients_suppression suppressed
             ON suppressed.key = fresh.key AND suppressed.client_id IS NULL
)
UPDATE pipeline_lead lead
   SET status = verdict.status, reason = verdict.reason, twin_id = verdict.twin_id
  FROM verdict
 WHERE lead.id = verdict.id
"""


def plan(run: Run) -> Plan:
    """One chunk, or one per first hex digit of the key where there is much to do."""
    if run.stage_runs.filter(stage="DEDUPE").exists():
        return Plan(slices=[])
    fresh = Lead.objects.filter(run=run, status=LeadStatus.NEW).count()
    if not fresh:
        return Plan(slices=[])
    width = 1 if fresh >= WORTH_SHARDING else SHARDS
    return Plan(slices=[Slice(low=low, high=low + width - 1) for low in range(0, SHARDS, width)])


def work(chunk: Chunk, lease: Lease) -> None:
    run_id = chunk.stage_run.run_id
    low, high = key_range(chunk.low or 0, chunk.high or 0)
    with transaction.atomic():
        lease.hold()
        with connection.cursor() as cursor:
            cursor.execute(_SETTLE, {"run": run_id, "low": low, "high": high})
        lease.finish(count(run_id, low, high))


def key_range(low: int, high: int) -> tuple[UUID, UUID]:
    """The first and last key whose first hex digit lies in low..high (0 to 15)."""
    return UUID(int=low << 124), UUID(int=((high + 1) << 124) - 1)


def count(run_id: int, low: UUID, high: UUID) -> Counts:
    """What became of this run's leads in a range of keys, counted from the rows themselves."""
    rows = (
        Lead.objects.filter(run=run_id, key__range=(low, high))
        .values_list("status", "reason")
        .annotate(n=Count("pk"))
    )
    kept = sum(n for status, _, n in rows if status == LeadStatus.READY)
    dropped = {reason: n for status, reason, n in rows if status != LeadStatus.READY}
    return Counts(kept=kept, dropped=dropped)

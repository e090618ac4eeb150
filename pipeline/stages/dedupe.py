"""Dedupe: this run's NEW leads become READY, DUPLICATE or SUPPRESSED.

In: leads that validate wrote. Out: at most one live lead per match key, each other row with its
reason and its twin (spec D1 to D3), and what the duplicates told of their twins. Safe twice: one
transaction per range of keys, and a repeat finds no NEW lead. Needs nothing outside PostgreSQL.

A live lead that is known wins over every new row. Of new rows of one person the first complete
one is kept: complete is who has a name (first or full) and a company; then the file that came
first counts, and the record. Each row is judged by its own address, domain and phone: a
suppressed one neither wins nor tells anything. The chunk that finishes last marks lookalikes.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection, transaction

from pipeline import filling, lookalikes
from pipeline.chunks import Lease, Plan, Slice
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadStatus, Run, StageRun
from pipeline.suppressing import LISTED

DIGITS = 16  # of a key's first hex digit: a chunk takes some of them
LEADS_PER_CHUNK = 500_000  # each chunk reads all the run's leads: few and large ones are quickest
WORTH_ANALYSING = 10_000

_JUDGE = f"""
CREATE TEMPORARY TABLE settled AS
WITH person AS MATERIALIZED (
    SELECT id, ctid AS place, key, file_id, record, domain_keys, phone_key,
           (first_name <> '' OR full_name <> '') AND company <> '' AS complete
      FROM pipeline_lead_new
     WHERE run_id = %(run)s AND key BETWEEN %(low)s AND %(high)s
), barred AS (
    SELECT DISTINCT id FROM ({LISTED}) found WHERE client_id IS NULL
), fresh AS (
    SELECT person.id, place, key, file_id, record, barred.id IS NOT NULL AS barred,
           first_value(person.id) OVER same AS first_id,
           first_value(file_id) OVER same AS first_file
      FROM person LEFT JOIN barred ON barred.id = person.id
    WINDOW same AS (PARTITION BY key
                    ORDER BY barred.id IS NOT NULL, NOT complete, file_id, record)
)
SELECT fresh.id, fresh.place, fresh.file_id, fresh.record,
       CASE WHEN fresh.barred THEN 'SUPPRESSED'
            WHEN known.id IS NOT NULL OR fresh.id <> fresh.first_id THEN 'DUPLICATE'
            ELSE 'READY' END AS status,
       CASE WHEN fresh.barred THEN 'suppressed_global'
            WHEN known.id IS NULL AND fresh.id = fresh.first_id THEN ''
            WHEN coalesce(known.file_id, fresh.first_file) = fresh.file_id THEN 'dup_file'
            ELSE 'dup_db' END AS reason,
       CASE WHEN fresh.barred THEN NULL
            WHEN known.id IS NOT NULL THEN known.id
            WHEN fresh.id <> fresh.first_id THEN fresh.first_id END AS twin_id,
       coalesce(known.file_id, fresh.first_file) AS twin_file,
       coalesce(known.status, 'READY') AS twin_status
  FROM fresh
  LEFT JOIN LATERAL (  -- LIMIT: by the index, where the planner would read the whole base
    SELECT id, file_id, status FROM ONLY pipeline_lead known
     WHERE known.key = fresh.key AND status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED')
     LIMIT 1
  ) known ON true
"""  # noqa: S608  (made of our own words)

# A lead is written once: it goes from where NEW ones lie to where the others are (see Lead).
_MOVE = (
    """
INSERT INTO pipeline_lead (status, reason, twin_id, {names})
SELECT settled.status, settled.reason, settled.twin_id, {columns}
  FROM settled JOIN pipeline_lead_new lead ON lead.ctid = settled.place
""",
    "DELETE FROM pipeline_lead_new WHERE ctid = ANY (ARRAY(SELECT place FROM settled))",
)
# What is NEW and lies among the others: written before there were two places, or by hand.
_GATHER = """
WITH taken AS (
    DELETE FROM ONLY pipeline_lead WHERE run_id = %(run)s AND status = 'NEW' RETURNING *
)
INSERT INTO pipeline_lead_new SELECT * FROM taken
"""

_COUNT = "SELECT status, reason, count(*) FROM settled GROUP BY status, reason"


def plan(run: Run) -> Plan:
    """One chunk, or several ranges of keys where there is much to do."""
    if run.stage_runs.filter(stage="DEDUPE").exists():
        return Plan(slices=[])
    fresh = Lead.objects.filter(run=run, status=LeadStatus.NEW).count()
    if not fresh:
        return Plan(slices=[])
    _tell_the_planner("pipeline_lead_new", fresh)
    width = DIGITS
    while width > 1 and fresh * width > LEADS_PER_CHUNK * DIGITS:
        width //= 2
    return Plan(slices=[Slice(low=low, high=low + width - 1) for low in range(0, DIGITS, width)])


def _tell_the_planner(table: str, fresh: int) -> None:
    """What was imported or settled a moment ago, autovacuum has not looked at yet.

    Told of no READY leads, it plans for one, and allocate takes hours to look for those that are
    suppressed by now. A rough look will do; autovacuum takes the thorough one in its own time.
    """
    if fresh >= WORTH_ANALYSING:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL default_statistics_target = 20")
            cursor.execute(f"ANALYZE {table}")
            cursor.execute("SET LOCAL default_statistics_target TO DEFAULT")


def work(chunk: Chunk, lease: Lease) -> None:
    run_id = chunk.stage_run.run_id
    low, high = key_range(chunk.low or 0, chunk.high or 0)
    with transaction.atomic():
        lease.hold()
        lease.finish(settle(run_id, low, high))
        if _is_last(chunk.stage_run):
            _tell_the_planner(
                "pipeline_lead", Lead.objects.filter(run=run_id)[:WORTH_ANALYSING].count()
            )
            lookalikes.mark(run_id)


def settle(run_id: int, low: UUID, high: UUID) -> Counts:
    """Give the NEW leads of a range of keys their status, and their twins what they say."""
    with connection.cursor() as cursor:
        cursor.execute(_GATHER, {"run": run_id})
        cursor.execute(_JUDGE, {"run": run_id, "low": low, "high": high})
        cursor.execute("ANALYZE settled")
        cursor.execute(_COUNT)
        counts = _counts(cursor.fetchall())
        for statement in _move():
            cursor.execute(statement)
            if cursor.rowcount != counts.seen:
                raise RuntimeError("NEW leads changed while they were judged.")  # tried again
        cursor.execute("DELETE FROM settled WHERE twin_id IS NULL")
        filling.fill()
        cursor.execute("DROP TABLE settled")
    return counts


def _move() -> list[str]:
    meta = Lead._meta  # noqa: SLF001  (Django's documented name)
    settled = {"status", "reason", "twin_id"}
    names = [str(each.column) for each in meta.concrete_fields if each.column not in settled]
    columns = [f"lead.{name}" for name in names]
    return [one.format(names=", ".join(names), columns=", ".join(columns)) for one in _MOVE]


def _counts(rows: Sequence[tuple[str, str, int]]) -> Counts:
    kept = sum(n for status, _, n in rows if status == LeadStatus.READY)
    return Counts(
        kept=kept, dropped={reason: n for status, reason, n in rows if status != LeadStatus.READY}
    )


def _is_last(stage_run: StageRun) -> bool:
    """Whether no chunk of the stage is open; of two that finish at once the later sees both."""
    StageRun.objects.select_for_update(no_key=True).get(pk=stage_run.pk)
    return not stage_run.chunks.open().exists()


def key_range(low: int, high: int) -> tuple[UUID, UUID]:
    """The first and last key whose first hex digit lies in low..high (0 to 15)."""
    return UUID(int=low << 124), UUID(int=((high + 1) << 124) - 1)

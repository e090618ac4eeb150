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

from collections.abc import Iterable
from uuid import UUID

from django.db import OperationalError, connection, transaction

from pipeline import filling, lookalikes
from pipeline.chunks import Lease, Plan, Slice, wait_for_no_disk
from pipeline.counts import Counts, total
from pipeline.models import Chunk, Lead, LeadStatus, Run, StageRun
from pipeline.models.leads import NEW_TABLES
from pipeline.suppressing import LISTED

DIGITS = "".join(NEW_TABLES.values())  # of a key, its first: a chunk takes some, in whole tables
LEADS_PER_CHUNK = 500_000
# What statements look for leads by; the other columns' statistics would take as long again twice.
_ASKED_BY = "run_id, status, key, phone_key, domain_keys, linkedin_key, lookalike_id, created_at"
LARGE = 10_000  # leads: worth a look by the planner, or an emptied table

# Who does not become READY, and why.
_JUDGE = f"""
CREATE TEMPORARY TABLE settled AS
WITH person AS NOT MATERIALIZED (  -- read again where somebody is suppressed: cheaper
    SELECT id, key, file_id, record, domain_keys, phone_key,
           (first_name <> '' OR full_name <> '') AND company <> '' AS complete
      FROM {{table}}
     WHERE run_id = %(run)s
), barred AS (
    SELECT DISTINCT id FROM ({LISTED}) found WHERE client_id IS NULL
), fresh AS (
    SELECT person.id, key, file_id, record, barred.id IS NOT NULL AS barred,
           first_value(person.id) OVER same AS first_id,
           first_value(file_id) OVER same AS first_file
      FROM person LEFT JOIN barred ON barred.id = person.id
    WINDOW same AS (PARTITION BY key
                    ORDER BY barred.id IS NOT NULL, NOT complete, file_id, record)
)
SELECT fresh.id, fresh.file_id, fresh.record,
       CASE WHEN fresh.barred THEN 'SUPPRESSED' ELSE 'DUPLICATE' END AS status,
       CASE WHEN fresh.barred THEN 'suppressed_global'
            WHEN coalesce(known.file_id, fresh.first_file) = fresh.file_id THEN 'dup_file'
            ELSE 'dup_db' END AS reason,
       CASE WHEN NOT fresh.barred THEN coalesce(known.id, fresh.first_id) END AS twin_id,
       coalesce(known.file_id, fresh.first_file) AS twin_file,
       coalesce(known.status, 'READY') AS twin_status
  FROM fresh
  LEFT JOIN LATERAL (  -- LIMIT: by the index, where the planner would read the whole base
    SELECT id, file_id, status FROM ONLY pipeline_lead known
     WHERE known.key = fresh.key AND status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED')
     LIMIT 1
  ) known ON true
 WHERE fresh.barred OR known.id IS NOT NULL OR fresh.id <> fresh.first_id
"""  # noqa: S608  (made of our own words)

# A lead is written once: it goes from where NEW ones lie to where the others are (see Lead).
_MOVE = """
INSERT INTO pipeline_lead (status, reason, twin_id, {names})
SELECT coalesce(settled.status, 'READY'), coalesce(settled.reason, ''), settled.twin_id, {columns}
  FROM {table} lead LEFT JOIN settled ON settled.id = lead.id
 WHERE lead.run_id = %(run)s
"""
_HOW_MANY = "SELECT count(*) FROM {table} WHERE run_id = %(run)s"
_REMOVE = "DELETE FROM {table} WHERE run_id = %(run)s"
# Faster than to delete a million rows, and nothing is left for VACUUM to read. NOWAIT: only where
# nobody else reads or writes there at this moment.
_LOCK = "LOCK TABLE ONLY {table} IN ACCESS EXCLUSIVE MODE NOWAIT"
_WHOSE = "SELECT count(*) FILTER (WHERE run_id = %(run)s), count(*) FROM ONLY {table}"
_EMPTY = "TRUNCATE ONLY {table}"
# What is NEW and lies elsewhere: written before there were these tables, or by hand.
_GATHER = """
WITH among_others AS (
    DELETE FROM ONLY pipeline_lead
     WHERE run_id = %(run)s AND status = 'NEW' AND key BETWEEN %(low)s AND %(high)s RETURNING *
), in_none AS (
    DELETE FROM ONLY pipeline_lead_new
     WHERE run_id = %(run)s AND key BETWEEN %(low)s AND %(high)s RETURNING *
)
INSERT INTO {table} SELECT * FROM among_others UNION ALL SELECT * FROM in_none
"""

_COUNT = "SELECT reason, count(*) FROM settled GROUP BY reason"


def plan(run: Run) -> Plan:
    """One chunk, or several ranges of keys where there is much to do: four at most."""
    if run.stage_runs.filter(stage="DEDUPE").exists():
        return Plan(slices=[])
    fresh = Lead.objects.filter(run=run, status=LeadStatus.NEW).count()
    if not fresh:
        return Plan(slices=[])
    _tell_the_planner(NEW_TABLES, fresh)
    chunks = 1
    while chunks < len(NEW_TABLES) and fresh > chunks * LEADS_PER_CHUNK:
        chunks *= 2
    width = len(DIGITS) // chunks
    starts = range(0, len(DIGITS), width)
    return Plan(slices=[Slice(low=low, high=low + width - 1) for low in starts])


def _tell_the_planner(tables: Iterable[str], fresh: int) -> None:
    """What was imported or settled a moment ago, autovacuum has not looked at yet.

    Told of no READY leads, it plans for one, and allocate takes hours to look for those that are
    suppressed by now. A rough look will do; autovacuum takes the thorough one in its own time.
    """
    if fresh >= LARGE:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL default_statistics_target = 10")
            cursor.execute("ANALYZE " + ", ".join(f"{table} ({_ASKED_BY})" for table in tables))
            cursor.execute("SET LOCAL default_statistics_target TO DEFAULT")


def work(chunk: Chunk, lease: Lease, *, may_empty: bool = True) -> None:
    """Settle a range of keys; a table may be emptied all at once where that ends in a moment."""
    run_id = chunk.stage_run.run_id
    with transaction.atomic():
        lease.hold()
        wait_for_no_disk()
        tables = _tables_of(chunk)
        counts = _settled(run_id, tables)
        lease.finish(counts)
        if _is_last(chunk.stage_run):
            _tell_the_planner(["pipeline_lead"], chunk.stage_run.chunks.counted().seen)
            lookalikes.mark(run_id)
        # Last: who reads NEW leads may have to wait for the end.
        _remove(run_id, tables, counts, may_empty=may_empty)


def _tables_of(chunk: Chunk) -> list[str]:
    digits = {*DIGITS[chunk.low or 0 : (chunk.high or 0) + 1]}
    return [table for table, own in NEW_TABLES.items() if digits & {*own}]


def settle(run_id: int, tables: Iterable[str] = NEW_TABLES) -> Counts:
    """Give the NEW leads that lie there their status, and their twins what they say."""
    counts = _settled(run_id, tables)
    _remove(run_id, tables, counts, may_empty=True)
    return counts


def _settled(run_id: int, tables: Iterable[str]) -> Counts:
    return total(_settle(run_id, table) for table in tables)


def _settle(run_id: int, table: str) -> Counts:
    run = {"run": run_id}
    with connection.cursor() as cursor:
        low, high = _keys_of(table)
        cursor.execute(_GATHER.format(table=table), {**run, "low": low, "high": high})
        cursor.execute(_HOW_MANY.format(table=table), run)
        (leads,) = cursor.fetchone() or (0,)
        if not leads:
            return Counts()
        cursor.execute("SET LOCAL enable_memoize = off")  # nearly every key is looked up once
        cursor.execute(_JUDGE.format(table=table), run)
        cursor.execute("SET LOCAL enable_memoize TO DEFAULT")
        cursor.execute("ANALYZE settled")
        cursor.execute(_COUNT)
        dropped = cursor.fetchall()
        cursor.execute(_move(table), run)
        _check(cursor.rowcount, leads)
        cursor.execute("DELETE FROM settled WHERE twin_id IS NULL")
        filling.wake(filling.Awake())
        filling.fill()
        cursor.execute("DROP TABLE settled")
    return Counts(kept=leads - sum(n for _, n in dropped), dropped=dict(dropped))


def _remove(run_id: int, tables: Iterable[str], counts: Counts, *, may_empty: bool) -> None:
    """Take from where NEW leads lie what was settled: so many of the run."""
    away = _emptied if may_empty and counts.seen >= LARGE else _deleted
    _check(sum(away(run_id, table) for table in tables), counts.seen)


def _check(leads: int, judged: int) -> None:
    if leads != judged:
        raise RuntimeError("NEW leads changed while they were judged.")  # tried again


def _deleted(run_id: int, table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE.format(table=table), {"run": run_id})
        return int(cursor.rowcount)


def _emptied(run_id: int, table: str) -> int:
    """As `_deleted`, and all at once where that makes nobody wait and takes nobody else's."""
    with connection.cursor() as cursor:
        try:
            with transaction.atomic():
                cursor.execute(_LOCK.format(table=table))
        except OperationalError:  # somebody is at it
            return _deleted(run_id, table)
        cursor.execute(_WHOSE.format(table=table), {"run": run_id})
        own, everybodys = cursor.fetchone() or (0, 0)
        if own != everybodys:
            return _deleted(run_id, table)
        cursor.execute(_EMPTY.format(table=table))
        return int(own)


def _move(table: str) -> str:
    meta = Lead._meta  # noqa: SLF001  (Django's documented name)
    settled = {"status", "reason", "twin_id"}
    names = [str(each.column) for each in meta.concrete_fields if each.column not in settled]
    columns = [f"lead.{name}" for name in names]
    return _MOVE.format(table=table, names=", ".join(names), columns=", ".join(columns))


def _is_last(stage_run: StageRun) -> bool:
    """Whether no chunk of the stage is open; of two that finish at once the later sees both."""
    StageRun.objects.select_for_update(no_key=True).get(pk=stage_run.pk)
    return not stage_run.chunks.open().exists()


def _keys_of(table: str) -> tuple[UUID, UUID]:
    """The first and the last key that may lie there."""
    digits = NEW_TABLES[table]
    return UUID(digits[0] + "0" * 31), UUID(digits[-1] + "f" * 31)

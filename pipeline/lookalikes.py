"""Leads that may be one person although their addresses differ (spec D2): marked, never merged.

A READY lead of the run whose LinkedIn page or phone an earlier live lead has too points to the
first of them; the page says more than the phone. A phone that five or more live leads share is
a switchboard and marks nobody.

What a mark means a person decides: `one_person` or `two_people`.
"""

from __future__ import annotations

from django.db import connection, transaction

from pipeline import between_runs, filling
from pipeline.models import Lead, LeadStatus, Run
from pipeline.models.leads import LIVE

SWITCHBOARD = 5  # live leads with one number
_NO_LIMIT = 2**62
_KEYS = (
    ("page", "linkedin_key", "linkedin_key <> ''", _NO_LIMIT),
    ("phone", "phone_key", "phone_key IS NOT NULL", SWITCHBOARD),
)

# Of one run: PostgreSQL makes `run_id = 1` of it.
_FRESH = "run_id IN ({runs}) AND status = 'READY' AND lookalike_id IS NULL"

# One pass over the base for each key, which PostgreSQL shares out between its processes: what a
# temporary table holds, only one of them can read. Who shares a key with a fresh lead other than
# itself is found, so nearly nobody; a lead that is the only fresh one of its key is not among them.
_SHARED_BY = f"""
CREATE TEMPORARY TABLE {{table}} ON COMMIT DROP AS
SELECT {{key}}, min(id) AS first_id FROM ONLY pipeline_lead lead
 WHERE status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED') AND {{filled}}
   AND EXISTS (SELECT FROM ONLY pipeline_lead fresh
                WHERE {_FRESH}
                  AND {{filled}} AND fresh.{{key}} = lead.{{key}} AND fresh.id <> lead.id)
 GROUP BY {{key}}
HAVING count(*) + (count(*) FILTER (WHERE {_FRESH}) = 0)::int < %(below)s
"""  # noqa: S608  (made of our own words)
_MARK = f"""
WITH found AS (
    SELECT fresh.id,
           CASE WHEN page.first_id < fresh.id THEN page.first_id END AS by_page,
           CASE WHEN phone.first_id < fresh.id THEN phone.first_id END AS by_phone
      FROM ONLY pipeline_lead fresh
      LEFT JOIN page ON page.linkedin_key = fresh.linkedin_key
      LEFT JOIN phone ON phone.phone_key = fresh.phone_key
     WHERE {_FRESH}
       AND (page.first_id < fresh.id OR phone.first_id < fresh.id)
)
UPDATE ONLY pipeline_lead lead
   SET lookalike_id = coalesce(found.by_page, found.by_phone),
       lookalike_by = CASE WHEN found.by_page IS NULL THEN 'phone' ELSE 'linkedin' END
  FROM found
 WHERE lead.id = found.id
"""  # noqa: S608

# Runs that ended before all their leads were settled, since the last one that marked any.
_HALF_SETTLED = """
SELECT run.id FROM pipeline_run run
  JOIN pipeline_stagerun stage ON stage.run_id = run.id AND stage.stage = 'DEDUPE'
 WHERE run.id < %(run)s AND stage.status = 'FAILED'
   AND run.id > (SELECT coalesce(max(run_id), 0) FROM pipeline_stagerun
                  WHERE stage = 'DEDUPE' AND status = 'DONE' AND seen > 0
                     AND run_id < %(run)s)
"""


def mark(run_id: int) -> int:
    """Mark the run's READY leads, once all its leads are settled; returns how many.

    And those of the runs before it that ended within dedupe: what they had left it has taken up,
    and nobody else marks the others. Wants the table analysed: a plan made for a handful of rows
    takes hours for a million.
    """
    marked = 0
    with connection.cursor() as cursor:
        cursor.execute(_HALF_SETTLED, {"run": run_id})
        runs = ", ".join(map(str, [run_id, *(run for (run,) in cursor.fetchall())]))
        # Nearly nobody is found; the planner expects everybody, and one process to do it all.
        cursor.execute("SET LOCAL parallel_tuple_cost = 0")
        for table, key, filled, below in _KEYS:
            statement = _SHARED_BY.format(table=table, key=key, filled=filled, runs=runs)
            cursor.execute(statement, {"below": below})
            marked += cursor.rowcount
        cursor.execute("SET LOCAL parallel_tuple_cost TO DEFAULT")
        if marked:
            cursor.execute("ANALYZE page, phone")
            cursor.execute(_MARK.format(runs=runs))
            marked = cursor.rowcount
        cursor.execute("DROP TABLE page, phone")
    return marked


_POINT_TO_THE_OLDER = (
    "UPDATE pipeline_lead SET twin_id = %(older)s WHERE twin_id = %(newer)s",
    """UPDATE pipeline_lead SET lookalike_id = %(older)s
        WHERE lookalike_id = %(newer)s AND id <> %(older)s""",
    """UPDATE pipeline_lead SET lookalike_id = NULL, lookalike_by = ''
        WHERE id = %(older)s AND lookalike_id = %(newer)s""",
)


class NotPossible(Exception):
    """The leads cannot be merged now: one sentence for the operator."""


def one_person(lead: Lead) -> Lead:
    """Keep the lead that this one looks like, tell it what this one says, and return it.

    This one becomes its duplicate, and so do those that were this one's; where this one is READY
    and the other EXPIRED, the other is READY in its place. Raises NotPossible, and while a run is
    active: it has counted the leads that it works on.
    """
    with transaction.atomic():
        if not between_runs.hold_soon():
            raise NotPossible(between_runs.BUSY)
        newer, older = _locked(lead)
        if refusal := _why_not(newer, older):
            raise NotPossible(refusal)
        ready = newer.status == LeadStatus.READY
        awake = filling.Awake(since=newer.created_at, reason=newer.reason) if ready else None
        newer.status, newer.twin = LeadStatus.DUPLICATE, older
        newer.reason = "dup_file" if newer.file_id == older.file_id else "dup_db"
        newer.lookalike, newer.lookalike_by = None, ""
        newer.save(update_fields=["status", "reason", "twin", "lookalike", "lookalike_by"])
        with connection.cursor() as cursor:
            for statement in _POINT_TO_THE_OLDER:
                cursor.execute(statement, {"newer": newer.pk, "older": older.pk})
        filling.fill_from([newer.pk], awake=awake)
    return older


def why_not_one(lead: Lead) -> str:
    """Why `one_person` would refuse now; '' where it would not, or where nothing is marked."""
    return _why_not(lead, lead.lookalike) if lead.lookalike else ""


def two_people(lead: Lead) -> bool:
    """Take the mark away for good; whether there was one."""
    marked = Lead.objects.filter(pk=lead.pk, lookalike__isnull=False)
    return bool(marked.update(lookalike=None, lookalike_by=""))


def _locked(lead: Lead) -> tuple[Lead, Lead]:
    """The lead and the one it looks like, in the order of their ids. Raises NotPossible."""
    lead.refresh_from_db(fields=["lookalike"])
    rows = Lead.objects.select_for_update().filter(pk__in=[lead.pk, lead.lookalike_id])
    found = {row.pk: row for row in rows.order_by("pk")}
    newer = found.get(lead.pk)
    if newer is None or newer.lookalike_id not in found:
        raise NotPossible(f"Lead {lead.pk} is marked as nobody's lookalike any more.")
    return newer, found[newer.lookalike_id]


def _why_not(newer: Lead, older: Lead) -> str:
    run = Run.objects.running().first()
    if run is not None:
        return f"Run {run.pk} is in progress; leads can be merged once it has ended."
    if newer.status not in {LeadStatus.READY, LeadStatus.EXPIRED}:
        is_now = LeadStatus(newer.status).label.lower()
        return f"Lead {newer.pk} is {is_now}, so it cannot become a duplicate any more."
    if older.status not in LIVE:
        is_now = LeadStatus(older.status).label.lower()
        return f"Lead {older.pk}, which it looks like, is {is_now} and cannot take its place."
    return ""

"""Leads that may be one person although their addresses differ (spec D2): marked, never merged.

A READY lead of the run whose LinkedIn page or phone an earlier live lead has too points to the
first of them; the page says more than the phone. A phone that five or more live leads share is
a switchboard and marks nobody.
"""

from __future__ import annotations

from django.db import connection

SWITCHBOARD = 5  # live leads with one number

_MARK = """
WITH fresh AS MATERIALIZED (
    SELECT id, linkedin_key, phone_key FROM pipeline_lead
     WHERE run_id = %(run)s AND status = 'READY' AND lookalike_id IS NULL
       AND (linkedin_key <> '' OR phone_key IS NOT NULL)
), page AS (
    SELECT linkedin_key, min(id) AS first_id FROM pipeline_lead
     WHERE status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED') AND linkedin_key <> ''
       AND linkedin_key IN (SELECT linkedin_key FROM fresh)
     GROUP BY linkedin_key HAVING count(*) > 1
), phone AS (
    SELECT phone_key, min(id) AS first_id FROM pipeline_lead
     WHERE status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED') AND phone_key IS NOT NULL
       AND phone_key IN (SELECT phone_key FROM fresh)
     GROUP BY phone_key HAVING count(*) > 1 AND count(*) < %(switchboard)s
), alike AS (
    SELECT fresh.id,
           CASE WHEN page.first_id < fresh.id THEN page.first_id END AS by_page,
           CASE WHEN phone.first_id < fresh.id THEN phone.first_id END AS by_phone
      FROM fresh
      LEFT JOIN page ON page.linkedin_key = fresh.linkedin_key
      LEFT JOIN phone ON phone.phone_key = fresh.phone_key
)
UPDATE pipeline_lead lead
   SET lookalike_id = coalesce(alike.by_page, alike.by_phone),
       lookalike_by = CASE WHEN alike.by_page IS NULL THEN 'phone' ELSE 'linkedin' END
  FROM alike
 WHERE lead.id = alike.id AND coalesce(alike.by_page, alike.by_phone) IS NOT NULL
"""


def mark(run_id: int) -> int:
    """Mark the run's READY leads, once all its leads are settled; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK, {"run": run_id, "switchboard": SWITCHBOARD})
        return int(cursor.rowcount)

"""Leads that may be one person although their addresses differ (spec D2): marked, never merged.

A READY lead of the run whose LinkedIn page or phone an earlier live lead has too points to the
first of them; the page says more than the phone. A phone that five or more live leads share is
a switchboard and marks nobody.
"""

from __future__ import annotations

from django.db import connection

SWITCHBOARD = 5  # live leads with one number

# In tables of their own, analysed: what a run has just written no statistics tell of, and a plan
# made for a handful of rows takes hours for a million.
_FRESH = """
CREATE TEMPORARY TABLE fresh ON COMMIT DROP AS
SELECT id, linkedin_key, phone_key FROM pipeline_lead
 WHERE run_id = %(run)s AND status = 'READY' AND lookalike_id IS NULL
   AND (linkedin_key <> '' OR phone_key IS NOT NULL)
"""
_PAGES = """
CREATE TEMPORARY TABLE page ON COMMIT DROP AS
SELECT live.linkedin_key, min(live.id) AS first_id
  FROM (SELECT DISTINCT linkedin_key FROM fresh WHERE linkedin_key <> '') asked
  JOIN pipeline_lead live USING (linkedin_key)
 WHERE live.status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED') AND live.linkedin_key <> ''
 GROUP BY live.linkedin_key HAVING count(*) > 1
"""
_PHONES = """
CREATE TEMPORARY TABLE phone ON COMMIT DROP AS
SELECT live.phone_key, min(live.id) AS first_id
  FROM (SELECT DISTINCT phone_key FROM fresh WHERE phone_key IS NOT NULL) asked
  JOIN pipeline_lead live USING (phone_key)
 WHERE live.status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED')
   AND live.phone_key IS NOT NULL
 GROUP BY live.phone_key HAVING count(*) > 1 AND count(*) < %(switchboard)s
"""
_MARK = """
WITH alike AS (
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
_GONE = "DROP TABLE fresh, page, phone"


def mark(run_id: int) -> int:
    """Mark the run's READY leads, once all its leads are settled; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(_FRESH, {"run": run_id})
        cursor.execute("ANALYZE fresh")
        cursor.execute(_PAGES)
        cursor.execute(_PHONES, {"switchboard": SWITCHBOARD})
        cursor.execute("ANALYZE page, phone")
        cursor.execute(_MARK)
        marked = int(cursor.rowcount)
        cursor.execute(_GONE)
    return marked

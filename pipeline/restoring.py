"""Taking back what a file told of known leads, from the images that `filling` kept.

Field by field: what was changed again since is left as it is. Where a later file changed it, be it
to the same, that file's image learns what was there before, so that undoing both, in any order,
ends where both began. A key that is made of a field goes with the field. A lead that was EXPIRED
stays awake as long as one of the files that met it is left. What is blank again, the rows of the
files that are left fill.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from pipeline import filling
from pipeline.filling import DERIVED, EXTRA, FIELDS, KEEP_BOTH
from pipeline.models import LeadChange, LeadFile

_MEASURED_BY = {**DERIVED, "reason": "status", "created_at": "status"}

_COMPARE = f"""
CREATE TEMPORARY TABLE image AS
WITH change AS MATERIALIZED (
    SELECT change.id, change.lead_id, change.before, change.after, to_jsonb(lead) AS now
      FROM pipeline_leadchange change JOIN pipeline_lead lead ON lead.id = change.lead_id
     WHERE change.id = ANY(%(changes)s)
     ORDER BY lead.id FOR UPDATE OF lead
)
SELECT change.id, change.lead_id, cell.key, starts_with(cell.key, '{EXTRA}') AS extra,
       substr(cell.key, {len(EXTRA) + 1}) AS name,
       cell.key <> measure.key AS derived, cell.value AS after, change.before -> cell.key AS before,
       change.after ->> measure.key
       = CASE WHEN starts_with(cell.key, '{EXTRA}')
              THEN change.now -> 'extras' ->> substr(cell.key, {len(EXTRA) + 1})
              ELSE change.now ->> measure.key END
       AND later.id IS NULL AS same,  -- or a later file has said the same again
       later.id AS later_id
  FROM change
 CROSS JOIN LATERAL jsonb_each(change.after) AS cell
 CROSS JOIN LATERAL (
    SELECT CASE cell.key {" ".join(f"WHEN '{key}' THEN '{field}'" for key, field in _MEASURED_BY.items())}
                ELSE cell.key END AS key
 ) measure
 CROSS JOIN LATERAL (  -- + 0: by the index of the lead, not along all ids
    SELECT min(id + 0) AS id FROM pipeline_leadchange
     WHERE lead_id = change.lead_id AND id > change.id AND pipeline_leadchange.after ? cell.key
 ) later
"""  # noqa: S608

_TELL_LATER = """
WITH learned AS (
    SELECT later.id, jsonb_object_agg(image.key, image.before) AS before
      FROM image
      JOIN pipeline_leadchange later
        ON later.id = image.later_id AND later.before -> image.key = image.after
     GROUP BY later.id
)
UPDATE pipeline_leadchange later SET before = later.before || learned.before
  FROM learned WHERE later.id = learned.id
"""

_RESTORE = f"""
WITH back AS (
    SELECT lead_id,
           coalesce(jsonb_object_agg(key, before) FILTER (WHERE NOT extra), '{{}}') AS fields,
           coalesce(array_agg(name) FILTER (WHERE extra), '{{}}') AS names,
           coalesce(jsonb_object_agg(name, before) FILTER (WHERE extra AND before <> 'null'),
                    '{{}}') AS extras
      FROM image WHERE same GROUP BY lead_id
)
UPDATE pipeline_lead lead
   SET {", ".join(f"{name} = coalesce(fields ->> '{name}', lead.{name})" for name in (*FIELDS, "linkedin_key", "country_code", "status", "reason"))},
       created_at = coalesce((fields ->> 'created_at')::timestamptz, lead.created_at),
       phone_key = CASE WHEN fields ->> 'phone_key' IS NULL THEN lead.phone_key
                        ELSE nullif(fields ->> 'phone_key', '')::uuid END,
       extras = (lead.extras - back.names) || back.extras
  FROM back WHERE lead.id = back.lead_id
"""  # noqa: S608  (made of column names)

# Another file met the lead, too, in that run or later; but found it awake, so that it has no image
# of it. It gets this one: the lead is awake for its sake now.
_PASS_ON = f"""
WITH woken AS (
    SELECT lead_id, min(id) AS id FROM image WHERE key = 'status' AND same GROUP BY lead_id
), met AS (
    SELECT woken.lead_id, woken.id, min(again.file_id) AS file_id
      FROM woken
      JOIN pipeline_leadchange change ON change.id = woken.id
      JOIN ONLY pipeline_lead own ON own.twin_id = woken.lead_id AND own.file_id = change.file_id
      JOIN ONLY pipeline_lead again
        ON again.twin_id = woken.lead_id AND again.status = 'DUPLICATE'
       AND again.file_id <> change.file_id AND again.run_id >= own.run_id
     GROUP BY woken.lead_id, woken.id
), kept AS (
    UPDATE image SET same = false FROM met
     WHERE image.id = met.id AND image.key IN ('status', 'reason', 'created_at')
    RETURNING met.file_id, image.lead_id, image.key, image.before, image.after
)
INSERT INTO pipeline_leadchange (file_id, lead_id, before, after)
SELECT file_id, lead_id, jsonb_object_agg(key, before), jsonb_object_agg(key, after)
  FROM kept GROUP BY file_id, lead_id
{KEEP_BOTH}
"""  # noqa: S608

# Rows of other files, which may have said the same, or something else where this file had spoken
# first: they left no image then.
_OTHERS = """
SELECT other.id FROM ONLY pipeline_lead other
 WHERE other.twin_id IN (SELECT lead_id FROM image WHERE same)
   AND other.status = 'DUPLICATE' AND other.file_id <> %(file)s
"""

_OUTCOME = """
SELECT count(*) FILTER (WHERE same), count(*) FILTER (WHERE same IS NOT TRUE)
  FROM image WHERE NOT derived
"""
_KEPT = """
SELECT lead_id, key FROM image WHERE NOT derived AND same IS NOT TRUE
 ORDER BY lead_id, key LIMIT %(shown)s
"""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """In fields of leads; `shown` are the first of those that were kept, as (lead, field)."""

    restored: int
    kept: int
    shown: list[tuple[int, str]]


def restore(lead_file: LeadFile, *, changes: int, shown: int) -> Outcome | None:
    """Take back so many of the file's changes, and forget them; None where there are none."""
    ids = list(lead_file.changes.order_by("pk").values_list("pk", flat=True)[:changes])
    if not ids:
        return None
    with connection.cursor() as cursor:
        cursor.execute(_COMPARE, {"changes": ids})
        cursor.execute(_TELL_LATER)
        cursor.execute(_PASS_ON)
        cursor.execute(_RESTORE)
        cursor.execute(_OUTCOME)
        restored, kept = cursor.fetchone() or (0, 0)
        cursor.execute(_KEPT, {"shown": shown})
        found = Outcome(restored=restored, kept=kept, shown=cursor.fetchall())
        cursor.execute(_OTHERS, {"file": lead_file.pk})
        others = [lead for (lead,) in cursor.fetchall()]
        cursor.execute("DROP TABLE image")
    LeadChange.objects.filter(pk__in=ids).delete()
    filling.fill_from(others, blanks_only=True)
    return found

"""What a duplicate tells of a lead that is known (spec U11), and the images that undo needs.

Each file does to a known lead what it was told to: FILL puts into blank fields what the file's
rows say, the first record that says anything; OVERWRITE replaces fields by what they say, the
last record that says anything; SKIP leaves the lead alone. What a file is blank about it never
takes away. Several files take turns, in order of their ids, so that each has its own image.

A row whose twin came in the same file always fills it, and leaves no image: an undo takes both.
Address, key, status, opt-out and delivery history are not a file's to change. One thing is: an
EXPIRED lead that is met again, whatever the file was told, becomes READY, as old as if it had
come in now (`wake`). What is told anew, as nobody brought it, wakes nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from django.db import connection

from pipeline.models.leads import COLUMNS

FIELDS = tuple(name for name in COLUMNS if name != "email")
# Keys that are made of a field, and go where it goes.
DERIVED = {"phone_key": "phone", "linkedin_key": "linkedin_url", "country_code": "country"}
EXTRA = "extras."  # how an image names what lies in extras

KEEP_BOTH = """
    ON CONFLICT (file_id, lead_id) DO UPDATE
       SET before = excluded.before || pipeline_leadchange.before,
           after = pipeline_leadchange.after || excluded.after
"""

_WAKE = f"""
WITH expired AS (
    SELECT DISTINCT ON (twin.id) twin.id, twin.reason, twin.created_at, settled.file_id,
           greatest(twin.created_at, coalesce(%(since)s, now())) AS since,
           settled.file_id = twin.file_id AS own
      FROM settled
      JOIN ONLY pipeline_lead twin ON twin.id = settled.twin_id AND twin.status = 'EXPIRED'
     WHERE settled.twin_status = 'EXPIRED'
     ORDER BY twin.id, settled.file_id, settled.record
), woken AS (
    UPDATE ONLY pipeline_lead twin
       SET status = 'READY', reason = %(reason)s, created_at = expired.since
      FROM expired WHERE twin.id = expired.id AND twin.status = 'EXPIRED'
    RETURNING twin.id
)
INSERT INTO pipeline_leadchange (file_id, lead_id, before, after)
SELECT file_id, id, jsonb_build_object('status', 'EXPIRED', 'reason', reason, 'created_at', created_at),
       jsonb_build_object('status', 'READY', 'reason', %(reason)s::text, 'created_at', since)
  FROM expired JOIN woken USING (id) WHERE NOT own
{KEEP_BOTH}
"""  # noqa: S608

# `alone`: the only row of its file that speaks of the twin, as nearly all are; nothing of it has to
# be put together.
_MEET = """
CREATE TEMPORARY TABLE met AS
SELECT settled.id, settled.twin_id, settled.file_id, mode.own,
       mode.overwrites AND NOT %(blanks_only)s AS overwrites,
       CASE WHEN mode.overwrites THEN -settled.record ELSE settled.record END AS place,
       dense_rank() OVER (PARTITION BY settled.twin_id ORDER BY settled.file_id) AS turn,
       count(*) OVER (PARTITION BY settled.twin_id, settled.file_id) = 1 AS alone
  FROM settled
  JOIN pipeline_leadfile file ON file.id = settled.file_id
 CROSS JOIN LATERAL (
    SELECT settled.twin_file = settled.file_id AS own,
           settled.twin_file <> settled.file_id AND file.known_leads = 'OVERWRITE' AS overwrites
 ) mode
 WHERE mode.own OR file.known_leads <> 'SKIP'
"""


def _lines(template: str, names: tuple[str, ...] = FIELDS, joined: str = ",\n           ") -> str:
    return joined.join(template.format(name=name) for name in names)


def _derived(template: str) -> str:
    return ",\n           ".join(
        template.format(name=name, field=field) for name, field in DERIVED.items()
    )


def _image(moment: str) -> str:
    """The changed fields as JSON; a key that is NULL is written as ''."""
    names = _lines("'{name}'", (*FIELDS, *DERIVED))
    fields = _lines(f"CASE WHEN {{name}} IS NOT NULL THEN {moment}{{name}} END")
    keys = _derived(
        f"CASE WHEN {{field}} IS NOT NULL THEN coalesce({moment}{{name}}::text, '') END"
    )
    # jsonb_build_object, which asks of each value for its type, takes half as long again.
    return f"jsonb_strip_nulls(jsonb_object(ARRAY[{names}],\n           ARRAY[{fields},\n           {keys}]))"


_FILL = f"""
WITH further AS (  -- the last of equal keys stays
    SELECT met.twin_id, jsonb_object_agg(cell.key, cell.value ORDER BY met.place DESC) AS extras
      FROM met JOIN ONLY pipeline_lead dup ON dup.id = met.id
     CROSS JOIN LATERAL jsonb_each(dup.extras) AS cell
     WHERE met.turn = %(turn)s AND NOT met.alone AND cell.value <> '""'
     GROUP BY met.twin_id
), joint AS (
    SELECT met.twin_id, met.file_id, bool_or(met.own) AS own, bool_or(met.overwrites) AS overwrites,
           {_lines("(array_agg(dup.{name} ORDER BY met.place) FILTER (WHERE dup.{name} <> ''))[1] AS {name}")},
           {_derived("(array_agg(dup.{name} ORDER BY met.place) FILTER (WHERE dup.{field} <> ''))[1] AS {name}")}
      FROM met JOIN ONLY pipeline_lead dup ON dup.id = met.id
     WHERE met.turn = %(turn)s AND NOT met.alone
     GROUP BY met.twin_id, met.file_id
), said AS (  -- what one file says of one lead
    SELECT met.twin_id, met.file_id, met.own, met.overwrites,
           {_lines("nullif(dup.{name}, '') AS {name}")},
           {_derived("dup.{name}")},
           dup.extras
      FROM met JOIN ONLY pipeline_lead dup ON dup.id = met.id
     WHERE met.turn = %(turn)s AND met.alone
     UNION ALL
    SELECT joint.*, further.extras FROM joint LEFT JOIN further ON further.twin_id = joint.twin_id
), news AS (  -- what of it is new; NULL where nothing is
    SELECT twin.id, said.file_id, said.own,
           {_lines("twin.{name} AS was_{name}")},
           {_derived("twin.{name} AS was_{name}")},
           {_lines("CASE WHEN said.{name} <> twin.{name} AND (said.overwrites OR twin.{name} = '') THEN said.{name} END AS {name}")},
           {_derived("said.{name}")},
           more.before AS more_before, more.after AS more_after, more.extras AS more
      FROM said
      JOIN ONLY pipeline_lead twin ON twin.id = said.twin_id
     CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(cell.key, cell.value) AS extras,
               jsonb_object_agg('{EXTRA}' || cell.key, cell.value) AS after,
               jsonb_object_agg('{EXTRA}' || cell.key, twin.extras -> cell.key) AS before
          FROM jsonb_each(said.extras) AS cell
         WHERE cell.value <> '""'
           AND (coalesce(twin.extras ->> cell.key, '') = ''
                OR said.overwrites AND twin.extras -> cell.key <> cell.value)
     ) more
), told AS (
    UPDATE ONLY pipeline_lead twin
       SET {_lines("{name} = coalesce(news.{name}, twin.{name})")},
           {_derived("{name} = CASE WHEN news.{field} IS NULL THEN twin.{name} ELSE news.{name} END")},
           extras = twin.extras || coalesce(news.more, '{{}}')
      FROM news
     WHERE twin.id = news.id AND twin.status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED')
       AND (num_nonnulls({_lines("news.{name}", joined=", ")}) > 0 OR news.more IS NOT NULL)
    RETURNING twin.id
)
INSERT INTO pipeline_leadchange (file_id, lead_id, before, after)
SELECT file_id, id,
       {_image("was_")} || coalesce(more_before, '{{}}'),
       {_image("")} || coalesce(more_after, '{{}}')
  FROM news JOIN told USING (id) WHERE NOT own
{KEEP_BOTH}
"""  # noqa: S608  (made of column names)


_SETTLED = """
CREATE TEMPORARY TABLE settled AS
SELECT dup.id, dup.file_id, dup.record,
       twin.id AS twin_id, twin.file_id AS twin_file, twin.status AS twin_status
  FROM pipeline_lead dup JOIN pipeline_lead twin ON twin.id = dup.twin_id
 WHERE dup.id = ANY(%(duplicates)s)
"""


@dataclass(frozen=True, kw_only=True)
class Awake:
    """What an EXPIRED lead is once it is met again: since when, None for now, and why READY."""

    since: dt.datetime | None = None
    reason: str = ""


def fill_from(
    duplicates: Sequence[int], *, awake: Awake | None = None, blanks_only: bool = False
) -> None:
    """Tell their twins what these leads, by id, say of them; who has no twin tells nobody.

    EXPIRED twins stay so, unless it is said what they are once awake. `blanks_only`: not even a
    file that was told to overwrite does.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SETTLED, {"duplicates": list(duplicates)})
        if awake is not None:
            wake(awake)
        fill(blanks_only=blanks_only)
        cursor.execute("DROP TABLE settled")


def wake(awake: Awake) -> None:
    """Make READY the EXPIRED twins of the rows of the temporary table `settled` (see `fill`)."""
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, asdict(awake))


def fill(*, blanks_only: bool = False) -> None:
    """Tell the twins what the rows of the temporary table `settled` say of them.

    Its columns: id, file_id and record of the row; twin_id, twin_file and twin_status of its twin.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MEET, {"blanks_only": blanks_only})
        cursor.execute("ANALYZE met")
        cursor.execute("SELECT coalesce(max(turn), 0) FROM met")
        (turns,) = cursor.fetchone() or (0,)
        for turn in range(1, turns + 1):
            cursor.execute(_FILL, {"turn": turn})
        cursor.execute("DROP TABLE met")

"""The invariants, each as one SQL statement that must return no row (reliability.md, 11).

The last line behind the constraints: most of what is looked for here the database refuses to
hold at all, the rest spans rows, tables or time, where no constraint reaches.

Ids are those of the offending rows, in the table that the title names. A06 to A15 and A27 group
or join whole tables, by sequential scans: it is the absence of something among all rows that
they prove. With a million leads none takes much over a second, all together under ten.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.suppressing import LISTED


@dataclass(frozen=True)
class Check:
    """One invariant; `sql` selects the ids of the rows that break it."""

    name: str
    title: str
    sql: str


# Each: one line for the head, then the statement.
# fmt: off
CHECKS = (
    Check("A01", "A request starts one run (runs)", """
        SELECT max(id) FROM pipeline_run GROUP BY request_key HAVING count(*) > 1
    """),
    Check("A02", "A date has one nightly run (runs)", """
        SELECT max(id) FROM pipeline_run WHERE kind = 'NIGHTLY'
         GROUP BY local_date HAVING count(*) > 1
    """),
    Check("A03", "No stage starts before the one before it is done (stage runs)", """
        WITH placed AS (
            SELECT id, run_id, status, started_at, ended_at,
                   array_position(%(stages)s::text[], stage::text) AS position
              FROM pipeline_stagerun)
        SELECT later.id FROM placed later
          LEFT JOIN placed earlier
                 ON earlier.run_id = later.run_id AND earlier.position = later.position - 1
         WHERE later.position > 1
           AND (earlier.status <> 'DONE' OR earlier.ended_at IS NULL  -- or there is none
                OR earlier.ended_at > later.started_at)
    """),
    Check("A04", "A done stage saw what it kept and dropped, reason by reason (stage runs)", """
        SELECT id FROM pipeline_stagerun
         WHERE status = 'DONE'
           AND (seen <> kept + dropped
                OR dropped <> (SELECT coalesce(sum(n::text::numeric), 0)
                                 FROM jsonb_path_query(reasons,
                                      '$.* ? (@.type() == "number")') AS n))
    """),
    Check("A05", "A done run has seven done stages (runs)", """
        SELECT run.id FROM pipeline_run run
          LEFT JOIN pipeline_stagerun stage ON stage.run_id = run.id AND stage.status = 'DONE'
         WHERE run.status = 'DONE' GROUP BY run.id HAVING count(stage.id) <> 7
    """),
    # An ended run's NEW leads wait for the next run, which takes them up when it opens: after
    # that they are lost. Found by an index of its own.
    Check("A06", "No lead is left behind new, none is ready while a client holds it (leads)", """
        SELECT lead.id FROM pipeline_run run
          JOIN pipeline_lead lead ON lead.run_id = run.id AND lead.status = 'NEW'
         WHERE run.status = 'DONE'
            OR (run.status <> 'RUNNING'
                AND EXISTS (SELECT FROM pipeline_run later WHERE later.id > run.id))
        UNION ALL
        SELECT lead.id FROM pipeline_lead lead
          JOIN deliveries_deliveredlead given ON given.lead_id = lead.id
         WHERE lead.status = 'READY' AND given.status IN ('ALLOCATED', 'DELIVERED')
    """),
    # A lead that is READY after its run was left over by allocate, which says why. One that had
    # expired and was met again is READY without a reason until a run is done that may place it.
    Check("A07", "Whatever was dropped, left over or refused says why (leads, rejections)", """
        SELECT id FROM pipeline_lead
         WHERE status IN ('DUPLICATE', 'SUPPRESSED', 'EXPIRED') AND reason = ''
        UNION ALL
        SELECT lead.id FROM pipeline_lead lead JOIN pipeline_run run ON run.id = lead.run_id
         WHERE lead.status = 'READY' AND lead.reason = '' AND run.status = 'DONE'
           AND NOT EXISTS (SELECT FROM pipeline_lead again
                            WHERE again.twin_id = lead.id
                              AND again.run_id > (SELECT max(id) FROM pipeline_run
                                                   WHERE status = 'DONE'))
        UNION ALL
        SELECT id FROM pipeline_rejection WHERE code = ''
    """),
    Check("A08", "A person has one live lead (leads)", """
        SELECT max(id) FROM pipeline_lead
         WHERE status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED')
         GROUP BY key HAVING count(*) > 1
    """),
    Check("A09", "A lead has no more clients than it may; exclusive: one (delivered leads)", """
        SELECT given.id
          FROM (SELECT lead_id, max(id) AS id, count(*) AS clients,
                       count(*) FILTER (WHERE exclusive) AS exclusive
                  FROM deliveries_deliveredlead
                 WHERE status IN ('ALLOCATED', 'DELIVERED') AND lead_id IS NOT NULL
                 GROUP BY lead_id HAVING count(*) > 1) given
          JOIN pipeline_lead lead ON lead.id = given.lead_id
         WHERE given.exclusive > 1 OR given.clients > lead.max_clients
    """),
    Check("A10", "An exclusive and a shared sale of one lead never meet (delivered leads)", """
        SELECT max(id) FROM deliveries_deliveredlead
         WHERE status IN ('ALLOCATED', 'DELIVERED') AND lead_id IS NOT NULL
         GROUP BY lead_id HAVING bool_or(exclusive) AND bool_or(NOT exclusive)
    """),
    # What rows can prove. A row that was withdrawn or returned since has freed its slot and
    # cannot be told from one that was free then; so the rows active today, of this and earlier
    # runs, are the least that was used, and must keep within the cap that this run froze. They
    # are counted anew and not taken from the frozen `used`: of two allocators that did not see
    # each other both froze the same. Days are the client's in the zone that the run froze (a zone
    # that PostgreSQL does not know: UTC's); of runs before and after another zone was set, each
    # counts with its own. "even" is a share of the day, "money" of the month. A client over a cap
    # that was lowered is in order while it gets none.
    Check("A11", "In each run a client got what is on record, within every cap (clients' runs)", """
        WITH zone AS MATERIALIZED (SELECT name FROM pg_timezone_names),
        taken AS (
            SELECT run_id, client_id, allocated_at, count(*) AS every,
                   count(*) FILTER (WHERE status IN ('ALLOCATED', 'DELIVERED')) AS active
              FROM deliveries_deliveredlead GROUP BY run_id, client_id, allocated_at
        ), placed AS (
            SELECT taken.*, coalesce(zone.name, 'UTC') AS zone
              FROM taken
              JOIN clients_client client ON client.id = taken.client_id
              LEFT JOIN pipeline_runclient promised
                     ON promised.run_id = taken.run_id AND promised.client_id = taken.client_id
              LEFT JOIN zone
                     ON zone.name = coalesce(promised.terms ->> 'time_zone', client.time_zone)
        ), used AS (
            SELECT placed.run_id, placed.client_id, placed.allocated_at, placed.every,
                   sum(active) OVER (PARTITION BY client_id, zone, date_trunc('day', here.at)
                                     ORDER BY run_id) AS in_day,
                   sum(active) OVER (PARTITION BY client_id, zone, date_trunc('week', here.at)
                                     ORDER BY run_id) AS in_week,
                   sum(active) OVER (PARTITION BY client_id, zone, date_trunc('month', here.at)
                                     ORDER BY run_id) AS in_month,
                   sum(active) OVER (PARTITION BY client_id ORDER BY run_id) AS in_all
              FROM placed
             CROSS JOIN LATERAL (SELECT allocated_at AT TIME ZONE zone) AS here (at)
        )
        SELECT promised.id
          FROM pipeline_runclient promised
          JOIN pipeline_run run ON run.id = promised.run_id
          LEFT JOIN used ON used.run_id = promised.run_id
                        AND used.client_id = promised.client_id
         WHERE promised.placed <> coalesce(used.every, 0)
            OR used.allocated_at <> run.as_of
            OR promised.placed > promised."left"
            OR (promised.closed <> '' AND promised."left" IS DISTINCT FROM 0)
            OR (promised.closed = '' AND promised."left" IS DISTINCT FROM
                (SELECT min(frozen."left") FROM jsonb_to_recordset(promised.windows)
                                             AS frozen ("left" bigint)))
            OR promised.placed > 0 AND EXISTS (
                   SELECT FROM jsonb_to_recordset(promised.windows)
                            AS frozen ("window" text, cap bigint, used bigint)
                    WHERE frozen.used + promised.placed > frozen.cap
                       OR CASE WHEN frozen."window" IN ('day', 'even') THEN used.in_day
                               WHEN frozen."window" = 'week' THEN used.in_week
                               WHEN frozen."window" IN ('month', 'money') THEN used.in_month
                               ELSE used.in_all END > frozen.cap)
    """),
    # Without this a delivery that nobody promised would pass A11. Old promises are deleted, a
    # whole run's at once, so a run that has none says nothing.
    Check("A12", "Every delivery was promised in its run (deliveries)", """
        SELECT delivery.id FROM deliveries_delivery delivery
         WHERE EXISTS (SELECT FROM pipeline_runclient promised
                        WHERE promised.run_id = delivery.run_id)
           AND NOT EXISTS (SELECT FROM pipeline_runclient promised
                            WHERE promised.run_id = delivery.run_id
                              AND promised.client_id = delivery.client_id)
    """),
    Check("A13", "A lead is allocated or delivered exactly while a client holds it (leads)", """
        SELECT lead.id FROM pipeline_lead lead
          LEFT JOIN (SELECT DISTINCT lead_id FROM deliveries_deliveredlead
                      WHERE status IN ('ALLOCATED', 'DELIVERED')) held ON held.lead_id = lead.id
         WHERE lead.status <> 'ERASED'
           AND (held.lead_id IS NOT NULL) <> (lead.status IN ('ALLOCATED', 'DELIVERED'))
    """),
    # A row that was released, as the client was paused before its file was made, is none.
    Check("A14", "A client never gets a person twice (delivered leads)", """
        SELECT max(id) FROM deliveries_deliveredlead
         WHERE NOT (status = 'WITHDRAWN' AND reason = 'released')
         GROUP BY client_id, key HAVING count(*) > 1
    """),
    # Rows of another run or client do not count: they would be sold past their own caps.
    Check("A15", "A delivery counts its own leads that were not withdrawn (deliveries)", """
        SELECT delivery.id FROM deliveries_delivery delivery
          LEFT JOIN deliveries_deliveredlead given
                 ON given.delivery_id = delivery.id AND given.run_id = delivery.run_id
                AND given.client_id = delivery.client_id AND given.status <> 'WITHDRAWN'
         GROUP BY delivery.id HAVING delivery.rows <> count(given.id)
    """),
    Check("A17", "A delivery that was uploaded has its file's name, size and hash (deliveries)", """
        SELECT id FROM deliveries_delivery
         WHERE (status IN ('UPLOADED', 'NOTIFIED', 'LOGGED') OR uploaded_at IS NOT NULL)
           AND (storage_name = '' OR sha256 = '' OR size IS NULL OR uploaded_at IS NULL)
    """),
    # The leases of cancelled and failed runs are nobody's to take over.
    Check("A23", "No lease ran out more than 10 minutes ago (chunks)", """
        SELECT chunk.id FROM pipeline_chunk chunk
          JOIN pipeline_stagerun stage ON stage.id = chunk.stage_run_id
          JOIN pipeline_run run ON run.id = stage.run_id
         WHERE chunk.status = 'LEASED' AND run.status IN ('RUNNING', 'DONE')
           AND chunk.lease_until < statement_timestamp() - interval '10 minutes'
    """),
    Check("A24", "No lease reaches further than two lease times (chunks)", """
        SELECT id FROM pipeline_chunk
         WHERE lease_until > statement_timestamp() + make_interval(secs => 2 * %(lease)s)
    """),
    # `created_at` is when the suppressing transaction began, `delivered_at` the whole second at
    # which upload looked: what was committed in between cannot be told, and is not held against
    # the run. Nor is a phone that a later file filled in: nobody knew it then.
    Check("A27", "Nobody suppressed before the run or its file is in it (delivered leads)", f"""
        WITH person AS (
            SELECT given.id, given.key, lead.domain_keys, lead.phone_key
              FROM deliveries_deliveredlead given
              LEFT JOIN pipeline_lead lead ON lead.id = given.lead_id
             WHERE given.status IN ('ALLOCATED', 'DELIVERED'))
        SELECT given.id FROM ({LISTED}) barred
          JOIN deliveries_deliveredlead given ON given.id = barred.id
           AND (barred.client_id IS NULL OR barred.client_id = given.client_id)
          JOIN deliveries_delivery delivery ON delivery.id = given.delivery_id
          JOIN pipeline_run run ON run.id = given.run_id
         WHERE (barred.created_at < run.created_at
                OR (given.status = 'DELIVERED' AND barred.created_at < given.delivered_at))
           AND NOT (barred.kind = 'PHONE' AND EXISTS (
                   SELECT FROM pipeline_leadchange learned
                    WHERE learned.lead_id = given.lead_id AND learned.after ? 'phone_key'
                      AND learned.created_at >= coalesce(given.delivered_at,
                                                         delivery.created_at)))
    """),  # noqa: S608
    # All of a lead's own columns: employer, title and town single a person out as a name does.
    # Rows refused at intake and the stored lead files cannot be joined to a person in SQL.
    Check("A28", "An erased lead, its drafts and images hold nothing of the person (leads)", """
        SELECT lead.id FROM pipeline_lead lead
         WHERE lead.status = 'ERASED'
           AND (lead.extras <> '{}'
                OR EXISTS (SELECT FROM jsonb_each_text(to_jsonb(lead)) AS kept
                            WHERE kept.key = ANY(%(personal)s) AND kept.value <> '')
                OR EXISTS (SELECT FROM pipeline_draft draft
                            WHERE draft.lead_id = lead.id
                              AND concat(draft.subject, draft.body, draft.icebreaker) <> '')
                OR EXISTS (SELECT FROM pipeline_leadchange image WHERE image.lead_id = lead.id))
    """),
    Check("A29", "A run of more than 3 minutes has a sign of life of the last 3 (runs)", """
        SELECT run.id FROM pipeline_run run
         WHERE run.status = 'RUNNING'
           AND run.created_at < statement_timestamp() - interval '3 minutes'
           AND NOT EXISTS (SELECT FROM pipeline_heartbeat
                            WHERE (name = 'tick' OR starts_with(name, 'worker:'))
                              AND at > statement_timestamp() - interval '3 minutes')
    """),
    Check("A30", "An undone file left nothing behind that no client holds (lead files)", """
        SELECT file.id FROM pipeline_leadfile file
         WHERE file.status = 'UNDONE'
           AND (EXISTS (SELECT FROM pipeline_lead lead
                         WHERE lead.file_id = file.id
                           AND NOT EXISTS (SELECT FROM deliveries_deliveredlead given
                                            WHERE given.lead_id = lead.id))
                OR EXISTS (SELECT FROM pipeline_rejection refused WHERE refused.file_id = file.id)
                OR EXISTS (SELECT FROM pipeline_leadchange image WHERE image.file_id = file.id))
    """),
    # Kept by nobody else: the foreign keys of a lead are not checked row by row, for speed.
    Check("A31", "A lead's file, run, twin and lookalike are there (leads)", """
        SELECT lead.id FROM pipeline_lead lead
          LEFT JOIN pipeline_leadfile file ON file.id = lead.file_id
         WHERE file.id IS NULL
        UNION ALL
        SELECT lead.id FROM pipeline_lead lead
          LEFT JOIN pipeline_run run ON run.id = lead.run_id
         WHERE run.id IS NULL
        UNION ALL
        SELECT lead.id FROM pipeline_lead lead
          LEFT JOIN pipeline_lead twin ON twin.id = lead.twin_id
         WHERE lead.twin_id IS NOT NULL AND twin.id IS NULL
        UNION ALL
        SELECT lead.id FROM pipeline_lead lead
          LEFT JOIN pipeline_lead alike ON alike.id = lead.lookalike_id
         WHERE lead.lookalike_id IS NOT NULL AND alike.id IS NULL
    """),
)
# fmt: on

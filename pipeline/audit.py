"""The invariants, each as one SQL statement that must return no row.

They are the last line behind the constraints: most of what they look for the database refuses
to hold in the first place. Run by `manage.py audit`, by the demo and by the tests that kill
things. Ids are those of the offending rows, in the table that the title names.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connection

from deliveries.models import Delivery
from pipeline.states import Stage

SHOWN_IDS = 20


@dataclass(frozen=True)
class Check:
    """One invariant; `sql` selects the ids that break it."""

    name: str
    title: str
    sql: str


CHECKS = (
    Check(
        "A01",
        "A request starts one run (runs)",
        """SELECT max(id) FROM pipeline_run GROUP BY request_key HAVING count(*) > 1""",
    ),
    Check(
        "A02",
        "A date has one nightly run (runs)",
        """SELECT max(id) FROM pipeline_run WHERE kind = 'NIGHTLY'
            GROUP BY local_date HAVING count(*) > 1""",
    ),
    Check(
        "A03",
        "No stage starts before the one before it is done (stage runs)",
        """SELECT later.id
             FROM pipeline_stagerun later
             JOIN pipeline_stagerun earlier ON earlier.run_id = later.run_id
            WHERE array_position(%(stages)s, earlier.stage::text)
                < array_position(%(stages)s, later.stage::text)
              AND (earlier.status <> 'DONE' OR earlier.ended_at > later.started_at)""",
    ),
    Check(
        "A04",
        "A done stage has seen what it kept and dropped, reason by reason (stage runs)",
        """SELECT id FROM pipeline_stagerun
            WHERE status = 'DONE'
              AND (seen <> kept + dropped
                   OR dropped <> (SELECT coalesce(sum(value::int), 0)
                                    FROM jsonb_each_text(reasons)))""",
    ),
    Check(
        "A05",
        "A done run has seven done stages (runs)",
        """SELECT run.id FROM pipeline_run run
            WHERE run.status = 'DONE'
              AND (SELECT count(*) FROM pipeline_stagerun
                    WHERE run_id = run.id AND status = 'DONE') <> 7""",
    ),
    Check(
        "A06",
        "A done run leaves no lead new; a ready lead has room left (leads)",
        """SELECT lead.id FROM pipeline_lead lead JOIN pipeline_run run ON run.id = lead.run_id
            WHERE lead.status = 'NEW' AND run.status = 'DONE'
           UNION ALL
           SELECT lead.id FROM pipeline_lead lead
             JOIN deliveries_deliveredlead given ON given.lead_id = lead.id
            WHERE lead.status = 'READY' AND given.status IN ('ALLOCATED', 'DELIVERED')
            GROUP BY lead.id, lead.max_clients HAVING count(*) >= lead.max_clients""",
    ),
    Check(
        "A07",
        "A lead that was dropped and a row that was refused say why (leads, rejections)",
        """SELECT id FROM pipeline_lead
            WHERE status IN ('DUPLICATE', 'SUPPRESSED') AND reason = ''
           UNION ALL
           SELECT id FROM pipeline_rejection WHERE code = ''""",
    ),
    Check(
        "A08",
        "A match key has one live lead (leads)",
        """SELECT max(id) FROM pipeline_lead
            WHERE status IN ('READY', 'ALLOCATED', 'DELIVERED', 'EXPIRED')
            GROUP BY key HAVING count(*) > 1""",
    ),
    Check(
        "A09",
        "An exclusive lead has one client (delivered leads)",
        """SELECT max(id) FROM deliveries_deliveredlead
            WHERE exclusive AND status IN ('ALLOCATED', 'DELIVERED') AND lead_id IS NOT NULL
            GROUP BY lead_id HAVING count(*) > 1""",
    ),
    Check(
        "A10",
        "An exclusive and a shared sale of one lead never meet (delivered leads)",
        """SELECT max(id) FROM deliveries_deliveredlead
            WHERE status IN ('ALLOCATED', 'DELIVERED') AND lead_id IS NOT NULL
            GROUP BY lead_id HAVING bool_or(exclusive) AND bool_or(NOT exclusive)""",
    ),
    Check(
        "A11",
        "No client gets more than its caps left, counted from rows (clients' runs)",
        """SELECT promised.id FROM pipeline_runclient promised
            WHERE placed > coalesce("left", placed)
               OR placed <> (SELECT count(*) FROM deliveries_deliveredlead given
                              WHERE given.run_id = promised.run_id
                                AND given.client_id = promised.client_id)
               OR EXISTS (SELECT 1 FROM jsonb_to_recordset(windows)
                                     AS span(cap int, used int)
                           WHERE span.cap IS NOT NULL AND placed > 0
                             AND span.used + placed > span.cap)""",
    ),
    Check(
        "A12",
        "Every delivered lead was promised in its run (delivered leads)",
        """SELECT given.id FROM deliveries_deliveredlead given
            WHERE NOT EXISTS (SELECT 1 FROM pipeline_runclient promised
                               WHERE promised.run_id = given.run_id
                                 AND promised.client_id = given.client_id)""",
    ),
    Check(
        "A13",
        "A lead is allocated or delivered exactly while a client holds it (leads)",
        """SELECT lead.id FROM pipeline_lead lead
            WHERE lead.status IN ('ALLOCATED', 'DELIVERED')
              AND NOT EXISTS (SELECT 1 FROM deliveries_deliveredlead given
                               WHERE given.lead_id = lead.id
                                 AND given.status IN ('ALLOCATED', 'DELIVERED'))
           UNION ALL
           SELECT lead.id FROM deliveries_deliveredlead given
             JOIN pipeline_lead lead ON lead.id = given.lead_id
            WHERE given.status IN ('ALLOCATED', 'DELIVERED')
              AND lead.status NOT IN ('ALLOCATED', 'DELIVERED', 'ERASED')""",
    ),
    Check(
        "A14",
        "A client never gets a person twice (delivered leads)",
        """SELECT max(id) FROM deliveries_deliveredlead
            GROUP BY client_id, key HAVING count(*) > 1""",
    ),
    Check(
        "A15",
        "A delivery counts its leads that were not withdrawn (deliveries)",
        """SELECT delivery.id FROM deliveries_delivery delivery
             LEFT JOIN deliveries_deliveredlead given
                    ON given.delivery_id = delivery.id AND given.status <> 'WITHDRAWN'
            GROUP BY delivery.id HAVING delivery.rows <> count(given.id)""",
    ),
    Check(
        "A17",
        "An uploaded delivery has a file (deliveries)",
        """SELECT id FROM deliveries_delivery
            WHERE status IN ('UPLOADED', 'NOTIFIED', 'LOGGED')
              AND (storage_name = '' OR sha256 = '' OR size IS NULL OR uploaded_at IS NULL)""",
    ),
    Check(
        "A19",
        "An uploaded delivery has one first mail per recipient, others none (deliveries)",
        """SELECT delivery.id FROM deliveries_delivery delivery
            WHERE (delivery.uploaded_at IS NOT NULL)
               <> EXISTS (SELECT 1 FROM deliveries_mail WHERE delivery_id = delivery.id)
           UNION
           SELECT delivery_id FROM deliveries_mail WHERE supersedes_id IS NULL
            GROUP BY kind, delivery_id, step, recipient HAVING count(*) > 1""",
    ),
    Check(
        "A20",
        "No mail is begun twice without a refusal between (mails)",
        """SELECT id FROM deliveries_mail WHERE begins > refusals + 1""",
    ),
    Check(
        "A21",
        "A sent mail was begun (mails)",
        """SELECT id FROM deliveries_mail
            WHERE status = 'SENT' AND (begins = 0 OR sent_at IS NULL)""",
    ),
    Check(
        "A22",
        "A second mail about one thing is a named person's (mails)",
        """SELECT id FROM deliveries_mail WHERE supersedes_id IS NOT NULL AND resend_by = ''""",
    ),
    Check(
        "A23",
        "No lease is long expired in a run under way (chunks)",
        """SELECT chunk.id FROM pipeline_chunk chunk
             JOIN pipeline_stagerun stage ON stage.id = chunk.stage_run_id
             JOIN pipeline_run run ON run.id = stage.run_id
            WHERE chunk.status = 'LEASED' AND run.status IN ('RUNNING', 'DONE')
              AND chunk.lease_until < now() - interval '10 minutes'""",
    ),
    Check(
        "A24",
        "No lease reaches further than two lease times (chunks)",
        """SELECT id FROM pipeline_chunk
            WHERE lease_until > clock_timestamp() + make_interval(secs => 2 * %(lease)s)""",
    ),
    Check(
        "A27",
        "Nobody suppressed before a run opened was given away in it (delivered leads)",
        """SELECT given.id FROM deliveries_deliveredlead given
             JOIN pipeline_run run ON run.id = given.run_id
             JOIN clients_suppression barred ON barred.key = given.key
              AND (barred.client_id IS NULL OR barred.client_id = given.client_id)
            WHERE given.status IN ('ALLOCATED', 'DELIVERED')
              AND (barred.created_at < run.created_at
                   OR barred.created_at < given.delivered_at)""",
    ),
    Check(
        "A28",
        "An erased lead holds nothing personal (leads)",
        """SELECT id FROM pipeline_lead
            WHERE status = 'ERASED'
              AND concat(email, first_name, last_name, full_name, linkedin_url, phone) <> ''""",
    ),
    Check(
        "A29",
        "A run under way has a fresh sign of life (runs)",
        """SELECT run.id FROM pipeline_run run
            WHERE run.status = 'RUNNING' AND run.created_at < now() - interval '3 minutes'
              AND NOT EXISTS (SELECT 1 FROM pipeline_heartbeat
                               WHERE (name = 'tick' OR name LIKE 'worker:%%')
                                 AND at > now() - interval '3 minutes')""",
    ),
)
STORED_FILES = Check("A16", "A stored file is byte for byte the one delivered (deliveries)", "")


def run(*, deep: bool = False) -> dict[str, Any]:
    """The object of `manage.py audit --json`; `deep` also reads every delivered file."""
    found = [_result(check, violations(check)) for check in CHECKS]
    if deep:
        found.append(_result(STORED_FILES, changed_files()))
    return {"ok": not any(one["violations"] for one in found), "checks": found}


def violations(check: Check) -> list[int]:
    """The ids that break one invariant, in order."""
    with connection.cursor() as cursor:
        cursor.execute(check.sql, {"stages": list(Stage), "lease": settings.LEASE_SECONDS})
        return sorted(row[0] for row in cursor.fetchall())


def changed_files() -> list[int]:
    """Deliveries whose stored bytes are gone or differ from size and SHA-256 of the row."""
    stored = Delivery.objects.exclude(storage_name="").order_by("pk")
    return [delivery.pk for delivery in stored.iterator() if not _is_unchanged(delivery)]


def _is_unchanged(delivery: Delivery) -> bool:
    try:
        with default_storage.open(delivery.storage_name) as content:
            found = hashlib.sha256()
            while block := content.read(1 << 20):
                found.update(block)
    except FileNotFoundError:
        return False
    size = default_storage.size(delivery.storage_name)
    return (size, found.hexdigest()) == (delivery.size, delivery.sha256)


def _result(check: Check, ids: list[int]) -> dict[str, Any]:
    return {
        "name": check.name,
        "title": check.title,
        "violations": len(ids),
        "ids": ids[:SHOWN_IDS],
    }

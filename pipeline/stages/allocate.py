"""Allocate: each READY lead goes to the client that tonight's promises name, or says why not.

In: READY leads and what each client is promised. Out: deliveries with their leads; whom nobody
may have since dedupe looked is SUPPRESSED, and who has become too old for every client EXPIRED.
A lead whose draft waits for a person is kept back, for the client that the draft is for.
Safe twice, and against any number of allocators at once: one transaction under an advisory lock
and the clients' row locks, which also finishes the chunk; the database's constraints are the
last word.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection, transaction

from clients.models import Client
from deliveries.models import Delivery
from pipeline import frozen, market, reviewing, suppressing
from pipeline.allocator import Allocation
from pipeline.chunks import Lease, Plan, Slice
from pipeline.copying import copy_numbers
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadStatus, Run

ADVISORY_LOCK = 7_201  # any number; it must differ from other advisory locks of this database


def plan(run: Run) -> Plan:
    if run.stage_runs.filter(stage="ALLOCATE").exists():
        return Plan(slices=[])
    return Plan(slices=[Slice()])


def work(chunk: Chunk, lease: Lease) -> None:
    run = chunk.stage_run.run
    with transaction.atomic():
        lease.hold()
        lock_clients()
        reviewing.settle(run)
        found = market.market(run.as_of)
        aside = {
            "suppressed_global": suppressing.set_aside(),
            "too_old": expire(found),
            "held_review": reviewing.hold(),
        }
        allocation = found.allocate()
        write(run, allocation)
        frozen.keep(run, found.clients, found.promises, allocation.per_client)
        lease.finish(
            count(allocation) + Counts(dropped={code: n for code, n in aside.items() if n})
        )


def lock_clients() -> None:
    """Nobody else may sell to a client until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
    list(Client.objects.select_for_update().order_by("pk").values_list("pk"))


def expire(found: market.Market) -> int:
    """READY leads that are too old for every client become EXPIRED; how many."""
    too_old = Lead.objects.ready().filter(created_at__lt=found.oldest)
    return too_old.update(status=LeadStatus.EXPIRED, reason="too_old")


def write(run: Run, allocation: Allocation) -> None:
    """Turn pairs into deliveries and their leads, and tell every other lead why not: set-wise."""
    _deliveries(run, allocation.per_client)
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        copy_numbers("placed (lead_id, client_id)", allocation.lead_id, allocation.client_id)
        copy_numbers("stays (lead_id, code)", allocation.left_id, allocation.code)
        cursor.execute(_TELL_THE_PLANNER)
        cursor.execute(_GIVE, {"run": run.pk, "as_of": run.as_of})
        cursor.execute(_TAKE)
        cursor.execute(_EXPLAIN, {"codes": list(allocation.codes)})


# One statement each for all leads. The temporary tables go with the transaction.
_TABLES = """
DROP TABLE IF EXISTS pg_temp.placed, pg_temp.stays;
CREATE TEMPORARY TABLE placed (lead_id bigint, client_id bigint) ON COMMIT DROP;
CREATE TEMPORARY TABLE stays (lead_id bigint, code int) ON COMMIT DROP
"""
# Of what came this moment PostgreSQL would guess: it read a thousand deliveries for each lead.
_TELL_THE_PLANNER = "ANALYZE placed, stays, deliveries_delivery"
# NEW leads are nobody's yet, so that ONLY the others are looked through. In the order of the leads,
# the indexes by lead grow at their end.
_GIVE = """
INSERT INTO deliveries_deliveredlead
       (delivery_id, run_id, client_id, lead_id, key, exclusive, allocated_at, status, reason)
SELECT delivery.id, %(run)s, placed.client_id, lead.id, lead.key, lead.max_clients = 1,
       %(as_of)s, 'ALLOCATED', ''
  FROM placed
  JOIN ONLY pipeline_lead lead ON lead.id = placed.lead_id
  JOIN deliveries_delivery delivery
    ON delivery.run_id = %(run)s AND delivery.client_id = placed.client_id
 ORDER BY lead.id, placed.client_id
"""
_TAKE = """
UPDATE ONLY pipeline_lead SET status = 'ALLOCATED', reason = ''
 WHERE id IN (SELECT lead_id FROM placed)
"""
_EXPLAIN = """
UPDATE ONLY pipeline_lead lead SET reason = (%(codes)s::text[])[stays.code + 1]
  FROM stays
 WHERE lead.id = stays.lead_id AND lead.reason <> (%(codes)s::text[])[stays.code + 1]
"""


def _deliveries(run: Run, sizes: Mapping[int, int]) -> None:
    Delivery.objects.bulk_create(
        Delivery(run=run, client_id=client_id, rows=rows)
        for client_id, rows in sorted(sizes.items())
    )


def count(allocation: Allocation) -> Counts:
    """In leads, as personalize counts them."""
    return Counts(kept=allocation.leads, dropped=allocation.reasons)

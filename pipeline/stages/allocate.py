"""Allocate: each READY lead goes to the client that tonight's promises name, or says why not.

In: READY leads and what each client is promised. Out: deliveries with their leads; leads that
have become too old for every client are EXPIRED. Safe twice,
and against any number of allocators at once: one transaction under an advisory lock and the
clients' row locks, which also finishes the chunk; the database's constraints are the last word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from django.db import connection, transaction

from clients.models import Client
from deliveries.models import DeliveredLead, Delivery
from deliveries.promises import promises_of
from pipeline import frozen, market
from pipeline.allocator import Allocation, per_client, place
from pipeline.chunks import Lease, Plan, Slice
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
        clients = _lock_clients()
        promises = promises_of(clients, run.as_of)
        ages = market.ages(clients, run.as_of)
        expired = expire(ages)
        seats = market.seats(clients, promises)
        allocation = place(market.offers(market.fields_asked(seats), ages), seats, market.drafted())
        write(run, allocation)
        frozen.keep(run, clients, promises, per_client(allocation.pairs))
        lease.finish(count(allocation) + Counts(dropped={"too_old": expired} if expired else {}))


def _lock_clients() -> list[Client]:
    """The active clients; nobody else may sell to them until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
    list(Client.objects.select_for_update().order_by("pk").values_list("pk"))
    return market.active_clients()


def expire(ages: market.Ages) -> int:
    """READY leads that are too old for every client become EXPIRED; how many."""
    too_old = Lead.objects.ready().filter(created_at__lt=ages.oldest_from)
    return too_old.update(status=LeadStatus.EXPIRED, reason="too_old")


def write(run: Run, allocation: Allocation) -> None:
    """Turn pairs into deliveries and their leads, and tell every other lead why not."""
    deliveries = _deliveries(run, per_client(allocation.pairs))
    leads = Lead.objects.in_bulk([lead_id for lead_id, _ in allocation.pairs])
    DeliveredLead.objects.bulk_create(
        (
            DeliveredLead(
                delivery=deliveries[client_id],
                run=run,
                client_id=client_id,
                lead_id=lead_id,
                key=leads[lead_id].match_key,
                exclusive=leads[lead_id].max_clients == 1,
                allocated_at=run.as_of,
            )
            for lead_id, client_id in allocation.pairs
        ),
        batch_size=5_000,
    )
    Lead.objects.filter(pk__in=leads).update(status=LeadStatus.ALLOCATED, reason="")
    _explain(allocation.leftover)


def _deliveries(run: Run, sizes: Mapping[int, int]) -> dict[int, Delivery]:
    made = Delivery.objects.bulk_create(
        Delivery(run=run, client_id=client_id, rows=rows)
        for client_id, rows in sorted(sizes.items())
    )
    return {delivery.client_id: delivery for delivery in made}


def _explain(leftover: Mapping[int, str]) -> None:
    by_code: dict[str, list[int]] = defaultdict(list)
    for lead_id, code in leftover.items():
        by_code[code].append(lead_id)
    for code, lead_ids in sorted(by_code.items()):
        Lead.objects.filter(pk__in=lead_ids).exclude(reason=code).update(reason=code)


def count(allocation: Allocation) -> Counts:
    """In leads, as personalize counts them."""
    return Counts(
        kept=len({lead_id for lead_id, _ in allocation.pairs}),
        dropped=Counter(allocation.leftover.values()),
    )

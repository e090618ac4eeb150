"""Allocate: each READY lead goes to the client that tonight's promises name, or says why not.

In: READY leads and what each client's caps leave. Out: deliveries with their leads. Safe twice,
and against any number of allocators at once: one transaction under an advisory lock and the
clients' row locks, which also finishes the chunk; the database's constraints are the last word.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from django.db import connection, transaction

from clients.models import Client
from deliveries import quotas
from deliveries.models import DeliveredLead, Delivery
from deliveries.quotas import Window
from pipeline import market
from pipeline.allocator import Allocation, Seat, per_client, place
from pipeline.chunks import Lease, Plan, Slice
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadStatus, Run, RunClient

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
        windows = quotas.windows_of(clients, run.as_of)
        seats = market.seats(clients, windows)
        allocation = place(market.offers(market.fields_asked(seats)), seats, market.drafted())
        write(run, allocation)
        _freeze(run, seats, windows, per_client(allocation.pairs))
        lease.finish(count(allocation))


def _lock_clients() -> list[Client]:
    """The active clients; nobody else may sell to them until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK])
    list(Client.objects.select_for_update().order_by("pk").values_list("pk"))
    return market.active_clients()


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


def _freeze(
    run: Run,
    seats: Sequence[Seat],
    windows: Mapping[int, list[Window]],
    placed: Mapping[int, int],
) -> None:
    """Keep what each client was promised at this moment: later changes do not rewrite it."""
    RunClient.objects.bulk_create(
        RunClient(
            run=run,
            client_id=seat.client_id,
            rules=[rule.as_json() for rule in seat.rules],
            windows=[window.as_json() for window in windows[seat.client_id]],
            left=seat.left,
            placed=placed.get(seat.client_id, 0),
        )
        for seat in seats
    )


def count(allocation: Allocation) -> Counts:
    """In leads, as personalize counts them."""
    return Counts(
        kept=len({lead_id for lead_id, _ in allocation.pairs}),
        dropped=Counter(allocation.leftover.values()),
    )

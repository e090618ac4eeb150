"""What the allocator is given, read from rows: the leads on offer and the seats that take them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from clients.models import Client, Suppression
from deliveries import quotas
from deliveries.models import DeliveredLead
from deliveries.quotas import Window
from pipeline.allocator import Offer, Seat
from pipeline.models import Draft, Lead, LeadStatus


def active_clients() -> list[Client]:
    """Clients that may be given leads, with plan and rules, in id order."""
    return list(
        Client.objects.active()
        .select_related("plan")
        .prefetch_related("target_rules")
        .order_by("pk")
    )


def seats(clients: Iterable[Client], windows: dict[int, list[Window]]) -> list[Seat]:
    """One seat per client, with what its caps leave."""
    return [_seat(client, windows[client.pk]) for client in clients]


def _seat(client: Client, windows: list[Window]) -> Seat:
    tightest = quotas.tightest(windows)
    filled = _measure(windows)
    return Seat(
        client_id=client.pk,
        priority=client.priority,
        left=quotas.least_left(windows),
        quota=filled.cap,
        already=filled.used,
        rules=client.rules(),
        exclusive_only=client.plan.exclusive_only,
        tightest=tightest.name if tightest else "total",
    )


def _measure(windows: list[Window]) -> Window:
    """The window by which a client is more or less filled than another: the month, where capped."""
    month = next(window for window in windows if window.name == "month")
    return month if month.cap is not None else quotas.tightest(windows) or month


def forecast_seats(as_of: dt.datetime) -> list[Seat]:
    clients = active_clients()
    return seats(clients, quotas.windows_of(clients, as_of))


def offers(fields: Iterable[str]) -> list[Offer]:
    """All READY leads, each with the values of the fields that any rule asks for."""
    ready = Lead.objects.ready()
    keys = ready.values("key")
    had = _clients_by_key(DeliveredLead.objects.filter(key__in=keys).values_list("key", "client"))
    barred = _clients_by_key(
        Suppression.objects.filter(key__in=keys, client__isnull=False).values_list("key", "client")
    )
    names = sorted(set(fields))
    return [
        Offer(
            lead_id=lead.pk,
            values={name: lead.value(name) for name in names},
            max_clients=lead.max_clients,
            taken_by=had.get(lead.key, frozenset()),
            suppressed_for=barred.get(lead.key, frozenset()),
        )
        for lead in ready.order_by("pk").iterator()
    ]


def drafted() -> set[tuple[int, int]]:
    """Pairs of READY lead and client for which words are written."""
    return set(
        Draft.objects.filter(lead__status=LeadStatus.READY).values_list("lead_id", "client_id")
    )


def _clients_by_key(rows: Iterable[tuple[UUID, int]]) -> dict[UUID | None, frozenset[int]]:
    found: dict[UUID | None, set[int]] = defaultdict(set)
    for key, client_id in rows:
        found[key].add(client_id)
    return {key: frozenset(ids) for key, ids in found.items()}


def fields_asked(seats: Iterable[Seat]) -> set[str]:
    return {rule.field for seat in seats for rule in seat.rules}

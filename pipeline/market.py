"""What the allocator is given, read from rows: the leads on offer and the seats that take them."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from django.conf import settings

from clients.models import Client, Suppression
from deliveries.models import DeliveredLead
from deliveries.promises import Promise
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


@dataclass(frozen=True, kw_only=True)
class Ages:
    """How old a lead may be for each client, as of one moment (spec A8)."""

    as_of: dt.datetime
    days: Mapping[int, int]

    @property
    def oldest_from(self) -> dt.datetime:
        """No client takes a lead that came in before this."""
        most = max(self.days.values(), default=settings.MAX_LEAD_AGE_DAYS)
        return self.as_of - dt.timedelta(days=most)

    def too_old_for(self, created_at: dt.datetime) -> frozenset[int]:
        """The clients for which a lead that came in then is too old."""
        return self._strict[bisect_left(self._limits, self.as_of - created_at)]

    @cached_property
    def _limits(self) -> list[dt.timedelta]:
        return [dt.timedelta(days=days) for days in sorted(set(self.days.values()))]

    @cached_property
    def _strict(self) -> list[frozenset[int]]:
        """Beside the n-th limit: the clients whose own limit is a lower one."""
        return [
            frozenset(each for each, days in self.days.items() if dt.timedelta(days=days) < limit)
            for limit in [*self._limits, dt.timedelta.max]
        ]


def ages(clients: Iterable[Client], as_of: dt.datetime) -> Ages:
    return Ages(as_of=as_of, days={client.pk: lead_age(client) for client in clients})


def lead_age(client: Client) -> int:
    """How old a lead may be for this client, in days."""
    return client.max_lead_age_days or settings.MAX_LEAD_AGE_DAYS


def seats(clients: Iterable[Client], promises: Mapping[int, Promise]) -> list[Seat]:
    """One seat per client, with what it is promised; a closed one has nothing left, and why."""
    return [_seat(client, promises[client.pk]) for client in clients]


def _seat(client: Client, promise: Promise) -> Seat:
    return Seat(
        client_id=client.pk,
        priority=client.priority,
        left=promise.left,
        quota=promise.quota,
        already=promise.already,
        weight=client.weight if promise.quota is None else None,
        max_per_domain=client.domain_limit,
        rules=client.rules(),
        exclusive_only=client.plan.exclusive_only,
        tightest=promise.tightest or "total",
        full=promise.full,
    )


def offers(fields: Iterable[str], ages: Ages) -> list[Offer]:
    """All READY leads that some client takes by their age, with the fields that rules ask for."""
    ready = Lead.objects.ready().filter(created_at__gte=ages.oldest_from)
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
            too_old_for=ages.too_old_for(lead.created_at),
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

"""What each client was promised in a run, kept as it stood: later changes do not rewrite it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import Count

from clients.models import Client
from deliveries.promises import Promise
from pipeline.market import lead_age
from pipeline.models import ForecastPair, Run, RunClient


def keep(
    run: Run, clients: Iterable[Client], promises: Mapping[int, Promise], placed: Mapping[int, int]
) -> None:
    """One RunClient per client, in the allocating transaction."""
    forecast = dict(
        ForecastPair.objects.filter(run=run, is_reserve=False)
        .order_by()
        .values_list("client")
        .annotate(pairs=Count("pk"))
    )
    RunClient.objects.bulk_create(
        run_client(
            run,
            client,
            promises[client.pk],
            forecast=forecast.get(client.pk, 0),
            placed=placed.get(client.pk, 0),
        )
        for client in clients
    )


def run_client(
    run: Run, client: Client, promise: Promise, *, forecast: int, placed: int
) -> RunClient:
    """The row, unsaved. What an unlimited client did not get is no shortfall."""
    shortfall = 0 if promise.left is None else max(promise.left - placed, 0)
    return RunClient(
        run=run,
        client=client,
        rules=[rule.as_json() for rule in client.rules()],
        windows=[window.as_json() for window in promise.windows],
        terms=terms(client, promise),
        left=promise.left,
        closed=promise.closed,
        forecast=forecast,
        placed=placed,
        shortfall=shortfall,
        reason=why_no_more(promise, shortfall=shortfall),
    )


def why_no_more(promise: Promise, *, shortfall: int) -> str:
    """The code of why the client got no further lead.

    A lead that is left over fits nobody who has room, but for companies of which it has enough:
    whoever lacks leads has had all that it may have.
    """
    if shortfall or promise.left is None:
        return "no_stock"
    return promise.full


def terms(client: Client, promise: Promise) -> dict[str, Any]:
    """What else decided, so that a run can be explained when the client's row has changed."""
    return {
        "priority": client.priority,
        "weight": client.weight,
        "exclusive_only": client.plan.exclusive_only,
        "max_per_domain": client.domain_limit,
        "time_zone": client.time_zone,
        "delivery_days": client.delivery_days,
        "pacing": client.pacing,
        "carry_over": client.carry_over,
        "money_limit_cents": client.money_limit_cents,
        "price_cents": client.plan.price_cents,
        "max_lead_age_days": lead_age(client),
        "starts_on": client.starts_on and client.starts_on.isoformat(),
        "ends_on": client.ends_on and client.ends_on.isoformat(),
        "paused_until": client.paused_until and client.paused_until.isoformat(),
        **promise.as_json(),
    }

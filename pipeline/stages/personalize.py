"""Personalize: a draft for each lead and client that tonight's forecast brings together.

In: READY leads. Out: drafts for the pairs that the allocator expects; the other leads wait, at
no cost (spec P3, design 5). Safe twice: a repeat asks only for pairs without a current draft.
Without an AI account every draft is the template's, labelled so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from django.db import transaction

from deliveries.promises import promises_of
from pipeline import drafting, drafts, market
from pipeline.allocator import place
from pipeline.chunks import Lease, Plan, Slice
from pipeline.counts import Counts
from pipeline.drafts import Request, Words
from pipeline.models import Chunk, ForecastPair, Lead, Run

T = TypeVar("T")

LEADS_PER_CHUNK = 1_000
SAVED_AT_ONCE = 200


class Writer(Protocol):
    """Whoever puts drafts into words."""

    def write(self, requests: Sequence[Request]) -> list[Words]:
        """One draft per request, in order. Never raises for a single request: a template stands in."""


class TemplateWriter:
    """The writer that needs no account."""

    def write(self, requests: Sequence[Request]) -> list[Words]:
        return [drafts.from_template(request, reason=drafts.NO_ACCOUNT) for request in requests]


def plan(run: Run) -> Plan:
    """Forecast who gets what, and cut the expected leads into chunks of LEADS_PER_CHUNK."""
    if run.stage_runs.filter(stage="PERSONALIZE").exists():
        return Plan(slices=[])
    clients = market.active_clients()
    seats = market.seats(clients, promises_of(clients, run.as_of))
    ages = market.ages(clients, run.as_of)
    pairs = place(market.offers(market.fields_asked(seats), ages), seats, market.drafted()).pairs
    ForecastPair.objects.bulk_create(
        (ForecastPair(run=run, lead_id=lead, client_id=client) for lead, client in pairs),
        batch_size=5_000,
    )
    expected = sorted({lead for lead, _ in pairs})
    too_old = Lead.objects.ready().filter(created_at__lt=ages.oldest_from).count()
    waiting = Lead.objects.ready().count() - len(expected) - too_old
    dropped = {"too_old": too_old, "waiting_capacity": waiting}
    return Plan(
        slices=[Slice(low=part[0], high=part[-1]) for part in _cut(expected, LEADS_PER_CHUNK)],
        counts=Counts(dropped={code: n for code, n in dropped.items() if n}),
    )


def work(chunk: Chunk, lease: Lease) -> None:
    run = chunk.stage_run.run
    pairs = ForecastPair.objects.filter(run=run, lead__pk__range=(chunk.low, chunk.high))
    wanted = [
        drafting.request_for(pair.lead, pair.client)
        for pair in pairs.select_related("lead", "client").order_by("lead", "client")
    ]
    _write(run, wanted, TemplateWriter(), lease)
    lease.finish(Counts(kept=len({request.lead_id for request in wanted})))


def _write(run: Run, wanted: Sequence[Request], writer: Writer, lease: Lease) -> None:
    for part in _cut(drafting.unwritten(wanted), SAVED_AT_ONCE):
        words = writer.write(part)
        with transaction.atomic():
            lease.hold()
            drafting.store(run, zip(part, words, strict=True))


def _cut(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]

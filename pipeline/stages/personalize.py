"""Personalize: a draft for each lead and client that tonight's forecast brings together.

In: READY leads. Out: drafts for the pairs that the allocator expects; the other leads wait, at
no cost (spec P3, design 5). Safe twice: a repeat asks only for pairs without a current draft.
Without an AI account every draft is the template's, labelled so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from django.db import transaction

from pipeline import drafting, drafts, market, reviewing
from pipeline.chunks import Lease, Plan, Slice
from pipeline.copying import copy_numbers
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
    found = market.market(run.as_of)
    allocation = found.allocate()
    copy_numbers(
        "pipeline_forecastpair (run_id, lead_id, client_id)",
        np.full_like(allocation.lead_id, run.pk),
        allocation.lead_id,
        allocation.client_id,
    )
    expected = np.unique(allocation.lead_id).tolist()
    too_old = Lead.objects.ready().filter(created_at__lt=found.oldest).count()
    held = reviewing.held(since=found.oldest)
    waiting = Lead.objects.ready().count() - len(expected) - too_old - held
    dropped = {"too_old": too_old, "waiting_capacity": waiting, "held_review": held}
    return Plan(
        slices=[Slice(low=part[0], high=part[-1]) for part in _cut(expected, LEADS_PER_CHUNK)],
        counts=Counts(dropped={code: n for code, n in dropped.items() if n}),
    )


def work(chunk: Chunk, lease: Lease) -> None:
    run = chunk.stage_run.run
    pairs = ForecastPair.objects.filter(run=run, lead__pk__range=(chunk.low, chunk.high))
    in_use = drafting.prompts_in_use()
    wanted = [
        drafting.request_for(pair.lead, pair.client, prompt=in_use.of(pair.lead))
        for pair in pairs.select_related("lead", "client").order_by("lead", "client")
    ]
    _write(run, wanted, TemplateWriter(), lease)
    lease.finish(Counts(kept=len({request.lead_id for request in wanted})))


def _write(run: Run, wanted: Sequence[Request], writer: Writer, lease: Lease) -> None:
    ready = drafting.set_aside(run, drafting.unwritten(wanted))
    for part in _cut(ready, SAVED_AT_ONCE):
        words = writer.write(part)
        with transaction.atomic():
            lease.hold()
            drafting.store(run, zip(part, words, strict=True))


def _cut(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]

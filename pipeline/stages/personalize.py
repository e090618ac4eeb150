"""Personalize: a draft for each lead and client that tonight's forecast brings together.

In: READY leads. Out: drafts for the pairs that the allocator expects, and for a few more per
client should some fall out; the other leads wait, at no cost (spec P3, design 5). Safe twice: a
repeat asks only for pairs without a current draft. Without an AI account, without money or with
the AI down for long, the template writes, labelled so; what a shorter outage or the time limit
left unwritten is given back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

import numpy as np
from django.db import transaction

from leadgen.integrations import gemini
from pipeline import asking, budget, drafting, drafts, outages, prompts, reviewing, services, trying
from pipeline.allocator import Allocation
from pipeline.chunks import Lease, Plan, Slice
from pipeline.copying import copy_numbers
from pipeline.counts import Counts
from pipeline.drafts import Request
from pipeline.models import Chunk, Lead, Run
from pipeline.states import LostRace
from pipeline.writing import AiWriter, Part

T = TypeVar("T")

LEADS_PER_CHUNK = 1_000
SAVED_AT_ONCE = 200
WAITS = dt.timedelta(seconds=5)


class Writer(Protocol):
    """Whoever puts drafts into words. `left`: requests that it could not write now."""

    left: int

    def write(self, requests: Sequence[Request]) -> Iterator[Part]:
        """Drafts as they come. Never raises for a single request: a template stands in."""


class TemplateWriter:
    """The writer that needs no account; `reason` says why it is asked."""

    left = 0

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def write(self, requests: Sequence[Request]) -> Iterator[Part]:
        for part in _cut(requests, SAVED_AT_ONCE):
            words = [drafts.from_template(request, reason=self._reason) for request in part]
            yield Part(written=list(zip(part, words, strict=True)), settled=[])


def plan(run: Run) -> Plan:
    """Forecast who gets what, and cut the expected leads into chunks of LEADS_PER_CHUNK."""
    if run.stage_runs.filter(stage="PERSONALIZE").exists():
        return Plan(slices=[])
    from pipeline import market  # noqa: PLC0415  (pandas: 70 MB that only the forecast needs)

    found = market.market(run.as_of)
    expected, reserve = found.forecast()
    _note(run, expected, is_reserve=False)
    _note(run, reserve, is_reserve=True)
    leads = np.unique(np.concatenate([expected.lead_id, reserve.lead_id])).tolist()
    too_old = Lead.objects.ready().filter(created_at__lt=found.oldest).count()
    held = reviewing.held(since=found.oldest)
    waiting = Lead.objects.ready().count() - len(leads) - too_old - held
    dropped = {"too_old": too_old, "waiting_capacity": waiting, "held_review": held}
    return Plan(
        slices=[Slice(low=part[0], high=part[-1]) for part in _cut(leads, LEADS_PER_CHUNK)],
        counts=Counts(dropped={code: n for code, n in dropped.items() if n}),
    )


def _note(run: Run, allocation: Allocation, *, is_reserve: bool) -> None:
    copy_numbers(
        "pipeline_forecastpair (run_id, lead_id, client_id, is_reserve)",
        np.full_like(allocation.lead_id, run.pk),
        allocation.lead_id,
        allocation.client_id,
        np.full_like(allocation.lead_id, is_reserve),
    )


def work(chunk: Chunk, lease: Lease) -> None:
    budget.lose_of(chunk)
    wanted = drafting.expected(chunk)
    writer = writer_for(chunk)
    if writer is None:
        return _give_back(lease, outages.opens_in())
    _write(chunk.stage_run.run, wanted, writer, lease)
    if writer.left:
        return _give_back(lease, min(max(outages.opens_in(), WAITS), services.PROBE_EVERY))
    return lease.finish(Counts(kept=len({request.lead_id for request in wanted})))


def writer_for(chunk: Chunk) -> Writer | None:
    """Who writes now; None: nobody, for the AI is down and may be back soon."""
    if not gemini.is_set_up():
        return TemplateWriter(drafts.NO_ACCOUNT)
    reason, waits = outages.reason_to_stop()
    if waits:
        return None
    if reason:
        return TemplateWriter(reason)
    drafts.get_ready()  # it takes much memory for a moment: before there is a client, and calls
    return AiWriter(
        asking.asking(),
        lambda request, violations: prompts.instruction(
            request.prompt, request, violations=violations
        ),
        chunk=chunk,
    )


def _write(run: Run, wanted: Sequence[Request], writer: Writer, lease: Lease) -> None:
    ready = trying.reuse(run, drafting.set_aside(run, drafting.unwritten(wanted)))
    for part in writer.write(ready):
        try:
            with transaction.atomic():
                lease.hold()
                drafting.store(run, part.written)
                budget.settle(part.settled)
        except LostRace:
            budget.settle(part.settled)  # the drafts are another's now; the money is spent
            raise


def _give_back(lease: Lease, pause: dt.timedelta) -> None:
    """An outage is nobody's fault, and so is the time limit: no attempt is charged."""
    lease.give_back(
        "The AI has not written all drafts yet; trying again soon.", retry_in=pause, charged=False
    )


def _cut(items: Sequence[T], size: int) -> list[Sequence[T]]:
    return [items[start : start + size] for start in range(0, len(items), size)]

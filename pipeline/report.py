"""A run as the object that `run_pipeline --json` prints (contract.md)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, QuerySet

from deliveries.models import ACTIVE, Delivery
from pipeline import budget, prices
from pipeline.models import Chunk, Draft, Run, StageRun
from pipeline.models.drafts import DraftSource
from pipeline.reasons import in_words
from pipeline.states import Stage, StageStatus


def run_object(run: Run) -> dict[str, Any]:
    """All that an outside script may want to know of a run; sums are counted from rows."""
    stage_runs = {stage_run.stage: stage_run for stage_run in run.stage_runs.all()}
    deliveries = list(run.deliveries.select_related("client").order_by("client__name"))
    split = split_of(deliveries)
    return {
        "run": run.pk,
        "status": run.status,
        "error": run.error,
        "local_date": run.local_date.isoformat(),
        "stages": [_stage(stage, stage_runs.get(stage), run) for stage in Stage],
        "deliveries": [_delivery(delivery) for delivery in deliveries],
        "open_deliveries": run.deliveries.open().count(),
        "drafts": by_source(split),
        "template_reasons": {
            one.reason: one.count for one in split if one.source == DraftSource.TEMPLATE
        },
        "cost_cents": prices.in_cents(budget.spent_micros(run)),
    }


def _stage(stage: Stage, stage_run: StageRun | None, run: Run) -> dict[str, Any]:
    if stage_run is None:
        return {
            "stage": stage.lower(),
            "status": StageStatus.WAITING,
            "seen": 0,
            "kept": 0,
            "dropped": {},
            "seconds": 0.0,
            "workers": [],
        }
    return {
        "stage": stage.lower(),
        "status": stage_run.status,
        "seen": stage_run.seen,
        "kept": stage_run.kept,
        "dropped": stage_run.reasons,
        "seconds": seconds_of(stage_run, run),
        "workers": sorted(
            set(stage_run.chunks.exclude(worker="").values_list("worker", flat=True))
        ),
    }


def seconds_of(stage_run: StageRun, run: Run) -> float:
    """How long the stage took, rounded to hundredths; 0 while it is running."""
    ended_at: dt.datetime | None = stage_run.ended_at or run.ended_at
    if ended_at is None:
        return 0.0
    return round((ended_at - stage_run.started_at).total_seconds(), 2)


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "client": delivery.client.name,
        "leads": delivery.rows,
        "file": delivery.storage_name or None,
        "link": delivery.link or None,
        "status": delivery.status,
        "error": delivery.error,
    }


@dataclass(frozen=True, kw_only=True)
class Split:
    """How many drafts one source wrote, and for a template: why."""

    source: str
    reason: str
    count: int

    @property
    def words(self) -> str:
        return in_words(self.reason)


def split_of(deliveries: Iterable[Delivery]) -> list[Split]:
    """Who wrote what went out, and why no AI did, the most first (spec P7)."""
    return split_in(
        Draft.objects.filter(
            lead__delivered_leads__delivery__in=deliveries,
            lead__delivered_leads__client=F("client"),
            lead__delivered_leads__status__in=ACTIVE,
        )
    )


def split_in(rows: QuerySet[Draft]) -> list[Split]:
    """The same of any drafts."""
    found = rows.order_by().values_list("source", "reason").annotate(n=Count("pk"))
    split = [Split(source=source, reason=reason, count=n) for source, reason, n in found]
    return sorted(split, key=lambda one: (-one.count, one.source, one.reason))


def by_source(split: Iterable[Split]) -> dict[str, int]:
    """The sums: AI, template and human."""
    counts = dict.fromkeys(("ai", "template", "human"), 0)
    for one in split:
        counts[one.source.lower()] += one.count
    return counts


def progress(run: Run) -> dict[str, tuple[int, int]]:
    """Stage → (chunks done, chunks planned), for progress bars."""
    rows = (
        Chunk.objects.filter(stage_run__run=run)
        .values_list("stage_run__stage", "status")
        .annotate(n=Count("pk"))
    )
    found = {stage.value: (0, 0) for stage in Stage}
    for stage, status, n in rows:
        done, planned = found[stage]
        found[stage] = (done + (n if status in {"DONE", "FAILED"} else 0), planned + n)
    return found

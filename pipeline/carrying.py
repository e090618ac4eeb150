"""Deliveries on their way through the stages: what each met, and where it goes next.

Also after their run: one that waited for a service is carried through its remaining stages once
the run is DONE (design, 7).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from deliveries.models import Delivery, DeliveryStatus
from pipeline import chunks
from pipeline.models import Chunk, Run, StageRun
from pipeline.states import ChunkStatus, Stage, StageStatus

# What a delivery is once it has come through the stage.
_PAST = {
    Stage.UPLOAD: (DeliveryStatus.UPLOADED, DeliveryStatus.NOTIFIED, DeliveryStatus.LOGGED),
    Stage.NOTIFY: (DeliveryStatus.NOTIFIED, DeliveryStatus.LOGGED),
    Stage.LOG: (DeliveryStatus.LOGGED,),
}

_ENDED = (DeliveryStatus.FAILED, DeliveryStatus.WITHDRAWN)  # where no stage takes it on

# What a delivery is, and the stage that takes it on from there.
_TAKEN_ON = ((DeliveryStatus.UPLOADED, Stage.NOTIFY), (DeliveryStatus.NOTIFIED, Stage.LOG))

Planner = Callable[[Run, Stage], chunks.Plan]


def left_lying() -> QuerySet[Delivery, Any]:
    """The runs of deliveries that came through a stage while the next has no chunk for them, or that
    failed in one and do not say so: who did the work died before it could `follow`.

    Each by a statement of its own: behind an OR, all chunks there ever were would be read each time.
    """
    through = [
        Delivery.objects.filter(~_has_chunk(stage), status=status) for status, stage in _TAKEN_ON
    ]
    failed = [
        Delivery.objects.filter(_has_chunk(stage, status=ChunkStatus.FAILED)).exclude(
            status__in=[*_ENDED, *past]
        )
        for stage, past in _PAST.items()
    ]
    first, *others = [found.order_by().values("run") for found in (*through, *failed)]
    return first.union(*others)


def _has_chunk(stage: Stage, **columns: str) -> Exists:
    return Exists(Chunk.objects.filter(stage_run__stage=stage, ref_id=OuterRef("pk"), **columns))


def follow(run: Run, plan: Planner) -> None:
    """Say on each delivery what its chunk met, and carry late ones to their next stage."""
    for stage_run in run.stage_runs.order_by("pk"):
        stage = Stage(stage_run.stage)
        if not stage.reaches_outside:
            continue
        chunks.add(stage_run, plan(run, stage).slices)
        _mark(stage_run, ChunkStatus.FAILED, DeliveryStatus.FAILED)
        if stage_run.status == StageStatus.DONE:
            _mark(stage_run, ChunkStatus.PENDING, DeliveryStatus.WAITING)


def _mark(stage_run: StageRun, found: ChunkStatus, status: DeliveryStatus) -> None:
    """A delivery that is past the stage, and was only asked for again, keeps its status."""
    past = _PAST[Stage(stage_run.stage)]
    told = stage_run.chunks.filter(status=found).exclude(error="")
    error = Subquery(told.filter(ref_id=OuterRef("pk")).values("error")[:1])
    theirs = Delivery.objects.filter(pk__in=told.values("ref_id"))
    theirs.filter(status__in=past).exclude(error=error).update(error=error)
    theirs.exclude(status__in=[status, *past]).update(status=status, error=error)

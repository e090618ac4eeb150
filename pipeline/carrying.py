"""Deliveries on their way through the stages: what each met, and where it goes next.

Also after their run: one that waited for a service is carried through its remaining stages once
the run is DONE (design, 7).
"""

from __future__ import annotations

from collections.abc import Callable

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

# What a delivery is, and the stage that takes it on from there.
_TAKEN_ON = ((DeliveryStatus.UPLOADED, Stage.NOTIFY), (DeliveryStatus.NOTIFIED, Stage.LOG))

Planner = Callable[[Run, Stage], chunks.Plan]


def left_lying() -> QuerySet[Delivery]:
    """Deliveries that came through a stage while the next has no chunk for them, or that failed in
    one and do not say so: who did the work died before it could `follow`.
    """
    lying = Delivery.objects.none()
    for status, stage in _TAKEN_ON:
        taken = Chunk.objects.filter(stage_run__stage=stage, ref_id=OuterRef("pk"))
        lying |= Delivery.objects.filter(~Exists(taken), status=status)
    for stage, past in _PAST.items():
        failed = Chunk.objects.filter(stage_run__stage=stage, status=ChunkStatus.FAILED)
        silent = Delivery.objects.exclude(status__in=[DeliveryStatus.FAILED, *past])
        lying |= silent.filter(pk__in=failed.values("ref_id"))
    return lying


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

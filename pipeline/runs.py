"""Opening, advancing, failing and resuming runs: the only writer of Run and StageRun.

`advance` is the chain. It is called after each chunk and at each tick, by whoever comes; it
may run twice or late, never be lost. Where no chunk of the stage is open it closes the stage
and makes the next one with its chunks in the same transaction.
"""

from __future__ import annotations

import datetime as dt
import logging
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from psycopg.errors import LockNotAvailable

from pipeline import carrying, chunks, importing
from pipeline.carrying import Planner
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadFile, LeadStatus, Run, StageRun
from pipeline.models.lead_files import LeadFileStatus
from pipeline.models.runs import RunKind
from pipeline.states import (
    RUN_TRANSITIONS,
    STAGE_TRANSITIONS,
    ChunkStatus,
    LostRace,
    RunStatus,
    Stage,
    StageStatus,
    check_transition,
)

logger = logging.getLogger(__name__)

PUT_OFF = dt.timedelta(minutes=10)  # what is tried again no sooner holds up no other's mail


class RunIsActive(Exception):
    """Another run is under way; `run` is that one."""

    def __init__(self, run: Run) -> None:
        super().__init__(f"Run {run.pk} is in progress.")
        self.run = run


class NotPossible(Exception):
    """The run is not in a state for that; the message says why, in one sentence."""


def open_run(
    *,
    kind: RunKind,
    local_date: dt.date,
    as_of: dt.datetime,
    request_key: str,
    started_by: str,
    plan: Planner,
) -> Run:
    """Start a run, or return the one that this request has started already.

    Raises RunIsActive where another one is under way. The database decides who is first.
    """
    try:
        with transaction.atomic():
            run = Run.objects.create(
                kind=kind,
                local_date=local_date,
                as_of=as_of,
                request_key=request_key,
                started_by=started_by,
            )
            _take_up(run)
            _start_stage(run, Stage.VALIDATE, plan)
    except IntegrityError:
        return _winner(kind, local_date, request_key)
    logger.info("run opened", extra={"run": run.pk, "kind": kind})
    return run


def _winner(kind: RunKind, local_date: dt.date, request_key: str) -> Run:
    same = Run.objects.filter(request_key=request_key)
    if kind == RunKind.NIGHTLY:
        same |= Run.objects.filter(kind=kind, local_date=local_date)
    run = same.order_by("pk").first()
    if run is not None:
        return run
    raise _busy()


def _busy() -> RunIsActive:
    """Of the run that is under way, or of the one that was a moment ago."""
    return RunIsActive(Run.objects.running().first() or Run.objects.latest("ended_at"))


def _take_up(run: Run) -> None:
    """Freeze to the run what waits: queued files, and what ended runs left undone."""
    left_behind = [RunStatus.FAILED, RunStatus.CANCELLED]
    LeadFile.objects.filter(status=LeadFileStatus.QUEUED, undo_by="").update(run=run)
    LeadFile.objects.filter(status=LeadFileStatus.IMPORTING, run__status__in=left_behind).update(
        run=run
    )
    Lead.objects.filter(status=LeadStatus.NEW, run__status__in=left_behind).update(run=run)


def _start_stage(run: Run, stage: Stage, plan: Planner) -> StageRun:
    made = plan(run, stage)
    stage_run = StageRun.objects.create(
        run=run, stage=stage, kept=made.counts.kept, reasons=dict(made.counts.dropped)
    )
    chunks.add(stage_run, made.slices)
    return stage_run


def advance(run_id: int, plan: Planner, *, upto: Stage = Stage.LOG) -> None:
    """Close what is finished and start what follows, as far as it goes now.

    Nothing is started behind `upto`, which a simulation stops at.
    """
    with transaction.atomic():
        # Blocking, not skip_locked: of two chunks that finish at once the later must see both.
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.status == RunStatus.RUNNING:
            _go_on(run, plan, upto)
        if run.status in {RunStatus.RUNNING, RunStatus.DONE}:
            carrying.follow(run, plan)


def _go_on(run: Run, plan: Planner, upto: Stage) -> None:
    stage_run = run.stage_runs.order_by("-pk").first()
    while stage_run is not None and _may_close(stage_run):
        stage = Stage(stage_run.stage)
        if stage is Stage.VALIDATE:
            _leave_out(stage_run)
        broken = stage_run.chunks.filter(status=ChunkStatus.FAILED).order_by("seq").first()
        if broken is not None and not stage.reaches_outside:
            return _fail(run, stage_run, broken.error)
        _close(stage_run)
        if stage.following is None:
            return _move(run, RunStatus.DONE)
        if stage is upto:
            return None
        stage_run = _start_stage(run, stage.following, plan)
    return None


def _leave_out(stage_run: StageRun) -> None:
    """A file that could not be imported stops nobody's night: it is refused, and says why."""
    for chunk in stage_run.chunks.filter(status=ChunkStatus.FAILED).order_by("seq"):
        brought = importing.close(chunk.ref, run_id=stage_run.run_id, refusal=chunk.error)
        chunks.leave_out(chunk, brought)


def _may_close(stage_run: StageRun) -> bool:
    if not stage_run.chunks.open().exists():
        return True
    if not Stage(stage_run.stage).reaches_outside:
        return False
    put_off = stage_run.chunks.filter(status=ChunkStatus.PENDING, next_try_at__gt=Now() + PUT_OFF)
    if put_off.count() == stage_run.chunks.open().count():
        return True
    return not has_patience(stage_run)


def has_patience(stage_run: StageRun) -> bool:
    """Whether the stage may wait for an outside service any longer (design, 7)."""
    begun = StageRun.objects.filter(pk=stage_run.pk, started_at__lt=Now() - patience())
    return not begun.exists()


def patience() -> dt.timedelta:
    return dt.timedelta(minutes=settings.STAGE_PATIENCE_MINUTES)


def _close(stage_run: StageRun) -> None:
    """seen, kept and dropped: what was planned, what the chunks counted, what stays behind."""
    failed = stage_run.chunks.filter(status=ChunkStatus.FAILED).count()
    waiting = stage_run.chunks.exclude(status__in=[ChunkStatus.DONE, ChunkStatus.FAILED]).count()
    behind = {code: n for code, n in (("failed", failed), ("waiting", waiting)) if n}
    counts = stage_run.counts + stage_run.chunks.counted() + Counts(dropped=behind)
    _move_stage(
        stage_run,
        StageStatus.DONE,
        seen=counts.seen,
        kept=counts.kept,
        dropped=counts.dropped_total,
        reasons=dict(counts.dropped),
    )


def _fail(run: Run, stage_run: StageRun, error: str) -> None:
    _move_stage(stage_run, StageStatus.FAILED)
    _move(run, RunStatus.FAILED, error=error)


def _move_stage(stage_run: StageRun, new: StageStatus, **counted: Any) -> None:
    """Only under the run's lock, so that nobody else moves it meanwhile."""
    check_transition(STAGE_TRANSITIONS, stage_run.status, new)
    ended_at = None if new == StageStatus.RUNNING else Now()
    StageRun.objects.filter(pk=stage_run.pk).update(status=new, ended_at=ended_at, **counted)
    stage_run.status = new


def _move(run: Run, new: RunStatus, *, error: str = "") -> None:
    check_transition(RUN_TRANSITIONS, run.status, new)
    ended_at = None if new == RunStatus.RUNNING else Now()
    moved = Run.objects.filter(pk=run.pk, status=run.status).update(
        status=new, error=error, ended_at=ended_at
    )
    if moved != 1:
        raise LostRace(f"run {run.pk} is no longer {run.status}")
    run.status = new
    logger.info("run moved", extra={"run": run.pk, "status": new})


def fail(run_id: int, error: str) -> None:
    """End the run where it stands; what is committed stays, the next run takes up the rest."""
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=run_id)
        if run.status == RunStatus.RUNNING:
            _fail(run, run.stage_runs.order_by("-pk")[0], error)


def cancel(run_id: int) -> None:
    """Stop a run for good. Raises NotPossible once it has ended or allocated leads.

    What a worker is committing is waited for, and counts; what it does besides, it may not write.
    """
    try:
        with transaction.atomic():
            _cancel(run_id)
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise NotPossible(
            f"Run {run_id} is writing down what it did; cancel it in a minute."
        ) from None


def _cancel(run_id: int) -> None:
    # no_key: a worker that is let finish may write rows that refer to the run.
    run = Run.objects.select_for_update(no_key=True).get(pk=run_id)
    if run.status != RunStatus.RUNNING:
        raise NotPossible(f"Run {run.pk} has ended already.")
    chunks.take_away(run.pk)
    if run.deliveries.exists():
        raise NotPossible(f"Run {run.pk} has promised leads to clients; let it deliver them.")
    for stage_run in run.stage_runs.filter(status=StageStatus.RUNNING):
        _move_stage(stage_run, StageStatus.FAILED)
    _move(run, RunStatus.CANCELLED)


def resume(run_id: int) -> Run:
    """Go on with a failed run at the stage that failed. Raises NotPossible or RunIsActive."""
    try:
        with transaction.atomic():
            run = Run.objects.select_for_update().get(pk=run_id)
            stage_run = _resumable(run)
            chunks.revive(stage_run)
            _move_stage(stage_run, StageStatus.RUNNING)
            _move(run, RunStatus.RUNNING)
    except IntegrityError:
        raise _busy() from None
    return run


def _resumable(run: Run) -> StageRun:
    if run.status != RunStatus.FAILED:
        raise NotPossible(f"Run {run.pk} has not failed.")
    if Run.objects.filter(pk__gt=run.pk).exists() and not run.deliveries.exists():
        raise NotPossible(f"A later run has taken up what run {run.pk} left.")
    return run.stage_runs.order_by("-pk")[0]


def unfinished() -> QuerySet[Run]:
    """Runs that `advance` may still move: the active one, and those whose deliveries wait."""
    waits = Q(pk__in=Chunk.objects.open().values("stage_run__run"))
    lies = Q(pk__in=carrying.left_lying())
    return Run.objects.filter(
        Q(status=RunStatus.RUNNING)
        | Q(waits, status=RunStatus.DONE)
        | Q(lies, status=RunStatus.DONE)
    )

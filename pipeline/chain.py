"""What drives the chain: doing one chunk, and looking after everything at each tick.

Knows the stages, not Celery: `pipeline.tasks` wakes it, and sends the next hints.
"""

from __future__ import annotations

import datetime as dt
import importlib
import logging
import random
from collections.abc import Callable
from typing import Protocol, cast

from django.db import InterfaceError, OperationalError

from deliveries import outbox
from leadgen.integrations.errors import PermanentError, TransientError
from pipeline import budget, chunks, clock, digest, runs, schedule, services
from pipeline.models import Chunk, Run, TriedDraft
from pipeline.models.runs import RunKind
from pipeline.states import LostRace, Stage

logger = logging.getLogger(__name__)


class StageModule(Protocol):
    """What each file under `pipeline/stages` offers."""

    def plan(self, run: Run) -> chunks.Plan:
        """Cut the stage's work into chunks; for a stage that is running: what came in addition."""

    def work(self, chunk: Chunk, lease: chunks.Lease) -> None:
        """Do one chunk and finish its lease. Safe to run twice, at any point of the first time."""


def stage_module(stage: Stage) -> StageModule:
    """Imported when needed: pandas is paid for by the process that validates, not by all."""
    return cast("StageModule", importlib.import_module(f"pipeline.stages.{stage.lower()}"))


def plan(run: Run, stage: Stage) -> chunks.Plan:
    return stage_module(stage).plan(run)


def start(
    *, kind: RunKind, local_date: dt.date, as_of: dt.datetime, request_key: str, started_by: str
) -> Run:
    """Open a run with its first chunks. Raises runs.RunIsActive."""
    services.check_suppression_key()
    return runs.open_run(
        kind=kind,
        local_date=local_date,
        as_of=as_of,
        request_key=request_key,
        started_by=started_by,
        plan=plan,
    )


def perform(chunk_id: int) -> bool:
    """Do the chunk if it is still owed, then let its run go on; returns whether it was.

    A hint that comes twice, late, or for another's chunk does nothing and costs a millisecond.
    """
    chunk = chunks.claim(chunk_id)
    if chunk is None:
        logger.info("nothing to do", extra={"chunk": chunk_id})
        return False
    lease = chunks.Lease(chunk.pk, chunk.attempt)
    try:
        _work(chunk, lease)
    except LostRace as lost:
        logger.warning("lease lost", extra={"chunk": chunk_id, "error": str(lost)})
    drive(chunk.stage_run.run_id)
    return True


def _work(chunk: Chunk, lease: chunks.Lease) -> None:
    try:
        with lease.kept_alive():
            stage_module(Stage(chunk.stage_run.stage)).work(chunk, lease)
    except (LostRace, OperationalError, InterfaceError):
        raise  # without the database nothing can be given back: the lease runs out
    except TransientError as error:
        asked = error.retry_after
        pause = _pause(chunk) if asked is None else dt.timedelta(seconds=asked)
        lease.give_back(str(error), retry_in=pause, charged=False)
    except PermanentError as error:
        lease.fail(str(error))
    except Exception as error:
        logger.exception("chunk failed", extra={"chunk": chunk.pk})
        lease.give_back(plain(error), retry_in=_pause(chunk), charged=True)


def _pause(chunk: Chunk) -> dt.timedelta:
    """5, 10, 20 … 300 s and some jitter, by how often the chunk was tried."""
    longest = min(5 * 2 ** min(chunk.attempt - 1, 6), 300)
    return dt.timedelta(seconds=longest * random.uniform(0.8, 1.2))  # noqa: S311  (not a secret)


def plain(error: Exception) -> str:
    """One sentence for the run page; the trace is in the log."""
    first_line = str(error).strip().splitlines()[:1]
    return f"{type(error).__name__}: {first_line[0] if first_line else 'no message'}"


def drive(run_id: int) -> None:
    """Advance the run; a stage that cannot be planned fails it with the reason."""
    try:
        runs.advance(run_id, plan)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the next tick tries again
    except Exception as error:
        logger.exception("run cannot advance", extra={"run": run_id})
        runs.fail(run_id, plain(error))


def look_after() -> None:
    """One tick: start the run that is due, take over what died, advance what stands still.

    None of it hangs on another: what raises is logged, and tried again by the next tick.
    """
    steps: tuple[Callable[[], object], ...] = (
        lambda: digest.owe_for_late_night(clock.database_now()),
        start_due_night,
        outbox.abandon_interrupted,
        chunks.bury_exhausted,
        budget.lose_abandoned,
        TriedDraft.objects.forget_old,
        drive_unfinished,
        lambda: digest.owe_for_ended_runs(clock.database_now()),
    )
    for step in steps:
        try:
            step()
        except Exception:
            logger.exception("a step of the tick failed")
    services.beat("tick")  # last: who hangs, or has no database, gives no sign of life


def drive_unfinished() -> None:
    for run in runs.unfinished().order_by("pk"):
        drive(run.pk)


def start_due_night() -> Run | None:
    """Start tonight's run where its moment has come; a missed night is caught up."""
    night = schedule.due_night(clock.database_now())
    if night is None:
        return None
    try:
        return start(
            kind=RunKind.NIGHTLY,
            local_date=night.local_date,
            as_of=night.moment,
            request_key=night_key(night.local_date),
            started_by="schedule",
        )
    except runs.RunIsActive as active:
        logger.info("night waits", extra={"run": active.run.pk})
        return None


def night_key(day: dt.date) -> str:
    """The one request of a night, whoever makes it: tick, second ticker, or command."""
    return f"nightly:{day.isoformat()}"

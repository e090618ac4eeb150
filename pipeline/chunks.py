"""Claiming, leasing and finishing chunks: the only writer of Chunk rows.

A chunk is claimed by compare-and-set for LEASE_SECONDS under a fencing token, its attempt
number. A thread renews the lease while the process lives, so a lease says "the process lives",
not "the call is short". Whoever lost the lease can no longer write: every write carries the
token and raises LostRace where another worker has taken over.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now

from deliveries.models import DeliveryStatus
from pipeline import clock
from pipeline.counts import Counts
from pipeline.models import Chunk, Run, StageRun
from pipeline.states import (
    CHUNK_TRANSITIONS,
    ChunkStatus,
    LostRace,
    Stage,
    check_transition,
)

logger = logging.getLogger(__name__)

MAX_FAILURES = 4
LONGEST_WORK = dt.timedelta(seconds=600)  # the task limit: past it nobody renews
WINDOW = 64  # hints in flight: a paused stage leaves no heap of messages


@dataclass(frozen=True, kw_only=True)
class Slice:
    """A chunk to be: one object's id, or a range."""

    ref_id: int | None = None
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How a stage cuts its work, and what it could count without working."""

    slices: list[Slice]
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True)
class Lease:
    """The right to write for a chunk, until another worker takes it over."""

    chunk_id: int
    attempt: int

    def hold(self) -> None:
        """Inside a transaction: keep the chunk ours until it commits. Raises LostRace."""
        mine = Chunk.objects.select_for_update().filter(
            pk=self.chunk_id, attempt=self.attempt, status=ChunkStatus.LEASED
        )
        if not mine.exists():
            raise LostRace(f"chunk {self.chunk_id} was taken over after attempt {self.attempt}")

    def went_on(self) -> None:
        """Some of the work is kept: what failed before was no failure of what is left."""
        Chunk.objects.filter(pk=self.chunk_id, attempt=self.attempt).update(failures=1)

    def finish(self, counts: Counts) -> None:
        """The work is done; call it in the transaction that writes the last of it."""
        self._move(ChunkStatus.DONE, counts=counts.as_json(), error="")

    def give_back(self, error: str, *, retry_in: dt.timedelta, charged: bool) -> None:
        """Let somebody try again later; after MAX_FAILURES charged ones the chunk has FAILED.

        An outage is nobody's fault: it is given back uncharged.
        """
        chunk = Chunk.objects.get(pk=self.chunk_id)
        if charged and chunk.failures >= MAX_FAILURES:
            return self.fail(error)
        failures = chunk.failures if charged else max(chunk.failures - 1, 0)
        return self._move(
            ChunkStatus.PENDING,
            failures=failures,
            next_try_at=Now() + retry_in,
            published_at=None,
            error=error,
        )

    def fail(self, error: str) -> None:
        self._move(ChunkStatus.FAILED, error=error)

    def _move(self, status: ChunkStatus, **columns: object) -> None:
        check_transition(CHUNK_TRANSITIONS, ChunkStatus.LEASED, status)
        moved = Chunk.objects.filter(
            pk=self.chunk_id, attempt=self.attempt, status=ChunkStatus.LEASED
        ).update(status=status, lease_until=None, **columns)
        if moved != 1:
            raise LostRace(f"chunk {self.chunk_id} was taken over after attempt {self.attempt}")

    @contextlib.contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the lease from a thread while the body runs."""
        stop = threading.Event()
        thread = threading.Thread(target=self._renew, args=(stop,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()

    def _renew(self, stop: threading.Event) -> None:
        give_up_at = time.monotonic() + LONGEST_WORK.total_seconds()
        try:
            while not stop.wait(settings.LEASE_SECONDS / 3) and time.monotonic() < give_up_at:
                with contextlib.suppress(Exception):  # the next beat tries again
                    self._extend()
        finally:
            connection.close()  # this thread's own

    def _extend(self) -> None:
        Chunk.objects.filter(
            pk=self.chunk_id, attempt=self.attempt, status=ChunkStatus.LEASED
        ).update(lease_until=lease_end())


def wait_for_no_disk() -> None:
    """Let this transaction end before it is on disk: what a crash of PostgreSQL loses of it is lost
    together with how far the chunk was, and done again.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit = off")


def lease_end() -> object:
    """An expression: when a lease taken now runs out, by PostgreSQL's clock."""
    return Now() + dt.timedelta(seconds=settings.LEASE_SECONDS)


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


def claim(chunk_id: int) -> Chunk | None:
    """Take the chunk; None where it is done, not due, or somebody else's.

    The failure is counted before any work, so that a row which kills its worker counts too.
    """
    with transaction.atomic():
        chunk = (
            Chunk.objects.claimable()
            .select_for_update(skip_locked=True, of=("self",))
            .filter(pk=chunk_id, failures__lt=MAX_FAILURES)
            .order_by("pk")
            .first()
        )
        if chunk is None:
            return None
        Chunk.objects.filter(pk=chunk.pk).update(
            status=ChunkStatus.LEASED,
            attempt=chunk.attempt + 1,
            failures=chunk.failures + 1,
            lease_until=lease_end(),
            next_try_at=None,
            published_at=None,  # its hint is used up: should we die, the next goes out at once
            worker=worker_name(),
        )
    return Chunk.objects.select_related("stage_run__run").get(pk=chunk.pk)


def plan_deliveries(run: Run, stage: Stage, due: DeliveryStatus) -> Plan:
    """One chunk for each delivery in status `due` that the stage has no chunk for yet."""
    planned = Chunk.objects.filter(stage_run__run=run, stage_run__stage=stage)
    waiting = run.deliveries.filter(status=due).exclude(pk__in=planned.values("ref_id"))
    ids = waiting.order_by("pk").values_list("pk", flat=True)
    return Plan(slices=[Slice(ref_id=pk) for pk in ids])


def add(stage_run: StageRun, slices: list[Slice]) -> None:
    """Append chunks to a stage; the caller holds the run's lock."""
    first = stage_run.chunks.count()
    Chunk.objects.bulk_create(
        Chunk(stage_run=stage_run, seq=seq, ref_id=part.ref_id, low=part.low, high=part.high)
        for seq, part in enumerate(slices, start=first)
    )


def bury_exhausted() -> int:
    """Fail chunks whose every attempt died with its worker; returns how many."""
    return (
        Chunk.objects.claimable()
        .filter(failures__gte=MAX_FAILURES)
        .update(
            status=ChunkStatus.FAILED,
            lease_until=None,
            error=f"The worker died {MAX_FAILURES} times while at it.",
        )
    )


def due(stage: Stage) -> list[int]:
    """The chunks of a stage, of whatever run, that a worker may take now; the oldest first."""
    found = Chunk.objects.claimable().filter(stage_run__stage=stage, failures__lt=MAX_FAILURES)
    return list(found.order_by("pk").values_list("pk", flat=True)[:WINDOW])


def hint_again(stage: Stage) -> None:
    """Hints of a stage may have come while nobody could follow them: send them once more."""
    Chunk.objects.claimable().filter(stage_run__stage=stage).update(published_at=None)


def reopen(chunk_id: int) -> bool:
    """Let a chunk that failed, or waits, be tried at once; False where it does neither."""
    waiting = Chunk.objects.filter(
        pk=chunk_id, status__in=[ChunkStatus.FAILED, ChunkStatus.PENDING]
    )
    return (
        waiting.update(
            status=ChunkStatus.PENDING, failures=0, next_try_at=None, published_at=None, error=""
        )
        == 1
    )


def revive(stage_run: StageRun) -> None:
    """Give a failed stage's chunks new attempts."""
    stage_run.chunks.filter(status=ChunkStatus.FAILED).update(
        status=ChunkStatus.PENDING, failures=0, next_try_at=None, published_at=None
    )


def leave_out(chunk: Chunk, counts: Counts) -> None:
    """The stage goes on without the rest of a chunk that failed; the caller holds the run's lock."""
    check_transition(CHUNK_TRANSITIONS, chunk.status, ChunkStatus.DONE)
    Chunk.objects.filter(pk=chunk.pk).update(status=ChunkStatus.DONE, counts=counts.as_json())


def take_away(run_id: int) -> None:
    """Wait for what workers are committing for the run; then none of them may write any more.

    The caller holds the run's lock, so no chunk is added, and none can be claimed until it ends.
    """
    opened = Chunk.objects.open().filter(stage_run__run=run_id)
    held = list(opened.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    Chunk.objects.filter(pk__in=held, status=ChunkStatus.LEASED).update(
        status=ChunkStatus.PENDING, lease_until=None
    )


def take_unpublished() -> list[tuple[int, str]]:
    """(chunk id, stage) of due chunks that no fresh hint is under way for; marks them published.

    Bounded by WINDOW hints in flight. A hint that nobody followed for LEASE_SECONDS is repeated.
    """
    patience = dt.timedelta(seconds=settings.LEASE_SECONDS)
    stale = (
        Q(published_at=None)
        | Q(published_at__lt=Now() - patience)
        | Q(published_at__gt=Now() + clock.JITTER)  # the clock was set back
    )
    with transaction.atomic():
        room = WINDOW - Chunk.objects.claimable().exclude(stale).count()
        due = list(
            Chunk.objects.claimable()
            .filter(stale, failures__lt=MAX_FAILURES)
            .select_for_update(skip_locked=True, of=("self",))
            .order_by("pk")
            .values_list("pk", "stage_run__stage")[: max(room, 0)]
        )
        Chunk.objects.filter(pk__in=[pk for pk, _ in due]).update(published_at=Now())
    return due

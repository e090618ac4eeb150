"""A run, its stages, and the chunks of their work: the chain, held in PostgreSQL (ADR 0002)."""

from __future__ import annotations

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from clients.models import Client
from pipeline.counts import Counts, total
from pipeline.states import ChunkStatus, RunStatus, Stage, StageStatus


def choices(kind: type[Stage | RunStatus | StageStatus | ChunkStatus]) -> list[tuple[str, str]]:
    return [(value.value, value.value.capitalize()) for value in kind]


class RunKind(models.TextChoices):
    NIGHTLY = "NIGHTLY", "Nightly"
    MANUAL = "MANUAL", "Manual"


class RunQuerySet(models.QuerySet["Run"]):
    def running(self) -> Self:
        return self.filter(status=RunStatus.RUNNING)


class Run(models.Model):
    """One way of all waiting leads through the seven stages. `pipeline.runs` alone writes it."""

    kind = models.CharField(max_length=8, choices=RunKind.choices)
    local_date = models.DateField(help_text="The business day, in TIME_ZONE.")
    as_of = models.DateTimeField(
        help_text="The moment that counts as now for every cap, age and delivery day of the run."
    )
    request_key = models.CharField(max_length=80, unique=True)
    started_by = models.CharField(max_length=150)

    status = models.CharField(max_length=9, choices=choices(RunStatus), default=RunStatus.RUNNING)
    error = models.TextField(blank=True, help_text="Why it failed, in one sentence.")

    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=list(RunStatus)), name="run_status_is_known"
            ),
            models.CheckConstraint(condition=Q(kind__in=RunKind.values), name="run_kind_is_known"),
            models.UniqueConstraint(
                fields=["local_date"],
                condition=Q(kind=RunKind.NIGHTLY),
                name="run_nightly_once_per_date",
            ),
            models.UniqueConstraint(
                fields=["status"],
                condition=Q(status=RunStatus.RUNNING),
                name="run_at_most_one_running",
            ),
            models.CheckConstraint(
                condition=Q(status=RunStatus.RUNNING, ended_at=None)
                | (~Q(status=RunStatus.RUNNING) & Q(ended_at__isnull=False)),
                name="run_has_ended_unless_running",
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.pk} {self.status}"


class StageRun(models.Model):
    """One stage of one run; made when the stage before it closed. seen = kept + dropped."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="stage_runs")
    stage = models.CharField(max_length=11, choices=choices(Stage))
    status = models.CharField(
        max_length=7, choices=choices(StageStatus), default=StageStatus.RUNNING
    )

    seen = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    dropped = models.PositiveIntegerField(default=0)
    reasons = models.JSONField(default=dict, help_text="How many were dropped under each code.")

    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "stage"], name="stage_once_per_run"),
            models.CheckConstraint(
                condition=Q(stage__in=list(Stage)), name="stage_is_one_of_seven"
            ),
            models.CheckConstraint(
                condition=Q(status__in=[StageStatus.RUNNING, StageStatus.DONE, StageStatus.FAILED]),
                name="stage_status_is_known",
            ),
            models.CheckConstraint(
                condition=~Q(status=StageStatus.DONE) | Q(seen=F("kept") + F("dropped")),
                name="stage_counts_add_up",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} of run {self.run_id} {self.status}"

    @property
    def counts(self) -> Counts:
        return Counts(kept=self.kept, dropped=self.reasons)


class ChunkQuerySet(models.QuerySet["Chunk"]):
    def open(self) -> Self:
        """Chunks that still owe their work."""
        return self.filter(status__in=[ChunkStatus.PENDING, ChunkStatus.LEASED])

    def counted(self) -> Counts:
        """What those that are done counted, all together."""
        done = self.filter(status=ChunkStatus.DONE).values_list("counts", flat=True)
        return total(map(Counts.from_json, done))

    def claimable(self) -> Self:
        """Chunks that a worker may take now, by PostgreSQL's clock.

        A cancelled or failed run's work is left alone; deliveries may finish after their run.
        A lease that reaches further than any is of before the clock was set back, and void.
        """
        longest = 2 * dt.timedelta(seconds=settings.LEASE_SECONDS)
        return self.filter(
            Q(status=ChunkStatus.PENDING, next_try_at=None)
            | Q(status=ChunkStatus.PENDING, next_try_at__lte=Now())
            | Q(status=ChunkStatus.LEASED, lease_until__lt=Now())
            | Q(status=ChunkStatus.LEASED, lease_until__gt=Now() + longest),
            stage_run__run__status__in=[RunStatus.RUNNING, RunStatus.DONE],
        )


class Chunk(models.Model):
    """A slice of a stage's work: one file, one delivery, or a range. `pipeline.chunks` writes it."""

    stage_run = models.ForeignKey(StageRun, on_delete=models.CASCADE, related_name="chunks")
    seq = models.PositiveIntegerField()
    ref_id = models.BigIntegerField(null=True, help_text="The file or delivery it works on.")
    low = models.BigIntegerField(null=True, help_text="First of the range it works on.")
    high = models.BigIntegerField(null=True, help_text="Last of the range it works on.")

    status = models.CharField(
        max_length=7, choices=choices(ChunkStatus), default=ChunkStatus.PENDING
    )
    attempt = models.PositiveIntegerField(default=0, help_text="The fencing token of its lease.")
    failures = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    worker = models.CharField(max_length=120, blank=True, help_text="host:pid")
    error = models.TextField(blank=True)
    counts = models.JSONField(default=dict)

    objects = ChunkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stage_run", "seq"], name="chunk_once_per_stage"),
            models.CheckConstraint(
                condition=Q(status__in=list(ChunkStatus)), name="chunk_status_is_known"
            ),
            models.CheckConstraint(
                condition=Q(status=ChunkStatus.LEASED, lease_until__isnull=False)
                | (~Q(status=ChunkStatus.LEASED) & Q(lease_until=None)),
                name="chunk_has_a_lease_only_while_leased",
            ),
        ]
        indexes = [
            models.Index(
                fields=["published_at"],
                condition=Q(status__in=[ChunkStatus.PENDING, ChunkStatus.LEASED]),
                name="chunk_open",
            ),
        ]

    def __str__(self) -> str:
        return f"Chunk {self.pk} {self.status}"

    @property
    def ref(self) -> int:
        """The id of the file or delivery that it works on."""
        if self.ref_id is None:
            raise ValueError(f"chunk {self.pk} works on a range, not on one object")
        return self.ref_id


class RunClient(models.Model):
    """What one client was promised and got in one run: what explain and the mails read."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="run_clients")
    client = models.ForeignKey(Client, on_delete=models.CASCADE, related_name="run_clients")

    rules = models.JSONField(default=list, help_text="The targeting rules as they stood.")
    windows = models.JSONField(default=list, help_text="Per window: cap, used, left.")
    terms = models.JSONField(default=dict, help_text="What else decided, as it stood.")
    left = models.PositiveIntegerField(null=True, help_text="The least left; blank: unlimited.")
    closed = models.CharField(
        max_length=40, blank=True, db_default="", help_text="Why nothing could be given at all."
    )
    forecast = models.PositiveIntegerField(
        default=0, db_default=0, help_text="Leads that personalize expected it to get."
    )
    placed = models.PositiveIntegerField(default=0)
    shortfall = models.PositiveIntegerField(
        default=0, db_default=0, help_text="What was left to give, and not given."
    )
    reason = models.CharField(
        max_length=40, blank=True, db_default="", help_text="Why it got no further lead."
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "client"], name="run_client_once"),
            models.CheckConstraint(
                condition=Q(left=None) | Q(placed__lte=F("left")), name="run_client_within_caps"
            ),
            models.CheckConstraint(
                condition=Q(closed="") | Q(left=0), name="run_client_closed_gets_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"Client {self.client_id} in run {self.run_id}"

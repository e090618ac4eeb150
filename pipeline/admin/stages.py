"""A run's seven stages as a person sees them: done, under way with its progress, or to come."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Model, Sum

from deliveries.models import DeliveredLead, Delivery, DeliveryStatus
from pipeline import report
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadStatus, Rejection, Run, StageRun
from pipeline.reasons import in_words
from pipeline.shown import TONES, list_url
from pipeline.states import ChunkStatus, Stage, StageStatus

# What each stage does, and what one of that which it counts is called, and many.
ABOUT = {
    Stage.VALIDATE: ("Rows become leads, or say why not", "row", "rows"),
    Stage.DEDUPE: ("Each person once, and nobody suppressed", "lead", "leads"),
    Stage.PERSONALIZE: ("A draft for each lead that a client should get", "lead", "leads"),
    Stage.ALLOCATE: ("Each lead to the client whose rules and caps take it", "lead", "leads"),
    Stage.UPLOAD: ("One file per client, into storage", "delivery", "deliveries"),
    Stage.NOTIFY: ("A mail to each of the client's addresses", "delivery", "deliveries"),
    Stage.LOG: ("Each delivery entered in the log", "delivery", "deliveries"),
}
# What allocate took out of stock lies among what other runs and dedupe did for the same reason.
SET_ASIDE = ("suppressed_global", "too_old")
SHOWN_ERRORS = 5


@dataclass(frozen=True, kw_only=True)
class Dropped:
    """How many were dropped for one reason, and where they are listed."""

    code: str
    count: int
    url: str = ""

    @property
    def words(self) -> str:
        return in_words(self.code)


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a chunk met, how often, and what becomes of it."""

    error: str
    chunks: int
    given_up: bool


@dataclass(frozen=True, kw_only=True)
class StageCard:
    """One stage of the picture. Counts of a running stage are those of its finished chunks."""

    stage: Stage
    number: int
    status: str
    counts: Counts = field(default_factory=Counts)
    seen_url: str = ""
    kept_url: str = ""
    dropped: list[Dropped] = field(default_factory=list)
    seconds: float | None = None
    done: int = 0
    planned: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def title(self) -> str:
        return self.stage.capitalize()

    @property
    def about(self) -> str:
        return ABOUT[self.stage][0]

    @property
    def seen_unit(self) -> str:
        return self._unit(self.counts.seen)

    @property
    def kept_unit(self) -> str:
        return self._unit(self.counts.kept)

    def _unit(self, count: int) -> str:
        return ABOUT[self.stage][1 if count == 1 else 2]

    @property
    def tone(self) -> str:
        return "idle" if self.status == StageStatus.WAITING else TONES.get(self.status, "")

    @property
    def is_partial(self) -> bool:
        """Whether the counts are only those of the work done so far."""
        return self.status in {StageStatus.RUNNING, StageStatus.FAILED}

    @property
    def measures(self) -> str:
        """What `done` of `planned` counts."""
        one = "row" if self.stage == Stage.VALIDATE else "part"
        return one if self.planned == 1 else f"{one}s"


def stage_cards(run: Run, *, now: dt.datetime) -> list[StageCard]:
    """All seven, in order; six queries however large the run is."""
    rows = {row.stage: row for row in run.stage_runs.all()}
    progress = _progress(run, rows)
    problems = _problems(run)
    newest = not Run.objects.filter(pk__gt=run.pk).exists()
    return [
        _card(
            run, number, rows[stage], progress[stage], problems.get(stage, []), now, newest=newest
        )
        if stage in rows
        else StageCard(stage=stage, number=number, status=StageStatus.WAITING)
        for number, stage in enumerate(Stage, start=1)
    ]


def _card(
    run: Run,
    number: int,
    row: StageRun,
    progress: tuple[int, int],
    problems: list[Problem],
    now: dt.datetime,
    *,
    newest: bool,
) -> StageCard:
    stage = Stage(row.stage)
    so_far = Counts() if row.status == StageStatus.DONE else row.chunks.counted()
    counts = row.counts + so_far
    return StageCard(
        stage=stage,
        number=number,
        status=row.status,
        counts=counts,
        seen_url=list_url(Delivery, run=run.pk) if stage.reaches_outside else "",
        kept_url=_kept_url(run, stage),
        dropped=[
            Dropped(code=code, count=count, url=_dropped_url(run, stage, code, newest=newest))
            for code, count in sorted(counts.dropped.items(), key=lambda item: -item[1])
        ],
        seconds=((row.ended_at or run.ended_at or now) - row.started_at).total_seconds(),
        done=progress[0],
        planned=progress[1],
        problems=problems,
    )


def _progress(run: Run, rows: Mapping[str, StageRun]) -> dict[str, tuple[int, int]]:
    """Stage → (done, planned): chunks, but rows where one chunk may hold a million of them."""
    found = report.progress(run)
    validate = rows.get(Stage.VALIDATE)
    if validate is not None and validate.status != StageStatus.DONE:
        sums = run.lead_files.aggregate(done=Sum("records_done"), planned=Sum("rows"))
        found[Stage.VALIDATE] = (sums["done"] or 0, sums["planned"] or 0)
    return found


def _problems(run: Run) -> dict[str, list[Problem]]:
    """Stage → what its unfinished and failed chunks say, the same sentence once."""
    told: dict[str, dict[tuple[str, bool], int]] = {}
    chunks = (
        Chunk.objects.filter(stage_run__run=run)
        .exclude(error="")
        .exclude(status=ChunkStatus.DONE)
        .values_list("stage_run__stage", "error", "status")[:1_000]
    )
    for stage, error, status in chunks:
        sentence = (error, status == ChunkStatus.FAILED)
        sentences = told.setdefault(stage, {})
        sentences[sentence] = sentences.get(sentence, 0) + 1
    return {
        stage: [
            Problem(error=error, chunks=count, given_up=given_up)
            for (error, given_up), count in list(sentences.items())[:SHOWN_ERRORS]
        ]
        for stage, sentences in told.items()
    }


def _kept_url(run: Run, stage: Stage) -> str:
    if stage == Stage.VALIDATE:
        return list_url(Lead, run=run.pk)
    return list_url(DeliveredLead, run=run.pk) if stage == Stage.ALLOCATE else ""


def _dropped_url(run: Run, stage: Stage, code: str, *, newest: bool) -> str:
    """Where these are listed; '' where no list shows just them."""
    if stage.reaches_outside:
        status = code.upper()
        known = status in DeliveryStatus.values
        return list_url(Delivery, run=run.pk, status__exact=status) if known else ""
    if stage == Stage.ALLOCATE and code not in SET_ASIDE and newest:
        # A later run has given its own reasons since.
        return list_url(Lead, status__exact=LeadStatus.READY, reason=code)
    listed: dict[Stage, type[Model]] = {Stage.VALIDATE: Rejection, Stage.DEDUPE: Lead}
    return list_url(listed[stage], run=run.pk, reason=code) if stage in listed else ""

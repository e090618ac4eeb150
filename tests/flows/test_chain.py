"""The chain in PostgreSQL: claims, leases, fences, and how a run goes on. Stages are made up."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.utils import timezone

from pipeline import chunks, runs
from pipeline.chunks import Lease, Plan, Slice
from pipeline.counts import Counts
from pipeline.models import Chunk, Run, StageRun
from pipeline.models.runs import RunKind
from pipeline.states import IllegalTransition, LostRace, RunStatus, Stage, StageStatus
from tests import factories as make

pytestmark = pytest.mark.django_db

AN_HOUR = dt.timedelta(hours=1)


def one_chunk_each(_run, _stage):
    """A plan of one chunk for each of the four inner stages, of nothing for the outer ones."""
    return Plan(slices=[] if _stage.reaches_outside else [Slice(ref_id=1)])


def open_run(plan=one_chunk_each, key="k") -> Run:
    return runs.open_run(
        kind=RunKind.MANUAL,
        local_date=dt.date(2026, 11, 24),
        as_of=timezone.now(),
        request_key=key,
        started_by="test",
        plan=plan,
    )


def in_dedupe() -> Run:
    """A run that has come through validate, the one inner stage whose chunks may fail alone."""
    run = open_run()
    claimed(run.stage_runs.get().chunks.get()).finish(Counts())
    runs.advance(run.pk, one_chunk_each)
    return run


def claimed(chunk: Chunk) -> Lease:
    found = chunks.claim(chunk.pk)
    assert found is not None
    return Lease(found.pk, found.attempt)


def expire(chunk: Chunk) -> None:
    Chunk.objects.filter(pk=chunk.pk).update(lease_until=timezone.now() - AN_HOUR)


class TestClaim:
    def test_has_one_winner(self):
        chunk = open_run().stage_runs.get().chunks.get()

        assert chunks.claim(chunk.pk) is not None
        assert chunks.claim(chunk.pk) is None

    def test_takes_over_an_expired_lease_under_a_higher_token(self):
        chunk = open_run().stage_runs.get().chunks.get()
        first = claimed(chunk)
        expire(chunk)

        second = claimed(chunk)

        assert second.attempt > first.attempt

    def test_waits_until_the_next_try(self):
        chunk = open_run().stage_runs.get().chunks.get()
        claimed(chunk).give_back("service away", retry_in=AN_HOUR, charged=False)

        assert chunks.claim(chunk.pk) is None

    def test_leaves_a_cancelled_runs_work_alone(self):
        run = open_run()
        runs.cancel(run.pk)

        assert chunks.claim(run.stage_runs.get().chunks.get().pk) is None

    def test_of_no_such_chunk_is_nothing(self):
        assert chunks.claim(12_345) is None


class TestLease:
    @pytest.mark.parametrize(
        "write",
        [
            pytest.param(lambda lease: lease.hold(), id="hold"),
            pytest.param(lambda lease: lease.finish(Counts(kept=1)), id="finish"),
            pytest.param(lambda lease: lease.fail("x"), id="fail"),
            pytest.param(
                lambda lease: lease.give_back("x", retry_in=AN_HOUR, charged=True), id="give back"
            ),
        ],
    )
    def test_once_lost_lets_its_holder_write_nothing(self, write):
        chunk = open_run().stage_runs.get().chunks.get()
        zombie = claimed(chunk)
        expire(chunk)
        claimed(chunk)

        with pytest.raises(LostRace):
            write(zombie)

    def test_finished_keeps_the_counts(self):
        chunk = open_run().stage_runs.get().chunks.get()

        claimed(chunk).finish(Counts(kept=2, dropped={"blank": 1}))

        chunk.refresh_from_db()
        assert (chunk.status, chunk.lease_until) == ("DONE", None)
        assert Counts.from_json(chunk.counts) == Counts(kept=2, dropped={"blank": 1})

    def test_an_outage_is_charged_to_nobody(self):
        chunk = open_run().stage_runs.get().chunks.get()

        for _ in range(3 * chunks.MAX_FAILURES):
            claimed(chunk).give_back("away", retry_in=-AN_HOUR, charged=False)

        chunk.refresh_from_db()
        assert (chunk.status, chunk.failures) == ("PENDING", 0)

    def test_too_many_failures_of_its_own_fail_the_chunk_with_the_last_reason(self):
        chunk = open_run().stage_runs.get().chunks.get()

        for attempt in range(chunks.MAX_FAILURES):
            claimed(chunk).give_back(f"error {attempt}", retry_in=-AN_HOUR, charged=True)

        chunk.refresh_from_db()
        assert (chunk.status, chunk.error) == ("FAILED", f"error {chunks.MAX_FAILURES - 1}")

    def test_a_chunk_that_kills_every_worker_is_buried(self):
        chunk = open_run().stage_runs.get().chunks.get()
        for _ in range(chunks.MAX_FAILURES):
            claimed(chunk)
            expire(chunk)

        assert chunks.claim(chunk.pk) is None
        assert chunks.bury_exhausted() == 1
        chunk.refresh_from_db()
        assert chunk.status == "FAILED"


class TestAClockThatWasSetBack:
    def test_keeps_no_dead_workers_chunk(self):
        chunk = open_run().stage_runs.get().chunks.get()
        claimed(chunk)

        Chunk.objects.update(lease_until=timezone.now() + AN_HOUR)

        assert chunks.claim(chunk.pk) is not None

    def test_holds_up_no_hint(self):
        open_run()

        Chunk.objects.update(published_at=timezone.now() + AN_HOUR)

        assert len(chunks.take_unpublished()) == 1


class TestPublishing:
    def test_sends_each_hint_once_until_it_is_stale(self):
        open_run()

        assert len(chunks.take_unpublished()) == 1
        assert chunks.take_unpublished() == []
        Chunk.objects.update(published_at=timezone.now() - AN_HOUR)
        assert len(chunks.take_unpublished()) == 1

    def test_never_has_more_than_a_window_under_way(self):
        many = Plan(slices=[Slice(ref_id=n) for n in range(2 * chunks.WINDOW)])
        open_run(lambda _run, _stage: many)

        assert len(chunks.take_unpublished()) == chunks.WINDOW
        assert chunks.take_unpublished() == []


class TestAdvance:
    def test_goes_on_only_when_no_chunk_is_open(self):
        run = open_run()
        runs.advance(run.pk, one_chunk_each)
        assert run.stage_runs.count() == 1

        claimed(run.stage_runs.get().chunks.get()).finish(Counts())
        runs.advance(run.pk, one_chunk_each)

        assert list(run.stage_runs.order_by("pk").values_list("stage", "status")) == [
            ("VALIDATE", "DONE"),
            ("DEDUPE", "RUNNING"),
        ]

    def test_twice_changes_nothing(self):
        run = open_run()

        runs.advance(run.pk, one_chunk_each)
        runs.advance(run.pk, one_chunk_each)

        assert Chunk.objects.count() == 1

    def test_skips_through_stages_without_work_to_the_end(self):
        run = open_run(lambda _run, _stage: Plan(slices=[]))

        runs.advance(run.pk, lambda _run, _stage: Plan(slices=[]))

        run.refresh_from_db()
        assert run.status == RunStatus.DONE
        assert list(run.stage_runs.order_by("pk").values_list("stage", flat=True)) == list(Stage)

    def test_adds_up_what_was_planned_and_what_each_chunk_counted(self):
        planned = Plan(
            slices=[Slice(ref_id=1), Slice(ref_id=2)],
            counts=Counts(dropped={"waiting_capacity": 4}),
        )
        run = open_run(lambda _run, _stage: planned)
        for chunk in run.stage_runs.get().chunks.all():
            claimed(chunk).finish(Counts(kept=3, dropped={"blank": 1}))

        runs.advance(run.pk, one_chunk_each)

        closed = StageRun.objects.get(stage=Stage.VALIDATE)
        assert (closed.seen, closed.kept, closed.dropped) == (12, 6, 6)
        assert closed.reasons == {"blank": 2, "waiting_capacity": 4}

    def test_a_failed_chunk_of_an_inner_stage_fails_the_run_with_its_reason(self):
        run = in_dedupe()
        claimed(run.stage_runs.get(stage=Stage.DEDUPE).chunks.get()).fail("the disk is full")

        runs.advance(run.pk, one_chunk_each)

        run.refresh_from_db()
        assert (run.status, run.error) == (RunStatus.FAILED, "the disk is full")


class TestAFailedRun:
    def failed(self) -> Run:
        run = in_dedupe()
        claimed(run.stage_runs.get(stage=Stage.DEDUPE).chunks.get()).fail("the disk is full")
        runs.advance(run.pk, one_chunk_each)
        return run

    def test_goes_on_where_it_failed(self):
        run = self.failed()

        runs.resume(run.pk)
        claimed(run.stage_runs.get(stage=Stage.DEDUPE).chunks.get()).finish(Counts())
        runs.advance(run.pk, one_chunk_each)

        assert list(run.stage_runs.order_by("pk").values_list("stage", flat=True)) == [
            "VALIDATE",
            "DEDUPE",
            "PERSONALIZE",
        ]

    def test_leaves_a_stage_that_is_done_alone(self):
        run = open_run()
        run.stage_runs.update(status=StageStatus.DONE)

        with pytest.raises(IllegalTransition, match="DONE may not become FAILED"):
            runs.fail(run.pk, "the disk is full")

        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING

    def test_lets_another_run_open(self):
        self.failed()

        assert open_run(key="next").status == RunStatus.RUNNING

    def test_cannot_go_on_once_a_later_run_took_up_its_leads(self):
        run = self.failed()
        open_run(key="next")

        with pytest.raises(runs.NotPossible, match="later run"):
            runs.resume(run.pk)

    def test_only_it_can_be_resumed(self):
        with pytest.raises(runs.NotPossible, match="has not failed"):
            runs.resume(open_run().pk)


class TestCancel:
    def test_ends_a_run_for_good(self):
        run = open_run()

        runs.cancel(run.pk)

        run.refresh_from_db()
        assert run.status == RunStatus.CANCELLED
        assert run.ended_at is not None

    def test_of_an_ended_run_is_refused(self):
        run = open_run()
        runs.cancel(run.pk)

        with pytest.raises(runs.NotPossible, match="has ended"):
            runs.cancel(run.pk)


class TestUnfinished:
    def test_is_found_at_each_tick_without_reading_what_is_done(self):
        stage_run = make.StageRunFactory.create(run__status="DONE")
        done = [Chunk(stage_run=stage_run, seq=n, status="DONE") for n in range(2_000)]
        Chunk.objects.bulk_create(done)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE pipeline_chunk")

        plan = runs.unfinished().explain(analyze=True)

        read = [line for line in plan.splitlines() if "pipeline_chunk" in line]
        assert read
        assert not [line for line in read if "rows=2000" in line.partition("actual")[2]]

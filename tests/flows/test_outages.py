"""What the chain does when the night does not go as it should: it waits, fails, or gives way."""

from __future__ import annotations

import logging
import math

import pytest
from django.core.files.storage import FileSystemStorage
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from deliveries.models import Delivery
from pipeline import audit, chain, chunks, digest, importing, runs, services, starting
from pipeline.models import Chunk, Lead, LeadFile, Run
from pipeline.states import LostRace, RunStatus, Stage
from tests.files import keep_files
from tests.flows import nights

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


class TakenOver(FileSystemStorage):
    """While a file is opened, another worker takes the chunk over."""

    def _open(self, name, mode="rb"):
        Chunk.objects.filter(status="LEASED").update(attempt=F("attempt") + 1)
        return super()._open(name, mode)  # type: ignore[misc]  # not in the stubs


class WithoutDatabase(FileSystemStorage):
    """While a file is opened, PostgreSQL goes away."""

    def _open(self, name, mode="rb"):
        raise OperationalError("server closed the connection unexpectedly")


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def start() -> Run:
    return starting.start_now(now=timezone.now(), started_by="test")


def try_again() -> None:
    Chunk.objects.filter(status="PENDING").update(next_try_at=None)
    nights.work_off()


def first_chunk() -> Chunk:
    return Chunk.objects.order_by("pk")[0]


class TestAnUnexpectedError:
    """Here a file that was checked under an encoding that this Python does not know."""

    @pytest.fixture
    def dedupe(self, monkeypatch):
        """The stage, which fails while it is given a reason."""
        known = chain.stage_module

        class Dedupe:
            reason = ""
            plan = staticmethod(known(Stage.DEDUPE).plan)

            @classmethod
            def work(cls, chunk, lease):
                if cls.reason:
                    raise LookupError(cls.reason)
                known(Stage.DEDUPE).work(chunk, lease)

        monkeypatch.setattr(
            chain, "stage_module", lambda stage: Dedupe if stage == "DEDUPE" else known(stage)
        )
        return Dedupe

    @pytest.fixture
    def broken(self):
        nights.make_agency()
        LeadFile.objects.update(encoding="no-such-encoding")
        return start()

    def test_is_charged_and_tried_again_later(self, broken):
        nights.work_off()

        chunk = first_chunk()
        assert (chunk.status, chunk.failures) == ("PENDING", 1)
        assert chunk.error == "LookupError: unknown encoding: no-such-encoding"
        assert Chunk.objects.filter(next_try_at__gt=timezone.now()).exists()

    def test_after_max_failures_fails_the_run_with_its_reason(self, broken, dedupe):
        dedupe.reason = "no room"
        LeadFile.objects.update(encoding="utf-8")

        for _ in range(chunks.MAX_FAILURES + 1):
            try_again()

        broken.refresh_from_db()
        chunk = Chunk.objects.filter(stage_run__stage="DEDUPE")[0]
        assert (broken.status, chunk.status) == (RunStatus.FAILED, "FAILED")
        assert broken.error == "LookupError: no room"
        assert chunk.attempt == chunks.MAX_FAILURES

    def test_once_mended_the_run_is_resumed_and_ends(self, broken, dedupe):
        dedupe.reason = "no room"
        LeadFile.objects.update(encoding="utf-8")
        for _ in range(chunks.MAX_FAILURES + 1):
            try_again()
        dedupe.reason = ""

        runs.resume(broken.pk)
        nights.work_off()

        broken.refresh_from_db()
        assert (broken.status, broken.error) == (RunStatus.DONE, "")
        assert audit.run(deep=True)["ok"]

    def test_at_one_file_refuses_it_and_the_others_go_out(self, broken):
        good = nights.take_in("Email,Country\nhal@hill-homes.com,Germany\n", "good.csv")
        LeadFile.objects.filter(pk=good.pk).update(run=broken)
        chunks.add(broken.stage_runs.get(), [chunks.Slice(ref_id=good.pk)])

        for _ in range(chunks.MAX_FAILURES):
            try_again()

        broken.refresh_from_db()
        bad = LeadFile.objects.exclude(pk=good.pk).get()
        assert (broken.status, Delivery.objects.count()) == (RunStatus.DONE, 1)
        assert (bad.status, bad.error) == (
            "REFUSED",
            "LookupError: unknown encoding: no-such-encoding",
        )
        assert audit.run(deep=True)["ok"]

    def test_at_a_file_is_over_once_it_is_mended_and_queued_again(self, broken):
        for _ in range(chunks.MAX_FAILURES):
            try_again()
        LeadFile.objects.update(encoding="utf-8")

        importing.queue(LeadFile.objects.get(), by="ida")
        start()
        nights.work_off()

        lead_file = LeadFile.objects.get()
        assert (lead_file.status, lead_file.error) == ("IMPORTED", "")
        assert Delivery.objects.count() == 2

    def test_while_planning_fails_the_run(self, broken, monkeypatch):
        LeadFile.objects.update(encoding="utf-8")

        class Unplannable:
            @staticmethod
            def plan(_run):
                raise ValueError("no plan\nand a long story")

        known = chain.stage_module
        monkeypatch.setattr(
            chain, "stage_module", lambda stage: Unplannable if stage == "DEDUPE" else known(stage)
        )
        nights.work_off()

        broken.refresh_from_db()
        assert (broken.status, broken.error) == (RunStatus.FAILED, "ValueError: no plan")


class TestPause:
    def test_grows_with_every_try_to_five_minutes(self):
        pauses = [chain._pause(Chunk(attempt=n)).total_seconds() for n in (1, 2, 4, 7, 100)]

        for pause, middle in zip(pauses, (5, 10, 40, 300, 300), strict=True):
            assert middle * 0.8 <= pause <= middle * 1.2


class TestAChunkTakenOverMeanwhile:
    def test_is_left_to_the_other_worker_and_nothing_of_it_is_written(
        self, settings, storage, caplog
    ):
        nights.make_agency()
        start()
        keep_files(settings, storage, TakenOver)

        nights.step()

        assert (first_chunk().status, first_chunk().attempt) == ("LEASED", 2)
        assert "lease lost" in caplog.text
        assert not Lead.objects.exists()

    def test_given_hints_for_what_is_done_does_nothing(self, caplog):
        nights.make_agency()
        start()
        nights.work_off()
        caplog.set_level(logging.INFO)

        chain.perform(first_chunk().pk)

        assert "nothing to do" in caplog.text
        assert first_chunk().attempt == 1


class TestWithoutTheDatabase:
    def test_the_error_goes_up_and_the_lease_runs_out(self, settings, storage):
        nights.make_agency()
        start()
        keep_files(settings, storage, WithoutDatabase)

        with pytest.raises(OperationalError):
            nights.step()

        assert (first_chunk().status, first_chunk().error) == ("LEASED", "")

    def test_a_run_is_not_failed_for_it(self, monkeypatch):
        nights.make_agency()
        run = start()

        def away(*_args):
            raise OperationalError("server closed the connection unexpectedly")

        monkeypatch.setattr(runs, "advance", away)
        with pytest.raises(OperationalError):
            chain.drive(run.pk)

        run.refresh_from_db()
        assert run.status == RunStatus.RUNNING


class TestRuns:
    def test_a_second_run_may_not_open_nor_a_failed_one_be_resumed_meanwhile(self):
        nights.make_agency()
        failed = start()
        runs.fail(failed.pk, "the disk is full")
        second = start()

        with pytest.raises(runs.NotPossible, match=f"A later run has taken up .* {failed.pk}"):
            runs.resume(failed.pk)
        with pytest.raises(runs.RunIsActive) as active:
            start()

        assert active.value.run == second

    def test_one_that_promised_leads_is_not_cancelled(self):
        nights.make_agency()
        run = start()
        while not Delivery.objects.exists():
            nights.step()

        with pytest.raises(runs.NotPossible, match="promised leads to clients"):
            runs.cancel(run.pk)

    def test_one_that_promised_leads_is_resumed_unless_another_is_active(self):
        nights.make_agency()
        run = start()
        while not Delivery.objects.exists():
            nights.step()
        runs.fail(run.pk, "the disk is full")
        start()

        with pytest.raises(runs.RunIsActive), transaction.atomic():
            runs.resume(run.pk)

    def test_one_that_ended_is_not_failed_afterwards(self):
        run = start()
        nights.work_off()

        runs.fail(run.pk, "too late")

        run.refresh_from_db()
        assert (run.status, run.error) == (RunStatus.DONE, "")

    def test_a_row_that_somebody_else_moved_first_is_not_moved(self):
        run = start()
        Run.objects.filter(pk=run.pk).update(status="CANCELLED", ended_at=timezone.now())

        with pytest.raises(LostRace, match="no longer RUNNING"):
            runs._move(run, RunStatus.DONE)


class TestATick:
    def test_goes_on_where_one_of_its_steps_raises(self, monkeypatch):
        nights.make_agency()
        run = start()

        def refuse(_now):
            raise ValueError("an address is too long")

        monkeypatch.setattr(digest, "owe_for_late_night", refuse)
        nights.work_off()

        run.refresh_from_db()
        assert run.status == RunStatus.DONE
        assert services.seconds_since("tick") < 60

    def test_gives_no_sign_of_life_before_its_end(self, monkeypatch):
        seen: list[float] = []
        monkeypatch.setattr(
            digest, "owe_for_ended_runs", lambda _now: seen.append(services.seconds_since("tick"))
        )

        chain.look_after()

        assert seen == [math.inf]

"""What the chain does when the night does not go as it should: it waits, fails, or gives way."""

from __future__ import annotations

import datetime as dt
import logging

import pytest
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import OperationalError, transaction
from django.db.models import F
from django.utils import timezone

from deliveries.models import Delivery, Mail
from leadgen.celery import app
from pipeline import audit, chain, chunks, pulse, runs, services, starting, tasks
from pipeline.models import Chunk, Heartbeat, Lead, LeadFile, Run
from pipeline.states import LostRace, RunStatus
from tests.flows import nights
from tests.flows.conftest import until

pytestmark = pytest.mark.django_db


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


@pytest.fixture(autouse=True)
def storage(settings, tmp_path):
    keep_files(settings, tmp_path, FileSystemStorage)
    return tmp_path


def keep_files(settings, place, backend: type) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": f"{backend.__module__}.{backend.__qualname__}",
            "OPTIONS": {"location": place},
        },
    }


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

    def test_after_max_failures_fails_the_run_with_its_reason(self, broken):
        for _ in range(chunks.MAX_FAILURES):
            try_again()

        broken.refresh_from_db()
        assert (broken.status, first_chunk().status) == (RunStatus.FAILED, "FAILED")
        assert broken.error == "LookupError: unknown encoding: no-such-encoding"
        assert first_chunk().attempt == chunks.MAX_FAILURES

    def test_once_mended_the_run_is_resumed_and_ends(self, broken):
        for _ in range(chunks.MAX_FAILURES):
            try_again()
        LeadFile.objects.update(encoding="utf-8")

        runs.resume(broken.pk)
        nights.work_off()

        broken.refresh_from_db()
        assert (broken.status, broken.error) == (RunStatus.DONE, "")
        assert audit.run(deep=True)["ok"]

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


class TestStorageDown:
    @pytest.fixture
    def delivery(self, storage, settings):
        settings.STAGE_PATIENCE_MINUTES = 0
        nights.make_agency()
        start()
        (storage / "deliveries").write_text("in the way of the directory")
        nights.work_off()
        nights.work_off()
        return Delivery.objects.get(client__name="Germania")

    def test_lets_the_delivery_wait_and_the_run_end(self, delivery):
        assert (delivery.status, Run.objects.get().status) == ("WAITING", "DONE")
        assert delivery.error.startswith("The file storage does not take files (")
        assert "None" not in delivery.error
        upload = Run.objects.get().stage_runs.get(stage="UPLOAD")
        assert upload.reasons == {"waiting": 2}
        assert not Mail.objects.exists()
        assert Chunk.objects.filter(stage_run__stage="UPLOAD", failures=0).count() == 2

    def test_is_made_up_for_once_it_is_back(self, delivery, storage):
        (storage / "deliveries").unlink()

        try_again()

        delivery.refresh_from_db()
        assert (delivery.status, delivery.error) == ("LOGGED", "")
        assert audit.run(deep=True)["ok"]

    def test_twice_at_the_same_delivery_makes_one_file(self, delivery, storage):
        (storage / "deliveries").unlink()
        try_again()
        Chunk.objects.filter(stage_run__stage="UPLOAD").update(status="PENDING", published_at=None)

        try_again()

        assert len(list((storage / "deliveries").iterdir())) == 2  # one for each client
        assert Mail.objects.count() == 2


class TestALeadFileInStorage:
    @pytest.fixture
    def lead_file(self):
        return nights.make_agency()

    def refused(self, lead_file: LeadFile) -> str:
        run = start()
        nights.work_off()
        run.refresh_from_db()
        lead_file.refresh_from_db()
        assert (run.status, lead_file.status) == (RunStatus.DONE, "REFUSED")
        assert audit.run(deep=True)["ok"]
        return lead_file.error

    def test_that_vanished_is_refused_and_the_run_goes_on(self, lead_file):
        default_storage.delete(lead_file.storage_name)

        assert self.refused(lead_file) == "The file is no longer in storage; upload it again."

    def test_that_changed_is_refused_and_nothing_of_it_is_taken(self, lead_file, storage):
        (storage / lead_file.storage_name).write_text("Email\neve@else.example\n")

        assert "not the one that was checked" in self.refused(lead_file)
        assert not Lead.objects.exists()

    def test_that_passes_a_limit_set_since_is_refused_with_the_limit(self, lead_file, settings):
        settings.MAX_ROWS = 3

        assert self.refused(lead_file) == "The file has more than 3 rows; split it."


class TestTheBrokerAway:
    @pytest.fixture(autouse=True)
    def _nobody_there(self, monkeypatch):
        monkeypatch.undo()  # wake itself is under test here
        monkeypatch.setitem(app.conf, "broker_url", "redis://127.0.0.1:1/0")
        monkeypatch.setitem(
            app.conf, "broker_transport_options", {"max_retries": 0, "socket_connect_timeout": 1}
        )
        monkeypatch.setattr(app.amqp, "_producer_pool", None)

    def test_a_run_is_opened_all_the_same(self, caplog):
        nights.make_agency()

        run = start()

        assert run.status == RunStatus.RUNNING
        assert "broker is away" in caplog.text

    def test_no_chunk_is_lost(self, caplog, settings):
        nights.make_agency()
        start()

        tasks.publish()
        Chunk.objects.update(published_at=timezone.now() - dt.timedelta(hours=1))

        assert "broker is away" in caplog.text
        assert len(chunks.take_unpublished()) == 1


class TestTasks:
    @pytest.mark.parametrize("stage", list(tasks.TASKS))
    def test_bear_the_stages_names_and_queues(self, stage, settings):
        task = tasks.TASKS[stage]

        assert task.name == f"pipeline.{stage.lower()}"
        assert task.name in settings.CELERY_TASK_ROUTES

    def test_do_their_chunk_and_send_the_next_hint(self, monkeypatch):
        nights.make_agency()
        start()
        sent = []
        for task in tasks.TASKS.values():
            monkeypatch.setattr(task, "apply_async", lambda **message: sent.append(message))
        ((chunk_id, _),) = chunks.take_unpublished()

        tasks.validate(chunk_id=chunk_id, sent_by_a_newer_version=True)

        assert first_chunk().status == "DONE"
        following = Chunk.objects.get(stage_run__stage="DEDUPE")
        assert [message["kwargs"] for message in sent] == [{"chunk_id": following.pk}]


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


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestPulse:
    @pytest.fixture
    def beating(self, settings):
        settings.TICK_SECONDS = 0.01
        pulse.start()
        yield
        pulse.stop()

    def test_begins_with_the_workers_heartbeat_and_ends_with_it(self, beating):
        assert services.live_workers() == [chunks.worker_name()]

        pulse.stop()

        assert services.live_workers() == []

    def test_goes_on_after_a_beat_that_failed(self, beating, monkeypatch):
        failed = []

        def away(name, _detail=""):
            failed.append(name)
            raise OperationalError("the database is away")

        with monkeypatch.context() as patched:
            patched.setattr(services, "beat", away)
            until(lambda: failed)
        Heartbeat.objects.update(at=timezone.now() - dt.timedelta(hours=1))

        until(services.live_workers)

    def test_does_not_begin_under_another_suppression_key(self, settings):
        services.check_suppression_key()
        settings.SUPPRESSION_KEY = "another-key-entirely-" * 3

        with pytest.raises(SystemExit, match="SUPPRESSION_KEY differs"):
            pulse.start()

        assert services.live_workers() == []

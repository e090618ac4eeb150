"""The file storage is down, or has lost or changed a file: deliveries wait, files are refused."""

from __future__ import annotations

import datetime as dt

import pytest
from django.contrib.auth.models import User
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone

from deliveries.models import Delivery, Mail
from pipeline import audit, chunks, importing, starting
from pipeline.models import Chunk, Lead, LeadFile, Run, ServiceState, StageRun
from pipeline.stages import upload
from pipeline.states import RunStatus
from tests.files import CLOSED, ClosedBucket, keep_files
from tests.flows import nights

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def start() -> Run:
    return starting.start_now(now=timezone.now(), started_by="test")


def try_again() -> None:
    Chunk.objects.filter(status="PENDING").update(next_try_at=None)
    nights.work_off()


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

    def test_is_told_though_its_worker_died_right_after_the_upload(self, delivery, storage):
        (storage / "deliveries").unlink()
        Chunk.objects.filter(status="PENDING").update(next_try_at=None, published_at=None)
        for chunk_id, _ in chunks.take_unpublished():
            chunk = chunks.claim(chunk_id)
            assert chunk is not None
            upload.work(chunk, chunks.Lease(chunk.pk, chunk.attempt))

        nights.work_off()

        delivery.refresh_from_db()
        assert delivery.status == "LOGGED"

    def test_fails_a_delivery_that_killed_every_worker_at_it(self, delivery):
        Chunk.objects.filter(status="PENDING").update(
            status="LEASED", lease_until=timezone.now(), failures=chunks.MAX_FAILURES
        )

        nights.work_off()

        delivery.refresh_from_db()
        assert (delivery.status, delivery.error) == (
            "FAILED",
            "The worker died 4 times while at it.",
        )

    def test_twice_at_the_same_delivery_makes_one_file(self, delivery, storage):
        (storage / "deliveries").unlink()
        try_again()
        Chunk.objects.filter(stage_run__stage="UPLOAD").update(status="PENDING", published_at=None)

        try_again()

        assert len(list((storage / "deliveries").iterdir())) == 2  # one for each client
        assert Mail.objects.count() == 2


class Bucket(FileSystemStorage):
    """Answers `open`, and breaks off while it is read as long as it is `away`."""

    away = False

    def _open(self, name, mode="rb"):
        found = super()._open(name, mode)  # type: ignore[misc]  # not in the stubs
        return Broken(found) if self.away else found


class Broken(File[bytes]):
    def read(self, *_args):
        raise ConnectionResetError("the bucket hung up")


class TestABucketThatIsAwayDuringTheImport:
    @pytest.fixture
    def run(self, settings, storage, monkeypatch):
        keep_files(settings, storage, Bucket)
        nights.make_agency()
        monkeypatch.setattr(Bucket, "away", True)
        return start()

    def test_has_the_file_wait_uncharged_and_go_on(self, run, monkeypatch):
        for _ in range(2 * chunks.MAX_FAILURES):
            ServiceState.objects.update(open_until=None)
            try_again()
        waiting = Chunk.objects.get()
        monkeypatch.setattr(Bucket, "away", False)

        ServiceState.objects.update(open_until=None)
        try_again()

        run.refresh_from_db()
        assert (waiting.status, waiting.failures) == ("PENDING", 0)
        assert "does not give files (the bucket hung up)" in waiting.error
        assert (run.status, Delivery.objects.count()) == (RunStatus.DONE, 2)

    def test_late_in_a_long_stage_has_the_file_wait_as_well(self, run):
        StageRun.objects.update(started_at=timezone.now() - dt.timedelta(days=1))

        try_again()

        assert (LeadFile.objects.get().status, Chunk.objects.get().status) == (
            "IMPORTING",
            "PENDING",
        )

    def test_keeps_nobody_from_stopping_the_file(self, run):
        nights.work_off()
        lead_file = LeadFile.objects.get()

        importing.stop(lead_file, by="ida")
        try_again()

        run.refresh_from_db()
        lead_file.refresh_from_db()
        assert (run.status, lead_file.status) == (RunStatus.DONE, "CHECKED")
        assert audit.run()["ok"]

    def test_for_longer_than_a_stage_waits_leaves_the_file_to_the_next_run(
        self, run, settings, monkeypatch, client
    ):
        settings.STAGE_PATIENCE_MINUTES = 0

        try_again()

        run.refresh_from_db()
        lead_file = LeadFile.objects.get()
        assert (run.status, lead_file.status) == (RunStatus.DONE, "QUEUED")
        client.force_login(User.objects.create_superuser("ida"))
        shown = client.get(f"/admin/pipeline/leadfile/{lead_file.pk}/change/").content.decode()
        assert "</b> The file storage does not give files (the bucket hung up)." in shown
        assert "The next run tries again." in shown
        monkeypatch.setattr(Bucket, "away", False)
        ServiceState.objects.update(open_until=None)
        second = starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()
        second.refresh_from_db()
        lead_file.refresh_from_db()
        assert (lead_file.status, lead_file.error, lead_file.run) == ("IMPORTED", "", second)
        assert (second.status, Delivery.objects.count()) == (RunStatus.DONE, 2)
        assert audit.run(deep=True)["ok"]

    def test_of_an_account_that_may_not_use_it_leaves_the_file_to_the_next_run(
        self, settings, storage
    ):
        nights.make_agency()
        keep_files(settings, storage, ClosedBucket)

        run = start()
        nights.work_off()

        run.refresh_from_db()
        lead_file = LeadFile.objects.get()
        assert (run.status, lead_file.status) == (RunStatus.DONE, "QUEUED")
        assert lead_file.error == CLOSED


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

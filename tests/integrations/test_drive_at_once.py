"""Many deliveries at once: as many as there are slots, over all workers, and no folder twice."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from deliveries.models import Delivery, DriveFolder
from pipeline import chain, chunks, slots, tasks, together
from pipeline.models import Chunk
from pipeline.states import Stage
from tests.factories import (
    ClientFactory,
    DeliveredLeadFactory,
    RunFactory,
    StageRunFactory,
)
from tests.files import keep_files

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def _quiet(monkeypatch, settings, tmp_path):
    monkeypatch.setattr("pipeline.tasks.publish", lambda: None)
    keep_files(settings, tmp_path)


def planned(deliveries: int, **delivery) -> list[Chunk]:
    """Chunks of the stage upload, due, in a run that is over."""
    run = RunFactory.create()
    stage_run = StageRunFactory.create(run=run, stage="UPLOAD")
    made = [
        DeliveredLeadFactory.create(delivery__run=run, delivery__rows=1, **delivery).delivery
        for _ in range(deliveries)
    ]
    chunks.add(stage_run, [chunks.Slice(ref_id=each.pk) for each in made])
    return list(stage_run.chunks.order_by("pk"))


def in_threads(*works) -> None:
    """All of them at once, each with a connection of its own, as in workers of their own."""
    barrier = threading.Barrier(len(works))

    def begin(work) -> None:
        barrier.wait()
        try:
            work()
        finally:
            connection.close()

    threads = [threading.Thread(target=begin, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class TestOneHint:
    def test_wakes_as_many_threads_as_there_are_slots(self, drive, settings):
        settings.DRIVE_CONCURRENCY = 4
        first, *_ = planned(12)
        drive.latency = 0.1

        tasks.upload(chunk_id=first.pk)

        assert set(Delivery.objects.values_list("status", flat=True)) == {"UPLOADED"}
        assert drive.busiest == 4
        assert len(drive.made) == 12

    def test_does_one_after_another_where_there_is_one_slot(self, drive, settings):
        settings.DRIVE_CONCURRENCY = 1
        first, *_ = planned(3)

        tasks.upload(chunk_id=first.pk)

        assert drive.busiest == 1
        assert Delivery.objects.filter(status="UPLOADED").count() == 3

    def test_that_finds_all_slots_taken_leaves_its_chunk_to_those_who_hold_them(
        self, drive, settings
    ):
        settings.DRIVE_CONCURRENCY = 1
        first, *_ = planned(1)

        with slots.slot(Stage.UPLOAD, of=1) as mine:
            in_threads(lambda: tasks.upload(chunk_id=first.pk))

        first.refresh_from_db()
        assert (mine, first.status, first.attempt) == (True, "PENDING", 0)

    def test_for_what_another_has_done_does_what_else_is_due(self, drive, settings):
        first, second = planned(2)
        Chunk.objects.filter(pk=first.pk).update(status="DONE")

        tasks.upload(chunk_id=first.pk)

        second.refresh_from_db()
        assert second.status == "DONE"

    def test_that_runs_out_of_time_has_the_others_hinted_at_again(
        self, drive, settings, monkeypatch
    ):
        settings.DRIVE_CONCURRENCY = 1
        monkeypatch.setattr(together, "TAKES_UP_FOR", 0.01)
        first, second = planned(2)
        chunks.take_unpublished()

        tasks.upload(chunk_id=first.pk)

        second.refresh_from_db()
        assert (second.status, second.published_at) == ("PENDING", None)

    def test_survives_a_thread_that_dies(self, drive, settings, monkeypatch, caplog):
        first, *_ = planned(3)
        main = threading.current_thread()
        known = chain.perform

        def perform(chunk_id):
            if threading.current_thread() is not main:
                raise RuntimeError("out of luck")
            return known(chunk_id)

        monkeypatch.setattr(chain, "perform", perform)
        tasks.upload(chunk_id=first.pk)

        assert Delivery.objects.filter(status="UPLOADED").count() == 3
        assert "a thread died" in caplog.text


class TestTwoWorkers:
    def test_together_hold_no_more_slots_than_there_are(self, drive, settings):
        settings.DRIVE_CONCURRENCY = 3
        first, second, *_ = planned(12)
        drive.latency = 0.05

        in_threads(
            lambda: tasks.upload(chunk_id=first.pk), lambda: tasks.upload(chunk_id=second.pk)
        )

        assert drive.busiest == 3
        assert Delivery.objects.filter(status="UPLOADED").count() == 12
        assert len(drive.made) == 12

    def test_that_need_a_clients_folder_at_once_make_one(self, drive):
        client = ClientFactory.create(name="Acme")
        works = [planned(1, delivery__client=client)[0] for _ in range(4)]
        drive.latency = 0.02

        in_threads(*[lambda chunk=chunk: chain.perform(chunk.pk) for chunk in works])

        assert sorted(drive.folders) == [
            "Deliveries", "Deliveries/Acme", "Deliveries/Acme/2026", "Deliveries/Acme/2026/2026-03",
        ]  # fmt: skip
        assert DriveFolder.objects.count() == 3
        assert len(drive.made) == 4
        assert Delivery.objects.filter(status="UPLOADED").count() == 4


class TestASlot:
    def test_is_free_again_once_its_holder_has_died(self):
        def dies() -> None:
            held = slots.slot("anything", of=1)
            assert held.__enter__()

        in_threads(dies)

        with slots.slot("anything", of=1) as free:
            assert free

    def test_of_one_name_is_none_of_another(self):
        with slots.slot("one", of=1):

            def other() -> None:
                with slots.slot("one", of=1) as same, slots.slot("two", of=1) as another:
                    found.extend([same, another])

            found: list[bool] = []
            in_threads(other)

        assert found == [False, True]

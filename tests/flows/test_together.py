"""Slots and crews: so many at once over all workers, and no hint lost that came too early."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from pipeline import chunks, slots, together
from pipeline.models import Chunk
from pipeline.states import Stage
from tests.factories import ChunkFactory, StageRunFactory


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestASlot:
    def free_elsewhere(self, of: int) -> bool:
        """Whether another connection gets a slot now."""
        found: list[bool] = []

        def ask() -> None:
            with slots.slot("upload", of=of) as free:
                found.append(free)
            connections.close_all()

        thread = threading.Thread(target=ask)
        thread.start()
        thread.join()
        return found[0]

    def test_is_taken_while_it_is_held_and_free_again_after(self):
        with slots.slot("upload", of=1) as mine:
            assert mine
            assert not self.free_elsewhere(of=1)
            assert self.free_elsewhere(of=2)

        assert self.free_elsewhere(of=1)


@pytest.mark.django_db
class TestATiredCrew:
    def test_asks_for_hints_anew_for_what_it_leaves(self, monkeypatch):
        chunk = ChunkFactory.create(
            stage_run=StageRunFactory.create(stage="UPLOAD"), status="PENDING"
        )
        assert chunks.take_unpublished() == [(chunk.pk, "UPLOAD")]
        monkeypatch.setattr(together, "TAKES_UP_FOR", 0)

        together.perform(Stage.UPLOAD, chunk.pk, at_once=1)

        assert Chunk.objects.get().published_at is None

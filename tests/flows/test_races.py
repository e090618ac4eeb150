"""Several people, processes or hosts do the same thing at the same moment: one of them does it."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from typing import TypeVar

import pytest
from django.db import connection
from django.utils import timezone

from pipeline import chain, chunks, runs, starting
from pipeline.models import Chunk, Run
from tests.flows import nights

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

T = TypeVar("T")
RACERS = 8


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def race(act: Callable[[], T]) -> list[T | Exception]:
    """What each of RACERS threads, let go at once on connections of their own, got."""
    gate = threading.Barrier(RACERS)
    found: list[T | Exception] = []

    def run() -> None:
        try:
            connection.ensure_connection()
            gate.wait()
            found.append(act())
        except Exception as error:  # noqa: BLE001  (it is what this racer got)
            found.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(RACERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


class TestStartingTheSameNight:
    def test_at_once_gives_one_run(self):
        nights.make_agency()
        day = timezone.now().date() - dt.timedelta(days=1)

        found = race(lambda: starting.start_as_of(day, now=timezone.now(), started_by="test").pk)

        assert found == [Run.objects.get().pk] * RACERS

    def test_by_tick_and_by_hand_gives_one_run_and_says_which(self):
        found = race(lambda: starting.start_now(now=timezone.now(), started_by="test").pk)

        started = [one for one in found if isinstance(one, int)]
        refused = [one.run.pk for one in found if isinstance(one, runs.RunIsActive)]
        assert started == [Run.objects.get().pk]
        assert refused == started * (RACERS - 1)


class TestClaimingAChunk:
    def test_at_once_has_one_winner(self):
        nights.make_agency()
        starting.start_now(now=timezone.now(), started_by="test")
        chunk = Chunk.objects.get()

        found = race(lambda: chunks.claim(chunk.pk))

        assert sum(one is not None for one in found) == 1
        assert Chunk.objects.get().attempt == 1


class TestDoingAChunk:
    def test_at_once_does_its_work_once(self):
        nights.make_agency()
        run = starting.start_now(now=timezone.now(), started_by="test")
        chunk = Chunk.objects.get()

        found = race(lambda: chain.perform(chunk.pk))

        assert (found.count(True), found.count(False)) == (1, RACERS - 1)
        assert run.leads.count() == 7
        assert [stage.stage for stage in run.stage_runs.order_by("pk")] == ["VALIDATE", "DEDUPE"]

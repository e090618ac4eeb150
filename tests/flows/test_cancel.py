"""Cancelling a run while workers are at it: what they commit counts, what they do besides is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from deliveries.models import Delivery
from pipeline import audit, chain, drafting, judging, market, runs, starting
from pipeline.models import Chunk, Draft, Lead, Run
from pipeline.stages import validate
from tests.flows import nights

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def started() -> Run:
    return starting.start_now(now=timezone.now(), started_by="test")


def until(run: Run, stage: str) -> Chunk:
    """Work the run off up to that stage; returns the first chunk of it."""
    while (row := run.stage_runs.latest("pk")).stage != stage:
        chain.perform(row.chunks.open().earliest("pk").pk)
    return row.chunks.open().earliest("pk")


def aside(work: Callable[[], object]) -> threading.Thread:
    """Begin it in a thread that has a connection of its own."""

    def go() -> None:
        try:
            work()
        finally:
            connections.close_all()

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def test_waits_for_the_worker_that_allocates_and_is_refused_then(monkeypatch):
    nights.make_agency()
    run = started()
    chunk = until(run, "ALLOCATE")
    said: list[str] = []
    begun: list[threading.Thread] = []

    def cancel() -> None:
        try:
            runs.cancel(run.pk)
        except runs.NotPossible as refusal:
            said.append(str(refusal))

    solve = market.Market.allocate

    def slowly(self):
        begun.append(aside(cancel))
        begun[0].join(1)
        return solve(self)

    monkeypatch.setattr(market.Market, "allocate", slowly)
    chain.perform(chunk.pk)
    begun[0].join()

    assert said == [f"Run {run.pk} has promised leads to clients; let it deliver them."]
    nights.work_off()
    run.refresh_from_db()
    assert run.status == "DONE"
    assert list(run.deliveries.values_list("status", flat=True)) == ["LOGGED", "LOGGED"]


def test_of_a_file_half_read_leaves_the_rest_to_the_next_run(monkeypatch):
    monkeypatch.setattr(judging, "SLICE_ROWS", 2)
    nights.make_agency()
    run = started()
    following: list[Run] = []
    store = validate.store

    def and_cancel(*arguments, **named):
        store(*arguments, **named)
        if not following:
            runs.cancel(run.pk)
            following.append(started())

    monkeypatch.setattr(validate, "store", and_cancel)
    chain.perform(until(run, "VALIDATE").pk)
    nights.work_off()

    found = Lead.objects.order_by("record").values_list("record", "status", "reason")
    assert list(found) == nights.LEADS
    assert set(Lead.objects.values_list("run", flat=True)) == {following[0].pk}
    assert audit.run()["ok"]


def test_lets_no_more_drafts_be_written(monkeypatch):
    nights.make_agency()
    run = started()
    chunk = until(run, "PERSONALIZE")
    expected = drafting.expected

    def and_cancel(chunk):
        runs.cancel(run.pk)
        return expected(chunk)

    monkeypatch.setattr(drafting, "expected", and_cancel)
    chain.perform(chunk.pk)

    assert not Draft.objects.exists()
    assert not Delivery.objects.exists()


def test_says_so_where_a_worker_does_not_come_to_an_end():
    nights.make_agency()
    run = started()
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            list(Chunk.objects.select_for_update().order_by("pk"))
            held.set()
            done.wait(30)

    worker = aside(hold)
    try:
        held.wait(30)
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        with pytest.raises(runs.NotPossible, match="cancel it in a minute"):
            runs.cancel(run.pk)
    finally:
        done.set()
        worker.join()
        connection.close()  # with its short patience

    run.refresh_from_db()
    assert run.status == "RUNNING"

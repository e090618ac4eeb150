"""The chain as Celery sees it: hints that are sent or lost, and a worker's pulse."""

from __future__ import annotations

import datetime as dt

import pytest
from celery.signals import worker_ready
from django.db import OperationalError
from django.utils import timezone

from leadgen.celery import app
from pipeline import chunks, pulse, services, starting, tasks
from pipeline.models import Chunk, Heartbeat, Run
from pipeline.states import RunStatus
from tests.flows import nights
from tests.flows.conftest import until

pytestmark = pytest.mark.django_db


def start() -> Run:
    return starting.start_now(now=timezone.now(), started_by="test")


def first_chunk() -> Chunk:
    return Chunk.objects.order_by("pk")[0]


class TestTheBrokerAway:
    @pytest.fixture(autouse=True)
    def _nobody_there(self, monkeypatch):
        monkeypatch.setitem(app.conf, "broker_url", "redis://127.0.0.1:1/0")
        monkeypatch.setitem(
            app.conf, "broker_transport_options", {"max_retries": 0, "socket_connect_timeout": 1}
        )
        monkeypatch.setattr(app.amqp, "_producer_pool", None)
        monkeypatch.setattr(app, "_pool", None)

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
        monkeypatch.setattr(tasks, "wake", lambda: None)
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


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestPulse:
    @pytest.fixture
    def beating(self, settings):
        settings.TICK_SECONDS = 0.01
        pulse.start(lambda: None)
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

    def test_sends_the_hints_that_a_dead_beat_sends_no_more(self, settings, monkeypatch):
        settings.TICK_SECONDS = 0.01
        sent = []
        monkeypatch.setattr(tasks.validate, "apply_async", lambda **message: sent.append(message))
        nights.make_agency()
        start()
        Heartbeat.objects.filter(name="tick").delete()

        worker_ready.send(sender=None)
        try:
            until(lambda: sent)
        finally:
            pulse.stop()

        assert sent[0]["kwargs"] == {"chunk_id": first_chunk().pk}

    def test_does_not_begin_under_another_suppression_key(self, settings):
        services.check_suppression_key()
        settings.SUPPRESSION_KEY = "another-key-entirely-" * 3

        with pytest.raises(SystemExit, match="SUPPRESSION_KEY differs"):
            pulse.start(lambda: None)

        assert services.live_workers() == []

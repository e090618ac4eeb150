"""`log_deliveries`: what Notion lacks is entered once, and its rows can be written anew."""

from __future__ import annotations

import threading

import pytest
from django.db import connection

from deliveries.models import Delivery
from pipeline import logbook, slots
from pipeline.models import Chunk
from tests.factories import ChunkFactory, DeliveryFactory, RunFactory, StageRunFactory
from tests.flows import commands
from tests.integrations import notion_double
from tests.integrations.notion_double import Fault

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def double(settings, monkeypatch):
    monkeypatch.setattr(logbook, "PER_SECOND", 1_000)
    monkeypatch.setattr("pipeline.tasks.publish", lambda: None)
    with notion_double.in_use(settings) as found:
        yield found


class TestLogDeliveries:
    def test_enters_what_was_made_before_notion_was_set_up_once(self, double):
        DeliveryFactory.create_batch(3, status="LOGGED")
        DeliveryFactory.create(status="UPLOADED")

        code, found = commands.ask("log_deliveries")
        again = commands.ask("log_deliveries")

        assert (code, found) == (0, {"entered": 3, "again": 0, "retried": 0, "missing": 0})
        assert again == (0, {"entered": 0, "again": 0, "retried": 0, "missing": 0})
        assert len(double.rows()) == 3

    def test_writes_rows_anew_where_told_so(self, double):
        DeliveryFactory.create(status="LOGGED")
        commands.ask("log_deliveries")
        Delivery.objects.update(rows=7)

        code, found = commands.ask("log_deliveries", "--again")

        assert (code, found["again"], found["entered"]) == (0, 1, 0)
        assert [row["Leads"] for row in double.rows()] == [7]

    def test_hands_what_notion_refused_to_the_workers_again(self):
        run = RunFactory.create()
        delivery = DeliveryFactory.create(run=run, status="NOTIFIED")
        Delivery.objects.update(status="FAILED", error="Notion refused the row.")
        stage_run = StageRunFactory.create(run=run, stage="LOG")
        ChunkFactory.create(stage_run=stage_run, ref_id=delivery.pk, status="FAILED", failures=1)

        code, found = commands.ask("log_deliveries")

        assert (code, found["retried"]) == (0, 1)
        assert (Chunk.objects.get().status, Chunk.objects.get().failures) == ("PENDING", 0)
        assert Delivery.objects.get().status == "NOTIFIED"

    def test_stops_where_notion_is_away_and_says_how_far_it_came(self, double):
        DeliveryFactory.create_batch(2, status="LOGGED")
        double.faults = [Fault(503, only="POST pages")]

        code, found = commands.ask("log_deliveries")

        assert code == 2
        assert found == {
            "error": "Notion is out of order (503).",
            "hint": "0 were entered; run it again later.",
        }

    def test_goes_past_a_row_that_notion_refuses(self, double):
        DeliveryFactory.create_batch(2, status="LOGGED")
        double.faults = [Fault(400, "validation_error", only="POST pages")]

        code, found = commands.ask("log_deliveries")

        assert (code, found["entered"], found["missing"]) == (1, 1, 1)

    def test_is_one_at_a_time_for_two_would_each_make_every_row(self, double):
        DeliveryFactory.create(status="LOGGED")
        taken, ended = threading.Event(), threading.Event()

        def hold():
            with slots.slot("log_deliveries", of=1):
                taken.set()
                ended.wait(30)
            connection.close()

        other = threading.Thread(target=hold)
        other.start()
        taken.wait(30)
        code, found = commands.ask("log_deliveries")
        ended.set()
        other.join()

        assert (code, found["hint"]) == (2, "Run it again once that has ended.")
        assert double.rows() == []

    def test_makes_no_row_that_a_worker_has_made_since_it_looked(self, double):
        DeliveryFactory.create(status="LOGGED")
        seen = Delivery.objects.get()
        commands.ask("log_deliveries")

        logbook.enter(seen)

        assert len(double.rows()) == 1

    def test_says_that_notion_is_not_set_up(self, settings):
        settings.NOTION_INTEGRATION_SECRET = ""

        code, found = commands.ask("log_deliveries")

        assert (code, found["error"]) == (2, "Notion is not set up.")

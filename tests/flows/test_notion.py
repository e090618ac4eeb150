"""Deliveries in Notion: one row each, whatever goes wrong on the way; and never a condition."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.utils import timezone

from deliveries.models import Delivery, Mail
from leadgen.integrations import notion
from pipeline import audit, logbook, postroom, retrying, services, starting
from pipeline.models import Chunk, Run, ServiceState, StageRun
from pipeline.states import LostRace
from tests.factories import DeliveryFactory
from tests.flows import mail_server, nights
from tests.integrations import notion_double
from tests.integrations.notion_double import Fault

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
    monkeypatch.setattr(notion, "CONFLICT_PAUSES", (0, 0, 0))
    monkeypatch.setattr(logbook, "PER_SECOND", 1_000)


@pytest.fixture
def double(settings):
    with notion_double.in_use(settings) as found:
        yield found


def night() -> Run:
    nights.make_agency()
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    run.refresh_from_db()
    return run


def try_again() -> None:
    Chunk.objects.filter(status="PENDING").update(next_try_at=None)
    ServiceState.objects.update(open_until=None)
    nights.work_off()


def statuses() -> list[str]:
    return list(Delivery.objects.order_by("client__name").values_list("status", flat=True))


def keys(double) -> list[str]:
    return sorted(row["Key"] for row in double.rows())


class TestANight:
    def test_makes_a_row_for_each_delivery(self, double):
        run = night()

        (franken, germania) = sorted(double.rows(), key=lambda row: row["Client"])
        assert statuses() == ["LOGGED", "LOGGED"]
        assert (franken["Client"], franken["Leads"], franken["Template"]) == ("Franken", 2, 2)
        assert franken["Delivery"] == f"Franken, {run.local_date}"
        assert germania["Mails"] == "1 of 1 sent"
        assert germania["Run"] == run.pk
        assert audit.run()["ok"]

    def test_holds_nothing_of_a_lead_nor_a_link_that_opens_the_file(self, double):
        night()

        said = str(double.pages)
        assert "bolt-works" not in said
        assert "/files/" not in said
        assert "/admin/deliveries/delivery/" in said

    def test_without_an_account_is_logged_by_ourselves(self):
        night()

        assert statuses() == ["LOGGED", "LOGGED"]
        assert not Delivery.objects.exclude(notion_key="").exists()


class TestALostAnswer:
    @pytest.mark.parametrize(
        "fault",
        [
            pytest.param(Fault(commits=True, only="POST pages"), id="drop after"),
            pytest.param(Fault(only="POST pages"), id="drop before"),
            pytest.param(Fault(503, commits=True, only="POST pages"), id="503 after"),
            pytest.param(Fault(503, only="POST pages"), id="503 before"),
        ],
    )
    def test_leaves_one_row_in_the_end(self, double, fault):
        double.faults = [fault]
        night()
        assert sorted(statuses()) == ["LOGGED", "NOTIFIED"]
        late = Chunk.objects.get(stage_run__stage="LOG", status="PENDING")
        assert late.next_try_at is not None
        assert 8 < (late.next_try_at - timezone.now()).total_seconds() <= 10

        try_again()

        assert statuses() == ["LOGGED", "LOGGED"]
        assert len(keys(double)) == len(set(keys(double))) == 2
        assert all(Delivery.objects.values_list("notion_page_id", flat=True))

    def test_is_asked_for_before_another_create(self, double):
        double.faults = [Fault(commits=True, only="POST pages")]
        night()
        double.asked.clear()

        try_again()

        assert [asked.split("/")[0] for asked in double.asked] == ["POST data_sources"]

    def test_is_asked_for_by_the_worker_that_takes_a_dead_one_over(self, double):
        """It died after the row was made, and before it wrote that down."""
        delivery = DeliveryFactory.create(status="NOTIFIED")
        logbook.enter(delivery)
        Delivery.objects.update(notion_page_id="")
        delivery.refresh_from_db()

        logbook.enter(delivery)

        assert len(double.rows()) == 1
        delivery.refresh_from_db()
        assert delivery.notion_page_id in double.pages

    def test_no_row_is_made_by_a_worker_that_was_taken_over(self, double):
        def lost():
            raise LostRace("taken over")

        with pytest.raises(LostRace):
            logbook.enter(DeliveryFactory.create(status="NOTIFIED"), hold=lost)

        assert double.rows() == []


class TestAPause:
    def test_is_kept_by_everybody_and_the_worker_is_released(self, double, settings):
        settings.STAGE_PATIENCE_MINUTES = 0
        double.faults = [Fault(429, "rate_limited", {"Retry-After": "300"}, only="POST pages")]

        run = night()
        nights.work_off()

        run.refresh_from_db()
        assert (run.status, statuses()) == ("DONE", ["WAITING", "WAITING"])
        assert len([asked for asked in double.asked if asked == "POST pages"]) == 1
        state = ServiceState.objects.get(service="notion")
        assert state.open_until is not None
        assert 290 < (state.open_until - timezone.now()).total_seconds() <= 300

        try_again()

        assert statuses() == ["LOGGED", "LOGGED"]
        assert len(double.rows()) == 2
        assert Mail.objects.filter(kind="DELIVERY", status="SENT").count() == 2

    @pytest.mark.alone
    def test_spaces_requests_out_over_all_workers(self):
        began = time.monotonic()
        for _ in range(4):
            services.pace("notion", per_second=20)

        assert 0.14 < time.monotonic() - began < 1


class TestARefusal:
    def test_fails_the_row_says_what_to_do_and_nothing_is_held_up(self, double, settings):
        settings.NOTION_INTEGRATION_SECRET = "wrong"

        run = night()

        assert (run.status, statuses()) == ("DONE", ["FAILED", "FAILED"])
        delivery = Delivery.objects.first()
        assert "refused NOTION_INTEGRATION_SECRET" in delivery.error
        assert "The client has its file and its mail" in delivery.error
        assert Mail.objects.filter(kind="DELIVERY", status="SENT").count() == 2
        assert StageRun.objects.get(stage="LOG").reasons == {"failed": 2}
        assert "NOTION_INTEGRATION_SECRET" in ServiceState.objects.get(service="notion").last_error

        notion_double.use(settings, double)
        for delivery in Delivery.objects.all():
            retrying.try_again(delivery.pk)
        try_again()

        assert statuses() == ["LOGGED", "LOGGED"]
        assert len(double.rows()) == 2
        assert Mail.objects.filter(kind="DELIVERY").count() == 2
        assert ServiceState.objects.get(service="notion").failures == 0

    def test_of_another_shape_names_the_columns(self, double):
        del double.types["Key"]

        night()

        assert "Key (rich_text) is missing" in Delivery.objects.first().error
        assert "doctor --fix-notion" in Delivery.objects.first().error


class TestMailAndNotionDownOverNight:
    @pytest.fixture
    def server(self, settings):
        with mail_server.in_use(settings) as found:
            yield found

    def test_both_nights_end_and_are_finished_once_when_they_return(self, double, server, settings):
        settings.STAGE_PATIENCE_MINUTES = 0
        settings.OPERATOR_EMAILS = ["ida@agency.example"]
        settings.EMAIL_PORT, settings.NOTION_BASE_URL = 1, "http://127.0.0.1:1"
        first = night()
        nights.work_off()
        nights.take_in(nights.CSV.replace("@", "2@"), name="second.csv")
        second = starting.start_now(now=timezone.now() + dt.timedelta(days=1), started_by="test")
        nights.work_off()
        nights.work_off()
        for run in (first, second):
            run.refresh_from_db()
            assert run.status == "DONE"
        assert set(statuses()) == {"WAITING"}
        assert len(statuses()) == 4

        settings.EMAIL_PORT = server.port
        settings.NOTION_BASE_URL = double.url
        for _ in range(3):
            try_again()
            postroom.send()

        assert set(statuses()) == {"LOGGED"}
        told = server.recipients()
        assert told.count("leads@germania.com") == told.count("leads@franken.com") == 2
        assert told.count("ida@agency.example") == 2  # a digest of each run
        assert len(keys(double)) == len(set(keys(double))) == 4
        assert audit.run()["ok"]

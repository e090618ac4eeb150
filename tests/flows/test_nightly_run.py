"""The night from file to mail, driven in one process."""

from __future__ import annotations

import csv
import datetime as dt
import io

import pytest
from django.conf import settings
from django.core.files.storage import default_storage
from django.utils import timezone

from clients.models import Client, Suppression
from deliveries.models import DeliveredLead, Delivery, Mail
from pipeline import audit, chain, chunks, report, retrying, runs, starting
from pipeline.models import Chunk, Draft, Lead, LeadFile, Run, RunClient, StageRun
from tests.flows import nights

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def night() -> Run:
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    run.refresh_from_db()
    return run


def rows_of(delivery: Delivery) -> list[dict[str, str]]:
    with default_storage.open(delivery.storage_name) as stored:
        return list(csv.DictReader(io.StringIO(stored.read().decode("utf-8-sig"), newline="")))


class TestANight:
    def test_takes_the_file_through_all_seven_stages(self):
        nights.make_agency()

        found = report.run_object(night())

        assert found["status"] == "DONE"
        assert [
            (stage["stage"], stage["seen"], stage["kept"], stage["dropped"])
            for stage in found["stages"]
        ] == [
            ("validate", 9, 7, {"bad_email": 1, "blank": 1}),
            ("dedupe", 7, 5, {"dup_file": 1, "suppressed_global": 1}),
            ("personalize", 5, 4, {"waiting_capacity": 1}),
            ("allocate", 5, 4, {"filter": 1}),
            ("upload", 2, 2, {}),
            ("notify", 2, 2, {}),
            ("log", 2, 2, {}),
        ]
        assert found["drafts"] == {"ai": 0, "template": 4, "human": 0}
        assert found["open_deliveries"] == 0

    def test_says_of_every_record_where_it_is_and_why(self):
        nights.make_agency()

        night()

        assert (
            list(Lead.objects.order_by("record").values_list("record", "status", "reason"))
            == nights.LEADS
        )
        assert (
            sorted(DeliveredLead.objects.values_list("client__name", "lead__record"))
            == nights.DELIVERED
        )

    def test_delivers_a_file_with_the_agreed_header_and_a_labelled_draft(self):
        nights.make_agency()

        night()

        rows = rows_of(Delivery.objects.get(client__name="Germania"))
        assert list(rows[0]) == [
            "email", "first_name", "last_name", "company", "title", "website", "linkedin_url",
            "phone", "subject", "body", "icebreaker", "lead_id", "delivered_at",
        ]  # fmt: skip
        assert [row["email"] for row in rows] == ["ann@acme-pipes.com", "bob@bolt-works.com"]
        assert "Ann" in rows[0]["body"]
        assert "Germania mends what others throw away." in rows[0]["body"]
        assert len({row["delivered_at"] for row in rows}) == 1
        assert set(Draft.objects.values_list("source", "reason")) == {("TEMPLATE", "no_ai_account")}

    def test_mails_each_address_once_with_the_link(self):
        nights.make_agency()
        Client.objects.filter(name="Germania").update(emails=["a@germania.com", "b@germania.com"])

        night()

        assert sorted(Mail.objects.values_list("recipient", "status", "begins")) == [
            ("a@germania.com", "SENT", 1),
            ("b@germania.com", "SENT", 1),
            ("leads@franken.com", "SENT", 1),
        ]
        mail = Mail.objects.get(recipient="a@germania.com")
        eml = settings.EMAIL_FILE_PATH / f"{mail.message_id.strip('<>')}.eml"
        text = eml.read_text()
        assert f"Message-ID: {mail.message_id}" in text
        assert "/files/" in text
        assert "not by AI" in text

    def test_freezes_what_each_client_was_promised(self):
        nights.make_agency()

        night()

        kept = RunClient.objects.get(client__name="Germania")
        assert (kept.left, kept.placed) == (2, 2)
        assert kept.windows[0] == {"window": "day", "cap": 2, "used": 0, "left": 2}

    def test_leaves_every_invariant_whole(self):
        nights.make_agency()

        night()

        found = audit.run(deep=True)
        assert [check for check in found["checks"] if check["violations"]] == []

    def test_without_a_file_ends_done_with_zeros(self):
        found = report.run_object(night())

        assert found["status"] == "DONE"
        assert {stage["seen"] for stage in found["stages"]} == {0}
        assert found["deliveries"] == []


class TestASecondRunOnTheSameDay:
    def test_passes_no_cap_and_sells_nobody_twice(self):
        nights.make_agency()
        night()
        nights.take_in(nights.CSV.replace("Gwen", "Hugo").replace("gwen", "hugo"), "more.csv")

        second = report.run_object(night())

        stages = {stage["stage"]: stage for stage in second["stages"]}
        assert stages["dedupe"]["dropped"] == {"dup_db": 5, "suppressed_global": 1}
        assert stages["allocate"]["kept"] == 0
        assert Delivery.objects.count() == 2

    def test_on_the_next_day_the_caps_are_new(self):
        nights.make_agency()
        night()
        more = nights.CSV.replace("Ann", "Hal").replace("ann@", "hal@").replace("ANN@", "HAL@")
        nights.take_in(more, "more.csv")

        run = starting.start_now(now=timezone.now() + dt.timedelta(days=1), started_by="test")
        nights.work_off()

        assert run.deliveries.get().client.name == "Germania"
        assert run.deliveries.get().rows == 1


class TestStartingTwice:
    def test_the_same_request_gives_one_run(self):
        first = starting.start_now(now=timezone.now(), started_by="a", request_key="form-1")

        second = starting.start_now(now=timezone.now(), started_by="b", request_key="form-1")

        assert first == second
        assert Run.objects.count() == 1

    def test_another_request_is_told_which_run_is_under_way(self):
        first = starting.start_now(now=timezone.now(), started_by="a")

        with pytest.raises(runs.RunIsActive, match=f"Run {first.pk} is in progress"):
            starting.start_now(now=timezone.now(), started_by="b")

    def test_a_night_that_was_is_not_run_again(self):
        day = timezone.now().date() - dt.timedelta(days=1)
        first = starting.start_as_of(day, now=timezone.now(), started_by="a")
        nights.work_off()

        assert starting.start_as_of(day, now=timezone.now(), started_by="b") == first

    @pytest.mark.parametrize(
        ("days", "sentence"),
        [pytest.param(1, "has not come yet", id="future"),
         pytest.param(-9, "lies before the latest run", id="before the latest run")],
    )  # fmt: skip
    def test_a_night_that_cannot_be_is_refused(self, days, sentence):
        starting.start_now(now=timezone.now(), started_by="a")
        nights.work_off()

        with pytest.raises(starting.BadDate, match=sentence):
            starting.start_as_of(
                timezone.now().date() + dt.timedelta(days=days),
                now=timezone.now(),
                started_by="b",
            )


class TestAsOfADay:
    DAY = dt.date(2026, 3, 2)
    MOMENT = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)

    def test_is_nightly_at_of_that_day_from_that_moment_on(self):
        assert starting.moment_of(self.DAY, now=self.MOMENT) == self.MOMENT

    def test_is_refused_as_long_as_that_moment_has_not_come(self):
        a_minute_before = self.MOMENT - dt.timedelta(minutes=1)

        with pytest.raises(starting.BadDate, match="02:00 of 2026-03-02, in UTC, has not come yet"):
            starting.moment_of(self.DAY, now=a_minute_before)


class TestSuppressedBetweenAllocateAndUpload:
    def test_is_not_in_the_file_and_frees_the_slot(self):
        nights.make_agency()
        starting.start_now(now=timezone.now(), started_by="test")
        while not Delivery.objects.exists():
            nights.step()
        Suppression.objects.add([nights.key_of("ann@acme-pipes.com")])

        nights.work_off()

        rows = rows_of(Delivery.objects.get(client__name="Germania"))
        assert [row["email"] for row in rows] == ["bob@bolt-works.com"]
        assert DeliveredLead.objects.get(lead__record=1).status == "WITHDRAWN"
        assert Lead.objects.get(record=1).status == "SUPPRESSED"
        assert audit.run(deep=True)["ok"]

    def test_a_delivery_that_nobody_is_left_in_is_withdrawn_without_file_or_mail(self):
        nights.make_agency()
        starting.start_now(now=timezone.now(), started_by="test")
        while not Delivery.objects.exists():
            nights.step()
        for address in ("ann@acme-pipes.com", "bob@bolt-works.com"):
            Suppression.objects.add([nights.key_of(address)])

        nights.work_off()

        delivery = Delivery.objects.get(client__name="Germania")
        assert (delivery.status, delivery.rows, delivery.storage_name) == ("WITHDRAWN", 0, "")
        assert not delivery.mails.exists()
        upload = Run.objects.get().stage_runs.get(stage="UPLOAD")
        assert (upload.seen, upload.kept, upload.reasons) == (2, 1, {"withdrawn": 1})
        assert audit.run(deep=True)["ok"]


class TestQueuedAfterTheRunOpened:
    def test_belongs_to_the_next_run(self):
        starting.start_now(now=timezone.now(), started_by="test")
        late = nights.take_in()

        nights.work_off()

        assert LeadFile.objects.get(pk=late.pk).status == "QUEUED"


class TestDeliveredAgainWhileOthersAreUploaded:
    def test_is_refused_so_that_each_delivery_is_counted_once(self):
        nights.until(lambda: Chunk.objects.filter(stage_run__stage="UPLOAD").exists())
        first, second = (chunk_id for chunk_id, _ in chunks.take_unpublished())
        chain.perform(first)

        with pytest.raises(runs.NotPossible, match="is still uploading"):
            retrying.deliver_again(Delivery.objects.get(status="UPLOADED").pk)
        chain.perform(second)

        upload = StageRun.objects.get(stage="UPLOAD")
        assert (upload.status, upload.seen) == ("DONE", 2)

"""A client paused or ended while a night is under way: what has no file yet is released."""

from __future__ import annotations

import datetime as dt
import threading
import zoneinfo
from collections.abc import Callable

import pytest
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.utils import timezone

from clients.models import Client, Plan
from deliveries.models import DeliveredLead, Delivery, Mail
from deliveries.promises import promises_of
from pipeline import audit, chunks, explaining, market, starting
from pipeline.admin import leads, timeline
from pipeline.models import Chunk, Lead, Run
from pipeline.stages import upload
from tests import factories as make
from tests.flows import nights

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]

DAY = dt.timedelta(days=1)
YESTERDAY, TOMORROW = timezone.now().date() - DAY, timezone.now().date() + DAY
OUT_OF_SERVICE = [
    pytest.param({"status": "PAUSED"}, id="paused"),
    pytest.param({"paused_until": TOMORROW}, id="paused until"),
    pytest.param({"status": "ENDED"}, id="ended"),
    pytest.param({"ends_on": YESTERDAY}, id="after its last day"),
    pytest.param({"starts_on": TOMORROW}, id="put off"),
]
BACK = {"status": "ACTIVE", "paused_until": None, "ends_on": None, "starts_on": None}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


def start() -> Run:
    return starting.start_now(now=timezone.now(), started_by="test")


def have(**columns: object) -> Client:
    """As an operator would at the desk."""
    Client.objects.filter(name="Germania").update(**columns)
    return Client.objects.get(name="Germania")


def of_germania(run: Run) -> Delivery:
    return Delivery.objects.get(run=run, client__name="Germania")


def held_by_germania() -> list[tuple[str, str]]:
    rows = DeliveredLead.objects.filter(client__name="Germania").order_by("pk")
    return [(row.status, row.reason) for row in rows]


def assert_released(run: Run) -> None:
    delivery = of_germania(run)
    assert (delivery.status, delivery.rows, delivery.storage_name) == ("WITHDRAWN", 0, "")
    assert not Mail.objects.filter(delivery=delivery).exists()
    rows = delivery.delivered_leads.values_list("status", "reason", "delivered_at")
    assert list(rows) == [("WITHDRAWN", "released", None)] * 2
    stock = Lead.objects.filter(record__in=(1, 2)).values_list("status", "reason")
    assert list(stock) == [("READY", "released")] * 2
    assert audit.run(deep=True)["ok"]


class TestBeforeTheFileIsMade:
    @pytest.mark.parametrize("columns", OUT_OF_SERVICE)
    def test_releases_all_that_was_promised(self, columns):
        run = nights.until(Delivery.objects.exists)
        have(**columns)

        nights.work_off()

        assert_released(run)
        found = run.stage_runs.get(stage="UPLOAD")
        assert (found.seen, found.kept, found.reasons) == (2, 1, {"released": 1})
        assert Delivery.objects.get(client__name="Franken").status == "LOGGED"
        assert len(default_storage.listdir("deliveries")[1]) == 1

    @pytest.mark.parametrize(
        ("zone", "becomes"), [("Etc/GMT+12", "LOGGED"), ("Pacific/Kiritimati", "WITHDRAWN")]
    )
    def test_reckons_by_the_clients_own_day(self, zone, becomes):
        """It is a day later in Kiritimati than at GMT+12, at any hour."""
        run = nights.until(Delivery.objects.exists)
        last = timezone.localdate(timezone=zoneinfo.ZoneInfo("Etc/GMT+12"))
        have(time_zone=zone, ends_on=last)

        nights.work_off()

        assert of_germania(run).status == becomes

    @pytest.mark.parametrize(
        "columns",
        [
            pytest.param({"paused_until": YESTERDAY}, id="a pause that is over"),
            pytest.param({"delivery_days": []}, id="a day that is none of its delivery days"),
        ],
    )
    def test_is_no_release(self, columns):
        run = nights.until(Delivery.objects.exists)
        have(**columns)

        nights.work_off()

        assert of_germania(run).status == "LOGGED"

    def test_counts_in_no_cap(self):
        nights.until(Delivery.objects.exists)
        client = have(status="PAUSED")

        nights.work_off()

        assert promises_of([client], timezone.now())[client.pk].window("day").used == 0

    def test_leaves_somebody_suppressed_to_the_list(self):
        nights.until(Delivery.objects.exists)
        have(status="PAUSED")
        make.SuppressionFactory.create(key=nights.key_of("ann@acme-pipes.com"))

        nights.work_off()

        assert held_by_germania() == [("WITHDRAWN", "suppressed"), ("WITHDRAWN", "released")]
        assert Lead.objects.get(record=1).status == "SUPPRESSED"
        assert audit.run()["ok"]

    def test_leaves_a_lead_to_whoever_else_holds_it(self):
        run = nights.until(Delivery.objects.exists)
        Lead.objects.filter(record=1).update(max_clients=2)
        DeliveredLead.objects.filter(lead__record=1).update(exclusive=False)
        franken = Delivery.objects.get(client__name="Franken")
        lead = Lead.objects.get(record=1)
        make.DeliveredLeadFactory.create(
            delivery=franken, lead=lead, key=lead.key, exclusive=False, allocated_at=run.as_of
        )
        have(status="PAUSED")

        nights.work_off()

        assert Lead.objects.get(record=1).status == "DELIVERED"
        assert Lead.objects.get(record=2).status == "READY"


class TestOnceItsFileIsMade:
    def test_it_gets_it_all_the_same(self, monkeypatch):
        run = nights.until(Delivery.objects.exists)

        def pauses(*arguments, **columns):
            kept(*arguments, **columns)
            have(status="PAUSED")

        kept = upload.keep
        monkeypatch.setattr(upload, "keep", pauses)

        nights.work_off()

        assert of_germania(run).status == "LOGGED"
        assert Mail.objects.filter(delivery=of_germania(run), status="SENT").exists()


class TestWhileStorageIsAway:
    @pytest.fixture
    def run(self, storage, settings):
        settings.STAGE_PATIENCE_MINUTES = 0
        run = nights.until(Delivery.objects.exists)
        (storage / "deliveries").write_text("in the way of the directory")
        nights.work_off()
        nights.work_off()
        assert of_germania(run).status == "WAITING"
        return run

    def test_is_released_when_its_turn_comes(self, run, storage):
        assert DeliveredLead.objects.exclude(delivered_at=None).exists()  # it had begun
        have(status="PAUSED")
        (storage / "deliveries").unlink()
        Chunk.objects.filter(status="PENDING").update(next_try_at=None)

        nights.work_off()

        assert_released(run)
        assert Delivery.objects.get(client__name="Franken").status == "LOGGED"

    def test_does_not_go_on_after_a_worker_died_in_between(self, run, storage, monkeypatch):
        """Released is released: what was said once holds, whoever holds the lead by then."""
        (storage / "deliveries").unlink()
        Chunk.objects.filter(status="PENDING").update(next_try_at=None)
        have(status="PAUSED")
        withdraw, calls = upload.withdraw, []

        def dies_once(*arguments):
            calls.append(arguments)
            if len(calls) == 1:
                raise OSError("out of memory")
            withdraw(*arguments)

        monkeypatch.setattr(upload, "withdraw", dies_once)
        nights.work_off()
        Lead.objects.filter(record=2).update(status="EXPIRED", reason="too_old")
        Chunk.objects.filter(status="PENDING").update(next_try_at=None)

        nights.work_off()

        assert len(calls) == 2
        assert of_germania(run).status == "WITHDRAWN"
        assert Lead.objects.get(record=2).status == "EXPIRED"


class TestOnceItIsActiveAgain:
    @pytest.fixture
    def runs(self) -> tuple[Run, Run]:
        first = nights.until(Delivery.objects.exists)
        have(status="PAUSED")
        nights.work_off()
        have(**BACK)
        return first, start()

    def test_it_is_given_the_same_leads(self, runs):
        nights.work_off()

        assert of_germania(runs[1]).status == "LOGGED"
        assert held_by_germania() == [("WITHDRAWN", "released")] * 2 + [("DELIVERED", "")] * 2
        assert audit.run(deep=True)["ok"]

    def test_the_stock_has_nothing_against_it(self, runs):
        found = market.refusals_of(Client.objects.get(name="Germania"), timezone.now())

        assert "dup_client" not in found

    def test_but_never_a_third_time(self, runs):
        nights.work_off()
        DeliveredLead.objects.active().update(status="RETURNED")
        Lead.objects.filter(status="DELIVERED").update(status="READY", reason="")
        Plan.objects.update(cap_day=9)

        start()
        nights.work_off()

        assert Lead.objects.get(record=1).reason == "dup_client"
        assert len(held_by_germania()) == 4

    def test_explains_either_night(self, runs):
        nights.work_off()
        ann = "ann@acme-pipes.com"

        told = {run: explaining.story(ann, run=run).as_json() for run in runs}

        first, second = (
            {row["client"]: row for row in told[run]["clients"]}["Germania"] for run in runs
        )
        assert (first["taken"], second["taken"]) == (False, True)
        assert first["rule"] == "released"
        assert first["detail"] == (
            f"given to it in run {runs[0].pk}; released, as the client was paused, ended or put off"
            " before its file was made"
        )
        assert second["detail"] == f"given to it in run {runs[1].pk}"
        assert [(row["run"], row["status"]) for row in told[runs[1]]["deliveries"]] == [
            (runs[0].pk, "WITHDRAWN"), (runs[1].pk, "DELIVERED"),
        ]  # fmt: skip

    def test_a_later_night_that_did_not_place_it_speaks_for_itself(self, runs):
        have(cap_day=0)
        nights.work_off()

        assert explaining.latest_run_for(Lead.objects.get(record=1)) == runs[1]
        found = explaining.story("ann@acme-pipes.com", run=None).as_json()
        assert {row["client"]: row["rule"] for row in found["clients"]} == {
            "Franken": "filter", "Germania": "cap_day",
        }  # fmt: skip

    def test_its_page_tells_both(self, runs):
        nights.work_off()
        lead = Lead.objects.get(record=1)
        given = list(lead.delivered_leads.select_related("delivery", "client", "run"))

        events = timeline.story(lead, given)

        assert [each.title for each in events].count("Delivered") == 1
        assert "released, as the client was paused" in events[-1].words
        assert leads.lead_context(lead)["verdict"] == "Delivered to 1 client."


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestAtTheSameMoment:
    """Of two transactions the later one sees what the earlier has done."""

    @pytest.fixture
    def shared(self) -> list[DeliveredLead]:
        """One lead, promised to two clients."""
        first = make.DeliveredLeadFactory.create(exclusive=False)
        second = make.DeliveredLeadFactory.create(
            exclusive=False, lead=first.lead, key=first.key, delivery__run=first.run
        )
        return [first, second]

    def lease_of(self, row: DeliveredLead) -> chunks.Lease:
        stage_run, _ = row.run.stage_runs.get_or_create(
            stage="UPLOAD", defaults={"status": "RUNNING"}
        )
        chunk = make.ChunkFactory.create(
            stage_run=stage_run, ref_id=row.delivery_id, status="PENDING"
        )
        claimed = chunks.claim(chunk.pk)
        assert claimed is not None
        return chunks.Lease(claimed.pk, claimed.attempt)

    def during(self, act: Callable[[], object], row: DeliveredLead) -> object:
        """What settling the row gives that begins after `act`, and before that is committed."""
        lease, found = self.lease_of(row), []

        def other() -> None:
            try:
                found.append(upload.settle(row.delivery, lease))
            finally:
                connection.close()

        thread = threading.Thread(target=other)
        with transaction.atomic():
            act()
            thread.start()
            while thread.is_alive() and not is_kept_waiting():
                thread.join(0.05)
        thread.join()
        return found[0]

    def test_a_pause_that_is_about_to_be_committed_counts(self, shared):
        row = shared[0]

        found = self.during(
            lambda: Client.objects.filter(pk=row.client_id).update(status="PAUSED"), row
        )

        assert found is None

    def test_a_shared_lead_that_both_lose_is_in_stock_again(self, shared):
        Client.objects.update(status="PAUSED")
        first = self.lease_of(shared[0])

        self.during(lambda: upload.settle(shared[0].delivery, first), shared[1])

        assert Lead.objects.get().status == "READY"


def is_kept_waiting() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])

"""Nights that deliver to Google Drive, and what they make of its bad days."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from clients.models import Client, Plan, Suppression
from deliveries.models import Delivery, DriveFolder, Mail
from pipeline import audit, retrying, runs, starting
from pipeline.models import Chunk, Run, ServiceState
from pipeline.states import RunStatus
from tests.flows import nights
from tests.integrations.drive_double import FOLDER, ROOT

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("storage")]


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)


@pytest.fixture
def agency(drive):
    nights.make_agency()
    Client.objects.filter(name="Germania").update(emails=["a@germania.com", "b@germania.com"])
    return drive


def start() -> Run:
    return starting.start_now(now=timezone.now(), started_by="test")


def night() -> Run:
    run = start()
    nights.work_off()
    return run


def try_again() -> None:
    """As if the pauses were over."""
    ServiceState.objects.update(open_until=None)
    Chunk.objects.filter(status="PENDING").update(next_try_at=None)
    nights.work_off()


def of(name: str) -> Delivery:
    return Delivery.objects.select_related("client").get(client__name=name)


def assert_each_was_served_once(drive, nights: int = 1) -> None:
    """Exactly one file a delivery, one right an address, one mail an address, nothing lost."""
    deliveries = list(Delivery.objects.select_related("client"))
    assert len(deliveries) == 2 * nights
    assert {delivery.status for delivery in deliveries} == {"LOGGED"}
    assert {each.error for each in deliveries} == {""}
    assert sorted(each["appProperties"]["delivery"] for each in drive.made) == sorted(
        str(delivery.pk) for delivery in deliveries
    )
    for delivery in deliveries:
        assert sorted(drive.readers(delivery.drive_file_id)) == sorted(delivery.client.emails)
        assert sorted(
            Mail.objects.filter(delivery=delivery, status="SENT").values_list(
                "recipient", flat=True
            )
        ) == sorted(delivery.client.emails)
    paths = drive.folders
    assert len(paths) == len(set(paths)) == 1 + 2 * 3
    assert audit.run(deep=True)["ok"]


class TestANight:
    def test_puts_each_file_into_its_clients_folder_of_the_month(self, agency):
        run = night()

        month = f"{run.local_date:%Y/%Y-%m}"
        assert sorted(agency.path_of(each) for each in agency.made) == [
            f"Deliveries/{name}/{month}/{name.lower()}_{run.local_date}_{of(name).pk}.csv"
            for name in ("Franken", "Germania")
        ]
        assert_each_was_served_once(agency)

    def test_mails_drives_link(self, agency):
        night()

        assert of("Germania").link == (
            f"https://drive.example/file/d/{of('Germania').drive_file_id}/view"
        )

    def test_keeps_the_same_bytes_in_our_own_storage(self, agency, storage):
        night()

        delivery = of("Germania")
        assert (storage / delivery.storage_name).read_bytes() == agency.content[
            delivery.drive_file_id
        ]

    def test_after_another_uses_the_same_folders(self, agency):
        night()
        nights.take_in(nights.CSV.replace("@", "@two-"), name="more.csv")
        Plan.objects.update(cap_day=4)
        night()

        assert_each_was_served_once(agency, nights=2)
        assert DriveFolder.objects.count() == 6

    def test_leaves_a_client_that_wants_our_own_link_alone(self, agency):
        Client.objects.filter(name="Germania").update(place="LINK")

        night()

        assert len(agency.made) == 1
        assert "/files/" in of("Germania").link
        assert of("Germania").drive_file_id == ""

    def test_opens_a_file_to_anyone_where_the_client_wants_that(self, agency):
        Client.objects.filter(name="Germania").update(access="ANYONE")

        night()

        assert agency.readers(of("Germania").drive_file_id) == ["anyone"]

    def test_lets_addresses_in_for_so_many_days(self, agency):
        Client.objects.filter(name="Germania").update(access_days=30)

        night()

        (first, _) = agency.rights[of("Germania").drive_file_id]
        ends = dt.datetime.fromisoformat(first["expirationTime"])
        assert abs(ends - timezone.now() - dt.timedelta(days=30)) < dt.timedelta(minutes=5)
        assert of("Germania").note == ""

    def test_notes_what_drive_did_not_allow(self, agency):
        agency.ends_allowed = False
        Client.objects.filter(name="Germania").update(access_days=30)

        night()

        assert "a@germania.com may read the file without an end" in of("Germania").note


FAULTS = [
    pytest.param({}, id="dropped before"),
    pytest.param({"after": True}, id="dropped after"),
    pytest.param({"status": 503, "reason": "backendError"}, id="503"),
]
CALLS = [
    pytest.param("files.generateIds", 0, id="the file's id"),
    pytest.param("files.generateIds", 1, id="a folder's id"),
    pytest.param("files.create", 0, id="the client's folder"),
    pytest.param("files.create", 2, id="the month's folder"),
    pytest.param("files.create", 3, id="the file"),
    pytest.param("permissions.list", 0, id="the list of rights"),
    pytest.param("permissions.create", 0, id="the first right"),
    pytest.param("permissions.create", 1, id="the second right"),
]


class TestOneBadAnswer:
    @pytest.mark.parametrize("fault", FAULTS)
    @pytest.mark.parametrize(("method", "skip"), CALLS)
    def test_anywhere_costs_a_moment_and_nothing_else(self, agency, method, skip, fault):
        agency.fail(method, skip=skip, **fault)

        night()
        try_again()

        assert agency.faults == type(agency.faults)()
        assert_each_was_served_once(agency)


class TestALongBadDay:
    def test_trips_the_breaker_so_that_drive_is_left_in_peace(self, agency):
        agency.fail("files.generateIds", times=99, status=503, reason="backendError")

        night()
        for _ in range(6):
            Chunk.objects.filter(status="PENDING").update(next_try_at=None)
            nights.work_off()

        assert agency.methods().count("files.generateIds") == 0
        assert len(agency.faults) == 99 - 5
        assert ServiceState.objects.filter(service="drive", open_until__gt=timezone.now()).exists()
        assert Chunk.objects.filter(stage_run__stage="UPLOAD", failures=0).count() == 2
        agency.faults.clear()
        try_again()
        assert_each_was_served_once(agency)

    def test_with_a_long_retry_after_is_waited_for_by_all(self, agency):
        agency.fail("files.generateIds", status=429, headers={"Retry_After": "7200"})

        night()

        first, second = Chunk.objects.filter(stage_run__stage="UPLOAD").order_by("pk")
        assert first.next_try_at is not None
        hours = (first.next_try_at - timezone.now()).total_seconds() / 3600
        assert 1.9 < hours < 2.1
        assert second.error.startswith("drive has not answered of late")
        assert "files.generateIds" not in agency.methods()
        try_again()
        assert_each_was_served_once(agency)

    def test_of_one_file_holds_up_no_other_clients_mail(self, agency):
        run = start()
        agency.fail("permissions.create", status=500)
        while not Delivery.objects.exists():
            nights.step()
        Chunk.objects.filter(stage_run__stage="UPLOAD").update(attempt=7)

        nights.work_off()

        run.refresh_from_db()
        assert run.status == RunStatus.DONE
        assert sorted(Delivery.objects.values_list("status", flat=True)) == ["LOGGED", "WAITING"]
        assert "busy" in Delivery.objects.get(status="WAITING").error
        try_again()
        assert_each_was_served_once(agency)


class TestARefusal:
    def test_for_want_of_room_fails_with_the_fix_and_is_made_up_for_by_hand(self, agency):
        agency.fail("files.create", times=9, status=403, reason="storageQuotaExceeded")

        run = night()

        run.refresh_from_db()
        assert run.status == RunStatus.DONE
        assert {each.status for each in Delivery.objects.all()} == {"FAILED"}
        assert "A service account owns no storage" in of("Germania").error
        assert not Mail.objects.exists()
        agency.faults.clear()
        for delivery in Delivery.objects.all():
            retrying.try_again(delivery.pk)
        nights.work_off()
        assert_each_was_served_once(agency)

    def test_of_the_key_fails_and_waits_for_a_person(self, agency):
        agency.fail("token", times=9, status=400, reason="invalid_grant")

        night()

        assert "does not accept GOOGLE_DRIVE_CREDENTIALS" in of("Germania").error
        assert of("Germania").status == "FAILED"

    def test_of_one_folder_fails_one_delivery_and_delays_no_other(self, agency):
        night()
        gone = DriveFolder.objects.get(client__name="Germania", path="")
        month = DriveFolder.objects.get(client__name="Germania", path__contains="/")
        for each in (gone, month):
            del agency.files[each.drive_id]
        nights.take_in(nights.CSV.replace("@", "@two-"), name="more.csv")
        Plan.objects.update(cap_day=4)

        run = night()

        failed = Delivery.objects.get(run=run, client__name="Germania")
        assert (failed.status, Delivery.objects.get(run=run, client__name="Franken").status) == (
            "FAILED", "LOGGED",
        )  # fmt: skip
        assert "The folder of Germania is gone from Drive" in failed.error
        retrying.try_again(failed.pk)
        nights.work_off()
        failed.refresh_from_db()
        assert failed.status == "LOGGED"
        assert agency.path_of(agency.files[failed.drive_file_id]).startswith("Deliveries/Germania/")

    def test_that_other_bytes_are_there_is_told_and_made_anew_by_hand(self, agency):
        agency.fail("files.create", skip=3, after=True)
        night()
        begun = Chunk.objects.get(stage_run__stage="UPLOAD", status="PENDING").ref
        first = agency.files[Delivery.objects.get(pk=begun).drive_file_id]
        agency.content[first["id"]] = b"somebody wrote into it"
        Chunk.objects.filter(status="PENDING").update(next_try_at=None)

        nights.work_off()

        delivery = Delivery.objects.get(status="FAILED")
        assert "holds other bytes on Drive" in delivery.error
        assert delivery.drive_file_id == ""
        del agency.files[first["id"]]
        retrying.try_again(delivery.pk)
        nights.work_off()
        assert_each_was_served_once(agency)


class TestDriveDownAllNight:
    """Stages close within their patience; the next night is not held up; nobody is served twice."""

    def test_both_nights_are_finished_once_it_is_back(self, agency, settings, time_machine):
        agency.down = True
        settings.STAGE_PATIENCE_MINUTES = 0
        first = night()
        nights.work_off()
        first.refresh_from_db()
        assert first.status == RunStatus.DONE
        assert set(first.deliveries.values_list("status", flat=True)) == {"WAITING"}
        assert all("drive" in each.error.lower() for each in first.deliveries.all())

        nights.take_in(nights.CSV.replace("@", "@two-"), name="more.csv")
        Plan.objects.update(cap_day=4)
        second = night()
        nights.work_off()
        second.refresh_from_db()
        assert second.status == RunStatus.DONE
        assert set(second.deliveries.values_list("status", flat=True)) == {"WAITING"}
        assert agency.made == []

        agency.down = False
        try_again()
        assert_each_was_served_once(agency, nights=2)
        for run in (first, second):
            assert run.stage_runs.get(stage="UPLOAD").reasons == {"waiting": 2}

    def test_who_opts_out_meanwhile_is_not_in_the_file(self, agency, settings):
        agency.down = True
        settings.STAGE_PATIENCE_MINUTES = 0
        night()
        nights.work_off()
        ann = of("Germania").delivered_leads.order_by("lead")[0]
        Suppression.objects.add([ann.key])

        agency.down = False
        try_again()

        assert of("Germania").rows == 1
        assert b"ann@acme-pipes.com" not in agency.content[of("Germania").drive_file_id]

    def test_a_client_that_is_paused_meanwhile_gets_no_file_and_no_mail(self, agency, settings):
        agency.down = True
        settings.STAGE_PATIENCE_MINUTES = 0
        night()
        nights.work_off()
        Client.objects.filter(name="Germania").update(status="PAUSED")

        agency.down = False
        try_again()

        assert (of("Germania").status, of("Germania").rows) == ("WITHDRAWN", 0)
        assert [each["appProperties"]["delivery"] for each in agency.made] == [
            str(of("Franken").pk)
        ]
        assert not Mail.objects.filter(delivery=of("Germania")).exists()
        assert audit.run(deep=True)["ok"]

    def test_a_person_may_turn_to_our_own_link(self, agency, settings):
        agency.down = True
        settings.STAGE_PATIENCE_MINUTES = 0
        night()
        nights.work_off()
        Client.objects.update(place="LINK")

        for delivery in Delivery.objects.all():
            retrying.try_again(delivery.pk)
        nights.work_off()

        assert set(Delivery.objects.values_list("status", flat=True)) == {"LOGGED"}
        assert audit.run(deep=True)["ok"]


class TestTryAgain:
    def test_is_for_what_failed_or_waits(self, agency):
        night()

        with pytest.raises(runs.NotPossible, match="neither failed nor waits"):
            retrying.try_again(of("Germania").pk)

    def test_is_not_for_what_a_worker_is_at(self, agency):
        agency.fail("files.create", times=9, status=403, reason="storageQuotaExceeded")
        night()
        Chunk.objects.filter(status="FAILED").update(
            status="LEASED", lease_until=timezone.now() + dt.timedelta(minutes=1)
        )

        with pytest.raises(runs.NotPossible, match="A worker is at delivery"):
            retrying.try_again(of("Germania").pk)

    def test_of_a_mail_that_failed_goes_on_there(self, agency):
        night()
        delivery = of("Germania")
        Chunk.objects.filter(stage_run__stage="NOTIFY", ref_id=delivery.pk).update(
            status="FAILED", error="Every address was refused."
        )
        Delivery.objects.filter(pk=delivery.pk).update(status="FAILED", error="x")

        retrying.try_again(delivery.pk)

        assert of("Germania").status == "UPLOADED"
        nights.work_off()
        assert of("Germania").status == "NOTIFIED"


class TestDeliverAgain:
    def test_puts_the_same_bytes_back_for_the_addresses_of_today(self, agency, storage):
        night()
        before = of("Germania")
        del agency.files[before.drive_file_id]
        Client.objects.filter(name="Germania").update(emails=["c@germania.com"])

        retrying.deliver_again(before.pk)
        nights.work_off()

        after = of("Germania")
        assert after.status == "LOGGED"
        assert after.drive_file_id != before.drive_file_id
        assert agency.content[after.drive_file_id] == (storage / before.storage_name).read_bytes()
        assert agency.readers(after.drive_file_id) == ["c@germania.com"]
        assert Mail.objects.filter(delivery=before).count() == 2

    def test_of_a_file_that_is_there_adds_only_who_is_new(self, agency):
        night()
        before = of("Germania")
        Client.objects.filter(name="Germania").update(emails=["a@germania.com", "c@germania.com"])

        retrying.deliver_again(before.pk)
        nights.work_off()

        assert agency.readers(before.drive_file_id) == [
            "a@germania.com", "b@germania.com", "c@germania.com",
        ]  # fmt: skip
        assert len(agency.made) == 2

    def test_that_is_refused_says_so_and_changes_nothing_else(self, agency):
        night()
        Client.objects.filter(name="Germania").update(emails=["c@germania.com"])
        agency.fail("permissions.create", times=2, status=400, reason="invalidSharingRequest")

        retrying.deliver_again(of("Germania").pk)
        nights.work_off()

        assert of("Germania").status == "LOGGED"
        assert "no Google account" in of("Germania").error
        retrying.deliver_again(of("Germania").pk)
        nights.work_off()
        assert of("Germania").error == ""
        assert audit.run()["ok"]

    def test_is_for_what_has_been_delivered(self, agency):
        agency.down = True
        night()

        with pytest.raises(runs.NotPossible, match="has not been delivered yet"):
            retrying.deliver_again(of("Germania").pk)


def test_the_root_is_where_the_operator_said(agency):
    night()

    tops = [each for each in agency.files.values() if each.get("parents") == [ROOT]]
    assert {each["mimeType"] for each in tops} == {FOLDER}
    assert sorted(each["name"] for each in tops) == ["Franken", "Germania"]

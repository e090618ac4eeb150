"""Each invariant is shown to fire: its violation is planted in the real schema.

Where a constraint guards an invariant the database refuses the planting, which is shown too;
the constraint is dropped, inside the test's transaction, to show that the audit would see it.
"""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from psycopg import sql

from clients.models import Client
from pipeline import audit, clock, services
from pipeline.models import Lead, RunClient
from pipeline.states import Stage
from tests import factories as make
from tests.factories import NOW, Night, complete_run, minutes
from tests.files import ClosedBucket, keep_files
from tests.flows.violations import CASES, again, change, sell, stage_of, windows

pytestmark = pytest.mark.django_db


def broken(*, deep: bool = False) -> dict[str, list[int]]:
    found = audit.run(deep=deep)["checks"]
    return {check["name"]: check["ids"] for check in found if check["violations"]}


def drop(guard: str) -> None:
    """Take a constraint, or the unique index that is one, out of the schema until rollback."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # a pending one would forbid ALTER TABLE
        cursor.execute(
            "SELECT conrelid::regclass::text FROM pg_constraint WHERE conname = %s", [guard]
        )
        table = cursor.fetchone()
        if table is None:
            statement = sql.SQL("DROP INDEX {guard}").format(guard=sql.Identifier(guard))
        else:
            statement = sql.SQL("ALTER TABLE {table} DROP CONSTRAINT {guard}").format(
                table=sql.Identifier(*table), guard=sql.Identifier(guard)
            )
        cursor.execute(statement)


def as_params(cases):
    return [pytest.param(case, id=f"{case.check}-{case.plant.__name__}") for case in cases]


GUARDED = [case for case in CASES if case.guard]
DAWN = dt.datetime(2026, 3, 2, 4, 0, tzinfo=dt.UTC)  # 23:00 of Sunday, 1 March in New York


@pytest.fixture
def night() -> Night:
    return complete_run()


@pytest.fixture
def files(settings, tmp_path):
    """An own, empty file storage."""
    keep_files(settings, tmp_path)
    return tmp_path


class TestEachInvariant:
    def test_holds_of_nothing(self):
        assert broken(deep=True) == {}

    def test_holds_of_a_complete_run(self, night, files):
        make.store_file(night.delivery)

        assert broken(deep=True) == {}

    def test_holds_of_several_nights_of_one_client(self, night):
        complete_run(client=night.client, as_of=NOW + minutes(60))
        complete_run(client=night.client, as_of=NOW + dt.timedelta(days=1))

        assert broken() == {}

    @pytest.mark.parametrize("case", as_params(CASES))
    def test_fires_for_its_own_rows_only(self, case, night):
        if case.guard:
            drop(case.guard)

        violating = case.plant(night)

        assert set(broken()) == {case.check, *case.also}
        assert broken()[case.check] == [violating]

    @pytest.mark.parametrize("case", as_params(GUARDED))
    def test_is_kept_by_its_constraint(self, case, night):
        with pytest.raises(IntegrityError, match=f'"{case.guard}"'), transaction.atomic():
            case.plant(night)

    def test_has_a_violation_that_proves_it(self):
        assert {case.check for case in CASES} == {check.name for check in audit.CHECKS}

    def test_has_a_constraint_or_a_reason_for_none(self):
        assert [
            case.plant.__name__ for case in CASES if bool(case.guard) == bool(case.because)
        ] == []


class TestCaps:
    """Two nights of two leads each, three a window: one window holds both, or it does not."""

    @pytest.mark.parametrize(
        ("window", "first", "second", "zone", "passed"),
        [
            pytest.param("day", NOW, NOW + minutes(21 * 60), "UTC", True, id="same day"),
            pytest.param("day", NOW, NOW + minutes(22 * 60), "UTC", False, id="next midnight"),
            pytest.param("day", NOW, DAWN, "America/New_York", True, id="same day abroad"),
            pytest.param(
                "day", DAWN, DAWN + minutes(60), "America/New_York", False, id="midnight abroad"
            ),
            pytest.param(
                "week", NOW, NOW + dt.timedelta(days=6), "UTC", True, id="Monday to Sunday"
            ),
            pytest.param("week", NOW - minutes(121), NOW, "UTC", False, id="Sunday to Monday"),
            pytest.param(
                "week", DAWN, DAWN + minutes(60), "America/New_York", False, id="Monday abroad"
            ),
            pytest.param(
                "month", NOW, NOW + dt.timedelta(days=29), "UTC", True, id="within a month"
            ),
            pytest.param(
                "month", NOW, NOW + dt.timedelta(days=30), "UTC", False, id="first of the next"
            ),
            pytest.param(
                "total", NOW, NOW + dt.timedelta(days=900), "UTC", True, id="years between"
            ),
            pytest.param("even", NOW, NOW + minutes(60), "UTC", True, id="a day's share"),
            pytest.param("even", NOW, NOW + dt.timedelta(days=1), "UTC", False, id="share anew"),
            pytest.param("money", NOW, NOW + dt.timedelta(days=9), "UTC", True, id="money"),
            pytest.param("money", NOW, NOW + dt.timedelta(days=30), "UTC", False, id="money anew"),
        ],
    )
    def test_are_counted_in_the_clients_own_time(self, window, first, second, zone, passed):
        client = make.ClientFactory.create(time_zone=zone)
        complete_run(client=client, as_of=first)
        later = complete_run(client=client, as_of=second)

        RunClient.objects.update(left=3, windows=windows(**{window: (3, 0, 3)}))

        assert broken() == ({"A11": [later.promise.pk]} if passed else {})

    def test_are_counted_in_the_time_zone_that_each_night_had(self):
        client = make.ClientFactory.create(time_zone="UTC")
        complete_run(client=client, as_of=NOW + minutes(21 * 60))
        complete_run(client=client, as_of=NOW + minutes(22 * 60))
        RunClient.objects.update(left=3, windows=windows(day=(3, 0, 3)))

        change(client, time_zone="America/New_York")

        assert broken() == {}

    def test_that_were_lowered_do_not_accuse_who_gets_nothing_more(self, night):
        night.client.cap_day = 1

        promise = make.RunClientFactory.create(run__status="FAILED", client=night.client)

        assert promise.windows[0] == {"window": "day", "cap": 1, "used": 2, "left": 0}

        assert broken() == {}

    def test_leave_a_closed_client_in_order(self, night):
        client = make.ClientFactory.create(cap_day=5, delivery_days=[])

        promise = make.RunClientFactory.create(run=night.run, client=client)

        assert (promise.closed, promise.left) == ("no_schedule", 0)
        assert broken() == {}

    def test_forget_rows_that_were_withdrawn_since(self, night):
        change(night.given[0], status="WITHDRAWN", reason="suppressed")
        change(night.given[0].lead, status="SUPPRESSED", reason="suppressed_before_delivery")
        change(night.delivery, rows=1)
        make.SuppressionFactory.create(key=night.given[0].key)
        later = complete_run(client=night.client)

        change(later.promise, left=2, windows=windows(day=(3, 1, 2)))

        assert broken() == {}


class TestIsQuietAbout:
    def test_new_leads_of_the_last_run_if_it_failed(self, night):
        file = make.LeadFileFactory.create(run__status="FAILED", status="IMPORTING")

        make.LeadFactory.create(file=file, status="NEW")

        assert broken() == {}

    def test_a_ready_lead_that_no_allocation_has_seen_yet(self, night):
        file = make.LeadFileFactory.create(run__status="FAILED")

        make.LeadFactory.create(file=file, reason="")

        assert broken() == {}

    def test_a_lead_that_had_expired_and_is_met_again(self, night):
        change(night.left_over, reason="")

        make.LeadFactory.create(
            file__run__status="RUNNING",
            file__run__as_of=clock.database_now(),
            status="DUPLICATE",
            twin=night.left_over,
        )

        assert broken() == {}

    def test_a_suppressed_phone_that_a_later_file_filled_in(self, night):
        listed = make.SuppressionFactory.create(kind="PHONE")
        change(night.given[0].lead, phone_key=listed.key)

        make.LeadChangeFactory.create(
            lead=night.given[0].lead,
            before={"phone": "", "phone_key": ""},
            after={"phone": "+49 30 1", "phone_key": str(listed.key)},
            created_at=NOW + minutes(30),
        )

        assert broken() == {}

    def test_the_delivered_lead_of_an_undone_file(self, night):
        file = make.LeadFileFactory.create(status="UNDONE", run=night.run)

        change(night.given[0].lead, file=file)

        assert broken() == {}

    def test_a_lead_sold_again_since_its_client_lost_it(self, night):
        change(night.given[0], status="WITHDRAWN", reason="suppressed")
        change(night.delivery, rows=1)

        sell(night, night.given[0].lead)
        change(night.given[0], exclusive=False)

        assert broken() == {}

    def test_a_run_whose_promises_were_deleted_with_age(self, night):
        night.promise.delete()

        assert broken() == {}

    def test_a_failed_stage_that_counted_only_what_was_planned(self, night):
        planned = {"waiting_capacity": 4}

        make.StageRunFactory.create(run__status="FAILED", status="FAILED", reasons=planned, seen=0)

        assert broken() == {}

    def test_a_lead_that_is_ready_again_since_its_client_gave_it_back(self, night):
        change(night.given[0], status="RETURNED", reason="bounced")

        change(night.given[0].lead, status="READY", reason="returned")

        assert broken() == {}

    def test_an_erased_lead_that_a_client_had_before(self, night):
        blank = make.LeadFactory.create(file=night.file, status="ERASED", key=None)

        change(night.given[0], lead=blank)
        change(night.given[1], lead=None)
        Lead.objects.filter(pk__in=[row.lead_id for row in night.given]).update(
            status="EXPIRED", reason="too_old"
        )

        assert broken() == {}

    def test_a_person_suppressed_after_the_delivery(self, night):
        make.SuppressionFactory.create(key=night.given[0].key, created_at=NOW + minutes(7))

        assert broken() == {}

    def test_a_person_on_another_clients_list(self, night):
        other = make.ClientFactory.create()

        make.SuppressionFactory.create(key=night.given[0].key, client=other)

        assert broken() == {}

    def test_a_mail_that_a_named_person_sends_again(self, night):
        change(night.mail, status="UNKNOWN")

        again(night)

        assert broken() == {}

    def test_a_client_with_two_addresses(self, night):
        make.MailFactory.create(
            delivery=night.delivery, recipient="else@client.example", status="FAILED"
        )

        assert broken() == {}

    def test_a_mail_begun_again_after_a_refusal(self, night):
        change(night.mail, begins=2, refusals=1)

        assert broken() == {}

    def test_a_delivery_that_waits_or_was_withdrawn(self, night):
        for status in ("ALLOCATED", "WAITING", "WITHDRAWN"):
            promise = make.RunClientFactory.create(run=night.run)
            make.DeliveryFactory.create(run=night.run, client=promise.client, status=status)

        assert broken() == {}

    @pytest.mark.parametrize("name", ["tick", "worker:night-shift:17"])
    def test_a_run_under_way_with_a_sign_of_life(self, name, night):
        services.beat(name)

        make.RunFactory.create(status="RUNNING")

        assert broken() == {}

    def test_a_run_that_has_only_just_begun(self, night):
        make.RunFactory.create(status="RUNNING", as_of=clock.database_now() - minutes(2))

        assert broken() == {}

    @pytest.mark.parametrize("left", [-540, 0, project.LEASE_SECONDS])
    def test_a_lease_that_is_fresh_or_ran_out_a_little_while_ago(self, left, night):
        until = clock.database_now() + dt.timedelta(seconds=left)

        make.ChunkFactory.create(
            stage_run=stage_of(night, Stage.LOG), status="LEASED", lease_until=until
        )

        assert broken() == {}

    def test_a_lease_in_a_cancelled_run(self, night):
        make.ChunkFactory.create(stage_run__run__status="CANCELLED", status="LEASED")

        assert broken() == {}


class TestStoredFiles:
    @pytest.mark.parametrize(
        "content", [b"", make.CONTENT[:-1], make.CONTENT.replace(b"ann", b"bob")],
        ids=["empty", "cut short", "another address"],
    )  # fmt: skip
    def test_that_changed_are_found(self, content, night, files):
        make.store_file(night.delivery, content)

        assert broken(deep=True) == {"A16": [night.delivery.pk]}

    def test_that_are_gone_are_found(self, night, files):
        assert broken(deep=True) == {"A16": [night.delivery.pk]}

    def test_are_read_only_if_asked(self, night, files):
        assert "A16" not in {check["name"] for check in audit.run()["checks"]}


class TestCommand:
    def test_prints_the_agreed_object_and_ends_well(self, night, files):
        make.store_file(night.delivery)
        out = io.StringIO()

        call_command("audit", "--json", "--deep", stdout=out)

        found = json.loads(out.getvalue())
        assert found["ok"] is True
        assert [check["name"] for check in found["checks"]] == sorted(
            [*(check.name for check in audit.CHECKS), "A16"]
        )
        assert set(found["checks"][0]) == {"name", "title", "violations", "ids"}

    def test_ends_with_1_and_at_most_20_ids_of_each(self, night):
        wrong = make.LeadFactory.create_batch(21, file=night.file, status="NEW")
        out = io.StringIO()

        with pytest.raises(SystemExit, match="1"):
            call_command("audit", "--json", stdout=out)

        (found,) = [check for check in json.loads(out.getvalue())["checks"] if check["violations"]]
        assert (found["name"], found["violations"]) == ("A06", 21)
        assert found["ids"] == [lead.pk for lead in wrong[:20]]

    def test_shows_a_person_what_is_broken(self, night, capsys):
        change(night.delivery, rows=3)

        with pytest.raises(SystemExit):
            call_command("audit")

        assert "broken: A15" in capsys.readouterr().out

    def test_tells_a_person_that_all_is_well(self, capsys):
        call_command("audit")

        assert f"all {len(audit.CHECKS)} checks hold" in capsys.readouterr().out

    def test_ends_with_2_where_storage_does_not_answer(self, night, files):
        (files / "deliveries").write_text("no folder")
        out = io.StringIO()

        with pytest.raises(SystemExit, match="2"):
            call_command("audit", "--json", "--deep", stdout=out)

        assert "file storage does not give files" in json.loads(out.getvalue())["error"]

    def test_ends_with_2_where_a_bucket_refuses(self, night, settings, tmp_path):
        keep_files(settings, tmp_path, ClosedBucket)
        out = io.StringIO()

        with pytest.raises(SystemExit, match="2"):
            call_command("audit", "--json", "--deep", stdout=out)

        assert json.loads(out.getvalue())["hint"] == "Run `manage.py doctor`."

    def test_counts_by_utc_where_a_time_zone_is_unknown(self, night):
        Client.objects.update(time_zone="Mars/Olympus")
        out = io.StringIO()

        call_command("audit", "--json", stdout=out)

        assert json.loads(out.getvalue())["ok"]

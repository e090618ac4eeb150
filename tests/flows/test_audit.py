"""Each invariant is shown to fire: its violation is planted in the real schema.

Where a constraint guards an invariant the database refuses the planting, which is shown too;
the constraint is dropped, inside the test's transaction, to show that the audit would see it.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from psycopg import sql

from clients.models import Client
from pipeline import audit, clock, services
from pipeline.models import AiBudget, Heartbeat, Lead, RunClient, StageRun
from pipeline.states import Stage
from tests import factories as make
from tests.factories import NOW, Night, complete_run, minutes
from tests.files import keep_files

pytestmark = pytest.mark.django_db

Plant = Callable[[Night], int]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A violation: `guard` names the constraint that refuses it, or `because` says why none."""

    check: str
    plant: Plant
    guard: str
    because: str
    also: tuple[str, ...]  # checks that the same rows break as well


CASES: list[Case] = []


def planted(check: str, guard: str = "", *, because: str = "", also: tuple[str, ...] = ()):
    """Enter a function that plants a violation and returns the id the check must find."""

    def enter(plant: Plant) -> Plant:
        CASES.append(Case(check=check, plant=plant, guard=guard, because=because, also=also))
        return plant

    return enter


# Why no constraint holds what is planted below.
ROWS = "spans several rows or tables; a constraint sees one row, or equal ones"
SUM = "a CHECK cannot sum over a JSON column"
TIME = "comes true by time passing, when nobody writes"
NOT_YET = "a CHECK could hold it; the model has none"


def change(row, **columns) -> int:
    """Past every mutator, as a hand at psql would."""
    pk: int = row.pk
    type(row).objects.filter(pk=pk).update(**columns)
    return pk


def stage_of(night: Night, stage: Stage) -> StageRun:
    return StageRun.objects.get(run=night.run, stage=stage)


def sell(night: Night, lead: Lead, **columns) -> int:
    """One more client gets this lead, in the same run and in good order."""
    client = make.ClientFactory.create()
    make.RunClientFactory.create(run=night.run, client=client, placed=1)
    delivery = make.DeliveryFactory.create(run=night.run, client=client, status="LOGGED", rows=1)
    make.MailFactory.create(delivery=delivery, status="SENT")
    return make.DeliveredLeadFactory.create(delivery=delivery, lead=lead, **columns).pk


def windows(**caps: tuple[int, int, int]) -> list[dict[str, object]]:
    """Frozen windows from name=(cap, used, left)."""
    return [
        {"window": name, "cap": cap, "used": used, "left": left}
        for name, (cap, used, left) in caps.items()
    ]


# Runs and stages


@planted("A01", "pipeline_run_request_key_key")
def one_request_starts_two_runs(night):
    return make.RunFactory.create(status="CANCELLED", request_key=night.run.request_key).pk


@planted("A02", "run_nightly_once_per_date")
def one_date_has_two_nights(night):
    make.RunFactory.create(status="CANCELLED", kind="NIGHTLY")
    return make.RunFactory.create(status="CANCELLED", kind="NIGHTLY").pk


@planted("A03", because=ROWS)
def a_stage_is_skipped(night):
    run = make.RunFactory.create(status="FAILED")
    make.StageRunFactory.create(run=run)
    return make.StageRunFactory.create(run=run, stage="PERSONALIZE", status="FAILED").pk


@planted("A03", because=ROWS)
def a_stage_follows_a_failed_one(night):
    run = make.RunFactory.create(status="FAILED")
    make.StageRunFactory.create(run=run, status="FAILED")
    return make.StageRunFactory.create(run=run, stage="DEDUPE", status="FAILED").pk


@planted("A03", because=ROWS)
def a_stage_starts_before_the_last_one_ended(night):
    begun = stage_of(night, Stage.VALIDATE)
    return change(stage_of(night, Stage.DEDUPE), started_at=begun.started_at)


@planted("A04", "stage_counts_add_up")
def a_stage_saw_more_than_it_kept_and_dropped(night):
    return change(stage_of(night, Stage.DEDUPE), seen=99)


@planted("A04", because=SUM)
def a_stage_dropped_more_than_its_reasons_say(night):
    return change(stage_of(night, Stage.DEDUPE), reasons={"dup_file": 1})


@planted("A05", because=ROWS)
def a_done_run_lacks_its_last_stage(night):
    stage_of(night, Stage.LOG).delete()
    return night.run.pk


@planted("A05", because=ROWS)
def a_done_run_failed_in_its_last_stage(night):
    change(stage_of(night, Stage.LOG), status="FAILED")
    return night.run.pk


# Leads


@planted("A06", because=ROWS)
def a_done_run_leaves_a_lead_new(night):
    return make.LeadFactory.create(file=night.file, status="NEW").pk


@planted("A06", because=ROWS)
def a_failed_runs_new_lead_is_not_taken_up_by_the_next(night):
    file = make.LeadFileFactory.create(run__status="FAILED", status="IMPORTING")
    make.RunFactory.create(status="CANCELLED")
    return make.LeadFactory.create(file=file, status="NEW").pk


@planted("A06", because=ROWS, also=("A13",))
def a_lead_is_ready_while_a_client_holds_it(night):
    return change(night.given[0].lead, status="READY", reason="filter")


@planted("A07", "lead_dropped_says_why")
def a_duplicate_does_not_say_why(night):
    return change(night.duplicate, reason="")


@planted("A07", because=ROWS)
def a_lead_left_over_does_not_say_why(night):
    return change(night.left_over, reason="")


@planted("A07", because=NOT_YET)
def an_expired_lead_does_not_say_why(night):
    return change(night.left_over, status="EXPIRED", reason="")


@planted("A07", "rejection_says_why")
def a_refused_row_does_not_say_why(night):
    return change(night.rejection, code="")


@planted("A08", "lead_one_live_per_key")
def a_person_is_live_twice(night):
    return make.LeadFactory.create(file=night.file, key=night.left_over.key).pk


@planted("A13", because=ROWS)
def a_lead_is_allocated_to_nobody(night):
    return make.LeadFactory.create(file=night.file, status="ALLOCATED").pk


@planted("A13", because=ROWS)
def a_lead_that_a_client_holds_counts_as_suppressed(night):
    return change(night.given[0].lead, status="SUPPRESSED", reason="suppressed_global")


@planted("A13", because=ROWS)
def a_lead_stays_allocated_when_its_client_lost_it(night):
    change(night.delivery, rows=1)
    change(night.given[0], status="WITHDRAWN", reason="suppressed")
    return change(night.given[0].lead, status="ALLOCATED")


@planted("A28", because=NOT_YET)
def an_erased_lead_keeps_its_name(night):
    return make.LeadFactory.create(file=night.file, status="ERASED", last_name="Ashby").pk


@planted("A28", because=NOT_YET)
def an_erased_lead_keeps_a_further_column(night):
    return make.LeadFactory.create(file=night.file, status="ERASED", extras={"notes": "Ann"}).pk


@planted("A28", because=ROWS)
def a_draft_still_names_an_erased_lead(night):
    lead = make.LeadFactory.create(file=night.file, status="ERASED")
    return make.DraftFactory.create(lead=lead).lead_id


@planted("A28", because=NOT_YET)
def an_erased_lead_keeps_its_page(night):
    return make.LeadFactory.create(file=night.file, status="ERASED", linkedin_key="in/ann").pk


@planted("A28", because=ROWS)
def an_image_still_tells_of_an_erased_lead(night):
    lead = make.LeadFactory.create(file=night.file, status="ERASED")
    return make.LeadChangeFactory.create(lead=lead).lead_id


def a_budget(night, **columns) -> AiBudget:
    """Of the run, for one paid call."""
    make.AiCallFactory.create(run=night.run, lead=night.left_over, client=night.client)
    return AiBudget.objects.create(
        scope="RUN", run=night.run, **{"cap_micros": 9_000, "spent_micros": 495, **columns}
    )


@planted("A25", because=ROWS)
def a_budget_knows_less_than_its_calls_cost(night):
    return a_budget(night, spent_micros=494).pk


@planted("A25", because=ROWS)
def calls_cost_more_than_their_cap(night):
    return a_budget(night, cap_micros=494, spent_micros=494).pk


@planted("A25", "ai_budget_is_never_passed")
def a_budget_is_passed(night):
    return change(a_budget(night), cap_micros=494)


@planted("A25", because=ROWS)
def a_call_under_way_is_not_reserved(night):
    book = a_budget(night)
    make.AiCallFactory.create(
        run=night.run, lead=night.left_over, client=night.client, outcome="RESERVED", micros=0
    )
    return book.pk


@planted("A26", because=ROWS)
def a_draft_took_four_calls(night):
    calls = make.AiCallFactory.create_batch(
        4, run=night.run, lead=night.left_over, client=night.client
    )
    return calls[-1].pk


@planted("A30", because=ROWS)
def an_undone_file_left_a_lead(night):
    file = make.LeadFileFactory.create(status="UNDONE", run=night.run)
    return make.LeadFactory.create(file=file).file_id


@planted("A30", because=ROWS)
def an_undone_file_left_a_refused_row(night):
    return make.RejectionFactory.create(file__status="UNDONE", file__run=night.run).file_id


@planted("A30", because=ROWS)
def an_undone_file_left_its_mark_on_a_known_lead(night):
    return make.LeadChangeFactory.create(lead=night.left_over, file__status="UNDONE").file_id


UNCHECKED = "a foreign key would check it row by row, which a third of each import would go into"
NOBODY = 2**40


@planted("A31", because=UNCHECKED)
def a_lead_has_a_run_that_is_not_there(night):
    return change(night.left_over, run=NOBODY)


@planted("A31", because=UNCHECKED)
def a_lead_has_a_twin_that_is_not_there(night):
    return change(night.left_over, twin=NOBODY)


@planted("A31", because=UNCHECKED)
def a_lead_looks_like_one_that_is_not_there(night):
    return change(night.left_over, lookalike=NOBODY)


# Sales and caps


@planted("A09", "lead_one_exclusive_client")
def an_exclusive_sale_is_not_the_only_one(night):
    lead = make.LeadFactory.create(file=night.file, status="DELIVERED", max_clients=2)
    return [sell(night, lead, exclusive=True) for _ in range(2)][-1]


@planted("A09", because=ROWS)
def a_shared_lead_is_sold_too_often(night):
    lead = make.LeadFactory.create(file=night.file, status="DELIVERED", max_clients=2)
    return [sell(night, lead) for _ in range(3)][-1]


@planted("A10", "lead_exclusive_or_shared")
def a_lead_is_sold_exclusively_and_shared(night):
    lead = make.LeadFactory.create(file=night.file, status="DELIVERED", max_clients=2)
    sell(night, lead, exclusive=False)
    return sell(night, lead, exclusive=True)


@planted("A11", "run_client_within_caps")
def a_client_gets_more_than_was_left(night):
    return change(night.promise, left=1, windows=windows(day=(5, 0, 1)))


@planted("A11", because=SUM)
def a_client_gets_more_than_a_frozen_cap(night):
    return change(night.promise, left=3, windows=windows(day=(9, 0, 9), week=(5, 4, 3)))


@planted("A11", because=SUM)
def what_was_left_is_not_the_least_of_the_windows(night):
    return change(night.promise, left=3, windows=windows(day=(9, 0, 9), week=(9, 0, 9)))


@planted("A11", because=ROWS)
def a_client_has_more_rows_than_it_was_given(night):
    return change(night.promise, placed=1)


@planted("A11", because=ROWS)
def rows_carry_another_moment_than_their_run(night):
    night.delivery.delivered_leads.update(allocated_at=NOW - dt.timedelta(days=40))
    return night.promise.pk


@planted("A11", because=ROWS)
def of_two_allocators_neither_saw_the_other(night):
    later = complete_run(client=night.client)
    RunClient.objects.update(left=3, windows=windows(day=(3, 0, 3)))
    return later.promise.pk


@planted("A11", "run_client_closed_gets_nothing")
def a_closed_client_is_given_leads(night):
    return change(night.promise, closed="paused")


@planted("A12", because=ROWS)
def a_delivery_was_never_promised(night):
    return make.DeliveryFactory.create(run=night.run).pk


@planted("A14", "lead_once_per_client")
def a_client_gets_a_person_twice(night):
    return change(night.given[1], key=night.given[0].key)


@planted("A27", because=ROWS)
def a_suppressed_person_is_allocated(night):
    promise = make.RunClientFactory.create(run=night.run, placed=1)
    delivery = make.DeliveryFactory.create(run=night.run, client=promise.client, rows=1)
    given = make.DeliveredLeadFactory.create(delivery=delivery, lead__file=night.file)
    make.SuppressionFactory.create(key=given.key)
    return given.pk


@planted("A27", because=ROWS)
def a_person_on_the_clients_own_list_is_given_to_it(night):
    make.SuppressionFactory.create(key=night.given[0].key, client=night.client)
    return night.given[0].pk


@planted("A27", because=ROWS)
def a_person_suppressed_after_the_allocation_is_in_the_file(night):
    make.SuppressionFactory.create(key=night.given[0].key, created_at=NOW + minutes(2))
    return night.given[0].pk


@planted("A27", because=ROWS)
def a_person_at_a_suppressed_domain_is_delivered(night):
    listed = make.SuppressionFactory.create(kind="DOMAIN")
    change(night.given[0].lead, domain_keys=[uuid.uuid4(), listed.key])
    return night.given[0].pk


@planted("A27", because=ROWS)
def a_person_with_a_suppressed_phone_is_delivered(night):
    listed = make.SuppressionFactory.create(kind="PHONE", client=night.client)
    change(night.given[0].lead, phone_key=listed.key)
    return night.given[0].pk


@planted("A07", because=ROWS)
def a_lead_met_again_was_passed_by(night):
    again = make.LeadFactory.create(file=night.file, status="DUPLICATE", twin=night.left_over)
    return change(again.twin, reason="")


# Deliveries and mails


@planted("A15", because=ROWS)
def a_delivery_counts_a_lead_that_it_does_not_have(night):
    return change(night.delivery, rows=3)


@planted("A15", "delivered_lead_of_a_delivery", also=("A11",))
def a_delivery_holds_another_clients_lead(night):
    change(night.given[0], client=make.ClientFactory.create())
    return night.delivery.pk


@planted("A15", "delivered_lead_of_a_delivery", also=("A11",))
def a_delivery_holds_another_runs_lead(night):
    change(night.given[0], run=make.RunFactory.create(status="CANCELLED"))
    return night.delivery.pk


@planted("A17", "delivery_uploaded_has_a_file")
def an_uploaded_delivery_has_no_hash(night):
    return change(night.delivery, sha256="")


@planted("A17", "delivery_uploaded_has_a_file")
def an_uploaded_delivery_has_no_size(night):
    return change(night.delivery, size=None)


@planted("A17", because=NOT_YET)
def a_delivery_failed_after_its_upload_and_has_no_file(night):
    return change(night.delivery, status="FAILED", storage_name="")


@planted("A17", because=NOT_YET)
def an_uploaded_delivery_does_not_know_when(night):
    return change(night.delivery, uploaded_at=None)


@planted("A19", "mail_once_per_recipient")
def an_address_is_owed_two_first_mails(night):
    return make.MailFactory.create(delivery=night.delivery, status="SENT").delivery_id


@planted("A19", because=ROWS)
def nobody_is_told_of_an_uploaded_delivery(night):
    night.mail.delete()
    return night.delivery.pk


@planted("A19", because=ROWS)
def the_only_mail_about_a_delivery_is_a_second_one(night):
    change(night.mail, supersedes=night.mail, resend_by="ida")
    return night.delivery.pk


@planted("A19", because=ROWS)
def a_delivery_is_announced_before_its_upload(night):
    promise = make.RunClientFactory.create(run=night.run)
    delivery = make.DeliveryFactory.create(run=night.run, client=promise.client)
    return make.MailFactory.create(delivery=delivery).delivery_id


@planted("A20", "mail_begun_once_between_refusals")
def a_mail_was_begun_twice(night):
    return change(night.mail, begins=2)


@planted("A20", because=NOT_YET)
def a_mail_begun_once_is_about_to_be_begun_again(night):
    return change(night.mail, status="PENDING")


@planted("A21", "mail_sent_was_begun")
def a_mail_was_sent_and_never_begun(night):
    return change(night.mail, begins=0)


@planted("A21", "mail_sent_was_begun")
def a_sent_mail_does_not_know_when_it_was_sent(night):
    return change(night.mail, sent_at=None)


@planted("A21", because=NOT_YET)
def a_sent_mail_does_not_know_when_it_was_begun(night):
    return change(night.mail, begun_at=None)


def again(night: Night, **columns) -> int:
    named = {"delivery": night.delivery, "supersedes": night.mail, "resend_by": "ida"}
    return make.MailFactory.create(**{**named, **columns}).pk


@planted("A22", "mail_resend_is_named")
def nobody_answers_for_a_second_mail(night):
    return again(night, resend_by="")


@planted("A22", because=ROWS)
def a_second_mail_goes_to_somebody_else(night):
    return again(night, recipient="else@client.example")


@planted("A22", because=ROWS)
def a_second_mail_is_about_another_delivery(night):
    other = complete_run()
    return again(night, delivery=other.delivery, recipient=night.mail.recipient)


@planted("A22", because=ROWS)
def a_second_mail_is_of_another_step(night):
    return again(night, step=1)


@planted("A22", because=ROWS)
def a_second_mail_is_owed_while_the_first_is_under_way(night):
    change(night.mail, status="SENDING")
    return again(night)


@planted("A22", because=ROWS)
def a_second_mail_is_owed_while_the_first_is_still_to_go(night):
    change(night.mail, status="PENDING", begins=0)
    return again(night)


# Signs of life


@planted("A23", because=TIME)
def a_lease_ran_out_and_nobody_took_the_chunk_over(night):
    stage_run = stage_of(night, Stage.LOG)
    return make.ChunkFactory.create(stage_run=stage_run, status="LEASED").pk


@planted("A24", because=TIME)
def a_lease_reaches_into_tomorrow(night):
    far = clock.database_now() + dt.timedelta(seconds=2 * project.LEASE_SECONDS + 60)
    stage_run = stage_of(night, Stage.LOG)
    return make.ChunkFactory.create(stage_run=stage_run, status="LEASED", lease_until=far).pk


@planted("A29", because=TIME)
def a_run_is_under_way_and_nobody_lives(night):
    services.beat("schedule:nightly")
    Heartbeat.objects.create(name="tick", at=clock.database_now() - minutes(4))
    return make.RunFactory.create(status="RUNNING").pk


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

        assert "file storage does not answer" in json.loads(out.getvalue())["error"]

    def test_counts_by_utc_where_a_time_zone_is_unknown(self, night):
        Client.objects.update(time_zone="Mars/Olympus")
        out = io.StringIO()

        call_command("audit", "--json", stdout=out)

        assert json.loads(out.getvalue())["ok"]

"""What the audit looks for, planted into a complete run: one function for each way to break it.

A case names the constraint that refuses it, or says why no constraint could.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings as project

from pipeline import clock, services
from pipeline.models import AiBudget, Heartbeat, Lead, RunClient, StageRun
from pipeline.states import Stage
from tests import factories as make
from tests.factories import NOW, Night, complete_run, minutes

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

"""One valid row with one call; name the value that matters, the others follow from it.

`LeadFactory.create(status="DUPLICATE")` has a reason, `DeliveryFactory.create(status="LOGGED")`
has a file, `MailFactory.create(status="SENT")` was begun. A row brings what it hangs on along;
give `run=`, `client=` or `delivery=` where rows belong together. `complete_run()` makes a whole
night of which every invariant holds.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import uuid
from dataclasses import dataclass

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from factory.declarations import (
    LazyAttribute,
    LazyAttributeSequence,
    LazyFunction,
    Maybe,
    SelfAttribute,
    Sequence,
    SubFactory,
)
from factory.django import DjangoModelFactory

from clients.models import Client, Plan, Suppression
from deliveries.models import WITH_FILE, DeliveredLead, Delivery, Mail
from deliveries.promises import promises_of
from pipeline import frozen
from pipeline.models import (
    AiCall,
    Chunk,
    Draft,
    Lead,
    LeadChange,
    LeadFile,
    Rejection,
    Run,
    RunClient,
    StageRun,
)
from pipeline.states import Stage

NOW = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)  # a Monday's nightly run
CONTENT = b"\xef\xbb\xbfemail\r\nann@acme-pipes.example\r\n"
_STAGES = list(Stage)
_REASONS = {
    "READY": "no_client",
    "DUPLICATE": "dup_file",
    "SUPPRESSED": "suppressed_global",
    "EXPIRED": "too_old",
}


def minutes(count: float) -> dt.timedelta:
    return dt.timedelta(minutes=count)


class PlanFactory(DjangoModelFactory[Plan]):
    """No cap at all."""

    class Meta:
        model = Plan

    name = Sequence(lambda n: f"Plan {n:05}")


class ClientFactory(DjangoModelFactory[Client]):
    class Meta:
        model = Client

    name = Sequence(lambda n: f"Client {n:05}")
    plan = SubFactory(PlanFactory)
    emails = Sequence(lambda n: [f"leads@client-{n}.example"])
    offer = "We mend what others throw away."
    sender_name = "Ida Ivers"
    created_at = NOW - dt.timedelta(days=30)


class SuppressionFactory(DjangoModelFactory[Suppression]):
    """Of nobody in particular, for all clients, since yesterday."""

    class Meta:
        model = Suppression

    key = LazyFunction(uuid.uuid4)
    client = None
    created_at = NOW - dt.timedelta(days=1)


class RunFactory(DjangoModelFactory[Run]):
    """A manual run that is done: any number of them may exist at once."""

    class Meta:
        model = Run

    kind = "MANUAL"
    as_of = NOW
    local_date = LazyAttribute(lambda run: run.as_of.date())
    request_key = Sequence(lambda n: f"manual:{n}")
    started_by = "ida"
    status = "DONE"
    created_at = SelfAttribute("as_of")
    ended_at = LazyAttribute(
        lambda run: None if run.status == "RUNNING" else run.created_at + minutes(10)
    )


class StageRunFactory(DjangoModelFactory[StageRun]):
    """Done, a minute after the stage before it; give `kept` and `reasons`, the sums follow."""

    class Meta:
        model = StageRun

    run = SubFactory(RunFactory)
    stage = Stage.VALIDATE
    status = "DONE"
    kept = 0
    reasons = LazyFunction(dict)
    dropped = LazyAttribute(lambda row: sum(row.reasons.values()))
    seen = LazyAttribute(lambda row: row.kept + row.dropped)
    started_at = LazyAttribute(
        lambda row: row.run.created_at + minutes(_STAGES.index(Stage(row.stage)))
    )
    ended_at = LazyAttribute(
        lambda row: None if row.status == "RUNNING" else row.started_at + minutes(1)
    )


class ChunkFactory(DjangoModelFactory[Chunk]):
    """Done; LEASED it has a lease that ran out at NOW, unless `lease_until` says otherwise."""

    class Meta:
        model = Chunk

    stage_run = SubFactory(StageRunFactory)
    seq = Sequence(lambda n: n)
    status = "DONE"
    attempt = 1
    lease_until = LazyAttribute(lambda row: NOW if row.status == "LEASED" else None)
    worker = "night-shift:17"


class RunClientFactory(DjangoModelFactory[RunClient]):
    """The promise that the client's caps make as of the run; counted from rows, as allocate does."""

    class Meta:
        model = RunClient

    class Params:
        found = LazyAttribute(lambda row: promises_of([row.client], row.run.as_of)[row.client.pk])

    run = SubFactory(RunFactory)
    client = SubFactory(ClientFactory)
    windows = LazyAttribute(lambda row: [window.as_json() for window in row.found.windows])
    terms = LazyAttribute(lambda row: frozen.terms(row.client, row.found))
    left = LazyAttribute(lambda row: row.found.left)
    closed = LazyAttribute(lambda row: row.found.closed)
    placed = 0


class LeadFileFactory(DjangoModelFactory[LeadFile]):
    """Imported by its run; name `accepted`, `invalid` and so on, and `rows` is their sum."""

    class Meta:
        model = LeadFile

    name = Sequence(lambda n: f"apollo-{n}.csv")
    source = "Apollo"
    storage_name = Sequence(lambda n: f"lead-files/{n}.csv")
    size = 1_000
    sha256 = Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    status = "IMPORTED"
    run = Maybe(
        LazyAttribute(lambda row: row.status not in {"CHECKED", "QUEUED"}),
        SubFactory(RunFactory),
    )
    encoding = "utf-8"
    delimiter = ","
    header_row = 1
    headers = LazyFunction(lambda: ["Email"])
    fields = LazyFunction(lambda: ["email"])
    accepted = 1
    duplicate_in_file = 0
    invalid = 0
    blank = 0
    rows = LazyAttribute(lambda row: row.accepted + row.duplicate_in_file + row.invalid + row.blank)
    records_done = LazyAttribute(lambda row: row.rows if row.status == "IMPORTED" else 0)
    uploaded_by = "ida"
    created_at = NOW - dt.timedelta(hours=8)


class RejectionFactory(DjangoModelFactory[Rejection]):
    class Meta:
        model = Rejection

    file = SubFactory(LeadFileFactory, accepted=0, invalid=1)
    record = Sequence(lambda n: n + 1)
    line = LazyAttribute(lambda row: row.record + 1)
    field = "email"
    code = "bad_email"
    raw = LazyFunction(lambda: {"Email": "not an address"})


class LeadFactory(DjangoModelFactory[Lead]):
    """READY and left over by its run; ERASED it holds nothing of the person."""

    class Meta:
        model = Lead

    class Params:
        person = Sequence(lambda n: n)
        known = LazyAttribute(lambda row: row.status != "ERASED")

    file = SubFactory(LeadFileFactory)
    run = SelfAttribute("file.run")
    record = Sequence(lambda n: n + 1)
    line = LazyAttribute(lambda row: row.record + 1)
    key = LazyFunction(uuid.uuid4)
    status = "READY"
    reason = LazyAttribute(lambda row: _REASONS.get(row.status, ""))
    email = LazyAttribute(lambda row: f"ann{row.person}@acme.example" if row.known else "")
    first_name = LazyAttribute(lambda row: "Ann" if row.known else "")
    last_name = LazyAttribute(lambda row: f"Ashby {row.person}" if row.known else "")
    company = LazyAttribute(lambda row: "Acme Pipes" if row.known else "")
    created_at = NOW


class LeadChangeFactory(DjangoModelFactory[LeadChange]):
    """A file filled the blank title of a lead that another file had brought."""

    class Meta:
        model = LeadChange

    lead = SubFactory(LeadFactory, title="CFO")
    file = SubFactory(LeadFileFactory, run=SelfAttribute("..lead.run"))
    before = LazyFunction(lambda: {"title": ""})
    after = LazyFunction(lambda: {"title": "CFO"})
    created_at = NOW


class DraftFactory(DjangoModelFactory[Draft]):
    class Meta:
        model = Draft

    lead = SubFactory(LeadFactory)
    client = SubFactory(ClientFactory)
    run = SelfAttribute("lead.run")
    cache_key = Sequence(lambda n: hashlib.sha256(str(n).encode()).hexdigest())
    source = "TEMPLATE"
    reason = LazyAttribute(lambda row: "no_ai_account" if row.source == "TEMPLATE" else "")
    subject = "Your pipes"
    body = "Hello Ann, we mend what others throw away."
    icebreaker = "Acme Pipes has been around for a while."
    created_at = NOW


class AiCallFactory(DjangoModelFactory[AiCall]):
    """Paid; without the budgets that it came from."""

    class Meta:
        model = AiCall

    lead = SubFactory(LeadFactory)
    client = SubFactory(ClientFactory)
    run = SelfAttribute("lead.run")
    day = LazyAttribute(lambda row: row.run.as_of.date())
    model = "gemini-test"
    outcome = "PAID"
    reserved_micros = 3_000
    micros = 495
    tokens_in = 400
    tokens_out = 150
    ms = 300
    created_at = NOW
    lease_until = NOW + minutes(11)


class DeliveryFactory(DjangoModelFactory[Delivery]):
    """ALLOCATED and empty; UPLOADED or later it names a file that holds CONTENT."""

    class Meta:
        model = Delivery

    class Params:
        uploaded = LazyAttribute(lambda row: row.status in WITH_FILE)
        moment = LazyAttribute(lambda row: row.run.created_at + minutes(5))

    run = SubFactory(RunFactory)
    client = SubFactory(ClientFactory)
    status = "ALLOCATED"
    rows = 0
    storage_name = LazyAttributeSequence(
        lambda row, n: f"deliveries/{n}.csv" if row.uploaded else ""
    )
    size = LazyAttribute(lambda row: len(CONTENT) if row.uploaded else None)
    sha256 = LazyAttribute(lambda row: hashlib.sha256(CONTENT).hexdigest() if row.uploaded else "")
    link = LazyAttribute(lambda row: "http://127.0.0.1/files/x/" if row.uploaded else "")
    created_at = LazyAttribute(lambda row: row.run.created_at + minutes(4))
    uploaded_at = LazyAttribute(lambda row: row.moment if row.uploaded else None)
    notified_at = LazyAttribute(
        lambda row: row.moment if row.status in {"NOTIFIED", "LOGGED"} else None
    )
    logged_at = LazyAttribute(lambda row: row.moment if row.status == "LOGGED" else None)


class DeliveredLeadFactory(DjangoModelFactory[DeliveredLead]):
    """As far as its delivery has come, with a lead in the same state; history has `lead=None`."""

    class Meta:
        model = DeliveredLead

    delivery = SubFactory(DeliveryFactory, rows=1)
    run = SelfAttribute("delivery.run")
    client = SelfAttribute("delivery.client")
    status = LazyAttribute(
        lambda row: "DELIVERED" if row.delivery.status in WITH_FILE else "ALLOCATED"
    )
    lead = SubFactory(
        LeadFactory,
        status=LazyAttribute(
            lambda lead: (
                lead.factory_parent.status
                if lead.factory_parent.status in {"ALLOCATED", "DELIVERED"}
                else "READY"
            )
        ),
    )
    key = LazyAttribute(lambda row: row.lead.key if row.lead else uuid.uuid4())
    exclusive = LazyAttribute(lambda row: row.lead is None or row.lead.max_clients == 1)
    allocated_at = SelfAttribute("run.as_of")
    delivered_at = LazyAttribute(
        lambda row: row.delivery.uploaded_at if row.status == "DELIVERED" else None
    )


class MailFactory(DjangoModelFactory[Mail]):
    """Owed to the client's first address; SENT, SENDING and UNKNOWN were begun once."""

    class Meta:
        model = Mail

    kind = Mail.Kind.DELIVERY
    delivery = SubFactory(DeliveryFactory, status="UPLOADED")
    recipient = LazyAttribute(lambda row: row.delivery.client.emails[0])
    status = "PENDING"
    message_id = Sequence(lambda n: f"<delivery-{n}@leads.example>")
    begins = LazyAttribute(lambda row: 0 if row.status == "PENDING" else 1)
    refusals = LazyAttribute(lambda row: 1 if row.status == "FAILED" else 0)
    begun_at = LazyAttribute(lambda row: NOW + minutes(6) if row.begins else None)
    sent_at = LazyAttribute(lambda row: NOW + minutes(6) if row.status == "SENT" else None)
    created_at = NOW


@dataclass(frozen=True, kw_only=True)
class Night:
    """The rows of one complete run, by the part they play."""

    run: Run
    client: Client
    file: LeadFile
    promise: RunClient
    delivery: Delivery
    given: list[DeliveredLead]
    duplicate: Lead
    suppressed: Lead
    left_over: Lead
    rejection: Rejection
    mail: Mail


def complete_run(
    *, as_of: dt.datetime = NOW, client: Client | None = None, leads: int = 2
) -> Night:
    """A run that is DONE, with one client's delivery LOGGED, and one row for each way to drop.

    Several of them for one client follow on each other: each counts what the former ones used.
    """
    run = RunFactory.create(as_of=as_of)
    client = client or ClientFactory.create(cap_day=5)
    file = LeadFileFactory.create(run=run, accepted=leads + 2, duplicate_in_file=1, invalid=1)
    promise = RunClientFactory.create(run=run, client=client, placed=leads)
    delivery = DeliveryFactory.create(run=run, client=client, status="LOGGED", rows=leads)
    given = DeliveredLeadFactory.create_batch(leads, delivery=delivery, lead__file=file)
    for row in given:
        DraftFactory.create(lead=row.lead, client=client)
    suppressed = LeadFactory.create(file=file, status="SUPPRESSED")
    SuppressionFactory.create(key=suppressed.key, created_at=as_of - minutes(60))
    _close_stages(run, leads)
    return Night(
        run=run,
        client=client,
        file=file,
        promise=promise,
        delivery=delivery,
        given=given,
        duplicate=LeadFactory.create(
            file=file, status="DUPLICATE", key=given[0].key, twin=given[0].lead
        ),
        suppressed=suppressed,
        left_over=LeadFactory.create(file=file),
        rejection=RejectionFactory.create(file=file),
        mail=MailFactory.create(delivery=delivery, status="SENT"),
    )


def _close_stages(run: Run, leads: int) -> None:
    """Seven stages, each with the one chunk that did it and what that counted."""
    counts: dict[Stage, tuple[int, dict[str, int]]] = {
        Stage.VALIDATE: (leads + 3, {"bad_email": 1}),
        Stage.DEDUPE: (leads + 1, {"dup_file": 1, "suppressed_global": 1}),
        Stage.PERSONALIZE: (leads, {"waiting_capacity": 1}),
        Stage.ALLOCATE: (leads, {"no_client": 1}),
    }
    for stage in Stage:
        kept, reasons = counts.get(stage, (1, {}))
        stage_run = StageRunFactory.create(run=run, stage=stage, kept=kept, reasons=reasons)
        ChunkFactory.create(stage_run=stage_run, counts={"kept": kept, "dropped": reasons})


def store_file(delivery: Delivery, content: bytes = CONTENT) -> None:
    """Put the bytes where the delivery says they are."""
    stored = default_storage.save(delivery.storage_name, ContentFile(content))
    assert stored == delivery.storage_name, "something was there before"

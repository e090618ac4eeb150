"""Upload: each delivery of the run becomes one file, and the mails about it are owed.

In: deliveries ALLOCATED. Out: UPLOADED with name, size and SHA-256, its leads DELIVERED.
Safe twice: rows that were suppressed since are withdrawn and the delivery's moment is set
once; the file is stored under a new name; then name, size and hash are committed together
with the mails. A crash before that commit renders anew; after it these bytes are what the
link and every later delivery serve. While storage is away, the delivery waits.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Protocol

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models.functions import Now

from clients.models import Client
from deliveries import csv_export, links, outbox
from deliveries.models import (
    ACTIVE,
    DeliveredLead,
    DeliveredLeadStatus,
    Delivery,
    DeliveryStatus,
)
from leadgen.integrations.errors import TransientError
from pipeline import clock, drafting, drafts, services, suppressing
from pipeline.chunks import Lease, Plan, plan_deliveries
from pipeline.counts import Counts
from pipeline.fields import polish
from pipeline.models import Chunk, Draft, Lead, LeadStatus, Review, Run
from pipeline.states import Stage
from pipeline.suppressing import Barred

SERVICE = "storage"
SPAM_SCORE = "spam_score"  # a column that a client may ask for; advice, 0 to 10


@dataclass(frozen=True, kw_only=True)
class Stored:
    """Where a file went: its name in the store, and the link that a client may follow."""

    name: str
    link: str


class FileStore(Protocol):
    """Whoever keeps delivered files."""

    def put(self, delivery: Delivery, name: str, content: IO[bytes]) -> Stored:
        """Keep the bytes. Raises TransientError or PermanentError."""


class OwnStorage:
    """Django's default storage with a signed, expiring link: needs no account."""

    def put(self, delivery: Delivery, name: str, content: IO[bytes]) -> Stored:
        try:
            stored = default_storage.save(f"deliveries/{name}", File(content))
        except OSError as error:
            raise TransientError(
                f"The file storage does not take files ({error.strerror or error}).",
                service=SERVICE,
            ) from None
        return Stored(name=stored, link=links.link_for(delivery.pk))


def plan(run: Run) -> Plan:
    return plan_deliveries(run, Stage.UPLOAD, DeliveryStatus.ALLOCATED)


def work(chunk: Chunk, lease: Lease) -> None:
    delivery = Delivery.objects.select_related("client", "run").get(pk=chunk.ref)
    if delivery.storage_name:
        return lease.finish(Counts(kept=1))
    delivered_at = settle(delivery, lease)
    if delivered_at is None:
        return withdraw(delivery, lease)
    with tempfile.TemporaryFile() as content:
        rows = csv_export.write(
            render(delivery, delivered_at), content, extras=delivery.client.extra_columns
        )
        with services.guarded(SERVICE):
            content.seek(0)
            stored = OwnStorage().put(delivery, file_name(delivery), content)
        commit(delivery, lease, stored, rows=rows, content=content)
    return None


def settle(delivery: Delivery, lease: Lease) -> dt.datetime | None:
    """Withdraw who was suppressed since, and fix the moment of delivery; None if nobody is left."""
    with transaction.atomic():
        lease.hold()
        _take_out(suppressing.barred_from(delivery_id=delivery.pk, client_id=delivery.client_id))
        mine = DeliveredLead.objects.filter(delivery=delivery)
        known = mine.active().exclude(delivered_at=None).order_by("pk").first()
        moment = known.delivered_at if known else clock.database_now().replace(microsecond=0)
        kept = mine.active().update(delivered_at=moment)
        Delivery.objects.filter(pk=delivery.pk).update(rows=kept)
    return moment if kept else None


def _take_out(barred: Sequence[Barred]) -> None:
    """Withdraw suppressed rows; a lead that nobody else holds becomes what the list makes it."""
    DeliveredLead.objects.filter(pk__in=[row.delivered_lead_id for row in barred]).update(
        status=DeliveredLeadStatus.WITHDRAWN, reason="suppressed"
    )
    for everywhere, becomes in ((True, LeadStatus.SUPPRESSED), (False, LeadStatus.READY)):
        leads = [row.lead_id for row in barred if row.lead_id and row.everywhere == everywhere]
        Lead.objects.filter(pk__in=leads).exclude(delivered_leads__status__in=ACTIVE).exclude(
            status=LeadStatus.ERASED
        ).update(status=becomes, reason="suppressed_before_delivery")


def withdraw(delivery: Delivery, lease: Lease) -> None:
    """No lead is left to deliver: no file, no mail."""
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.WITHDRAWN, error="")
        lease.finish(Counts(dropped={"withdrawn": 1}))


def render(delivery: Delivery, delivered_at: dt.datetime) -> Iterator[dict[str, str]]:
    """The rows of the file, in the order in which the leads came in."""
    leads = [
        row.lead
        for row in delivery.delivered_leads.active().select_related("lead").order_by("lead")
        if row.lead
    ]
    write_missing(delivery, leads)
    words = {
        draft.lead_id: draft
        for draft in Draft.objects.filter(client=delivery.client, lead__in=leads)
    }
    for lead in leads:
        yield _row(lead, words[lead.pk], delivered_at, delivery.client)


def write_missing(delivery: Delivery, leads: list[Lead]) -> None:
    """A lead that the forecast did not expect here gets the template, and says so.

    It keeps an icebreaker that was written for it in the same language: that is paid for. What a
    person was to look at, and did not, never goes out.
    """
    client = delivery.client
    mine = Draft.objects.filter(client=client, lead__in=leads).exclude(review=Review.PENDING)
    drafted = set(mine.values_list("lead", flat=True))
    missing = [lead for lead in leads if lead.pk not in drafted]
    known = drafting.icebreakers(missing, client.language)
    drafting.store(
        delivery.run,
        [
            (request, drafts.from_template(request, reason=drafts.NO_DRAFT, icebreaker=said))
            for lead in missing
            for request in [drafting.request_for(lead, client)]
            for said in [known.get(lead.pk, "")]
        ],
    )


def _row(lead: Lead, draft: Draft, delivered_at: dt.datetime, client: Client) -> dict[str, str]:
    extras = client.extra_columns
    written = {
        "subject": draft.subject,
        "body": drafting.letter(draft.body, client),
        "icebreaker": draft.icebreaker,
        "lead_id": str(lead.pk),
        "delivered_at": delivered_at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    if SPAM_SCORE in extras:
        written[SPAM_SCORE] = str(draft.spam_score)
    first, last = polish.person_name(lead.first_name, lead.last_name, lead.full_name)
    said = {"first_name": first, "last_name": last, "company": polish.company(lead.company)}
    own = [name for name in (*csv_export.HEADER, *extras) if name not in written]
    return {**{name: lead.value(name) for name in own}, **said, **written}


def file_name(delivery: Delivery) -> str:
    """Made of ids and the business date only: a client's name may hold anything."""
    return f"client-{delivery.client_id}_{delivery.run.local_date}_{delivery.pk}.csv"


def commit(
    delivery: Delivery, lease: Lease, stored: Stored, *, rows: int, content: IO[bytes]
) -> None:
    """From here on the file exists: name, size, hash, its leads and the mails in one commit."""
    size = content.seek(0, 2)
    content.seek(0)
    sha256 = hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]  # stubs want a named file
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.UPLOADED,
            rows=rows,
            storage_name=stored.name,
            size=size,
            sha256=sha256,
            link=stored.link,
            uploaded_at=Now(),
            error="",
        )
        mine = DeliveredLead.objects.active().filter(delivery=delivery)
        Lead.objects.filter(pk__in=mine.values("lead")).update(status=LeadStatus.DELIVERED)
        mine.update(status=DeliveredLeadStatus.DELIVERED)
        outbox.owe(delivery, delivery.client.emails)
        lease.finish(Counts(kept=1))

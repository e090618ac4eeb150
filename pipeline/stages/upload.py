"""Upload: each delivery of the run becomes one file, and the mails about it are owed.

In: deliveries ALLOCATED. Out: UPLOADED with name, size and SHA-256, its leads DELIVERED.
Safe twice: for Drive an id is kept first; then rows that were suppressed since are withdrawn, or
all where the client was paused since, and the file is rendered and stored; its name, size and hash
are committed, and from then on these bytes are what Drive, the link and every later delivery
serve. A crash before that commit renders anew; after it, Drive is asked under the same id. While a
service is away the delivery waits, and nothing is rendered before Drive answers, so that who is
suppressed meanwhile is not in it. A client that is paused once its file is made gets it all the
same.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import random
import tempfile
from collections.abc import Iterable, Sequence
from typing import IO, Any, Protocol

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from clients.file_terms import FileKind, Place
from clients.models import Client
from deliveries import links, outbox, promises
from deliveries.models import (
    ACTIVE,
    RELEASED,
    WITH_FILE,
    DeliveredLead,
    DeliveredLeadStatus,
    Delivery,
    DeliveryStatus,
)
from leadgen.integrations import drive, storage
from leadgen.integrations.errors import PermanentError, TransientError
from pipeline import clock, rendering, services, suppressing
from pipeline.chunks import Lease, Plan, plan_deliveries
from pipeline.counts import Counts
from pipeline.models import Chunk, Lead, LeadStatus, Run
from pipeline.states import Stage
from pipeline.suppressing import Barred

LONGEST_BACKOFF = 64  # seconds; after these tries comes the long pause
LONG_PAUSE = 15 * 60
IN_MEMORY = 4 * 1024**2  # bytes; only a longer file goes to disk before it goes to storage


class RowsMissing(Exception):
    pass


class FileStore(Protocol):
    """Whoever shows a delivered file to its client. All raise TransientError or PermanentError."""

    def reserve(self) -> None:
        """Keep, before the file is made, what an answer that is lost can be asked for by."""

    def put(self, content: IO[bytes]) -> tuple[str, str]:
        """The link that the client may follow, and a note; asked twice, there is one file."""

    def close(self) -> None:
        """Let go of connections."""


class OwnLink:
    """Our own storage with a signed, expiring link: needs no account."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def reserve(self) -> None:
        pass

    def put(self, content: IO[bytes]) -> tuple[str, str]:
        return links.link_for(self._delivery.pk), ""

    def close(self) -> None:
        pass


def store_of(delivery: Delivery, lease: Lease) -> tuple[str, FileStore]:
    """The service that the client's file goes to, and how; our own where Drive is not set up."""
    if delivery.client.place == Place.DRIVE and drive.is_configured():
        from deliveries.drive_store import DriveStore  # noqa: PLC0415  (Google's libraries)

        return drive.SERVICE, DriveStore(delivery, lease)
    return storage.SERVICE, OwnLink(delivery)


def plan(run: Run) -> Plan:
    return plan_deliveries(run, Stage.UPLOAD, DeliveryStatus.ALLOCATED)


def work(chunk: Chunk, lease: Lease) -> None:
    delivery = Delivery.objects.select_related("client", "run").get(pk=chunk.ref)
    try:
        deliver(delivery, lease)
    except services.Paused:
        raise
    except TransientError as error:
        raise put_off(error, chunk.attempt) from None


def put_off(error: TransientError, attempt: int) -> TransientError:
    """1, 2, 4 … 64 seconds, then a quarter of an hour; never sooner than the service says."""
    backoff = 2 ** (attempt - 1)
    pause = backoff if backoff <= LONGEST_BACKOFF else LONG_PAUSE
    jitter = random.uniform(0.8, 1.2)  # noqa: S311  (not a secret)
    return TransientError(
        str(error),
        service=error.service,
        retry_after=max(pause * jitter, error.retry_after or 0),
    )


def deliver(delivery: Delivery, lease: Lease) -> None:
    """All that is still missing; a delivery that went out before is shown again, unchanged."""
    service, store = store_of(delivery, lease)
    with contextlib.closing(store):
        with services.guarded(service):
            store.reserve()
        if not delivery.storage_name and not make_file(delivery, lease):
            return
        with services.guarded(storage.SERVICE):
            content = stored(delivery)
        with content, services.guarded(service):
            link, note = store.put(content)
    conclude = shown_again if delivery.status in WITH_FILE else commit
    conclude(delivery, lease, link, note)


def make_file(delivery: Delivery, lease: Lease) -> bool:
    """Render and store the file, once; False where nobody is left to deliver."""
    delivered_at = settle(delivery, lease)
    if delivered_at is None:
        withdraw(delivery, lease)
        return False
    with tempfile.SpooledTemporaryFile(IN_MEMORY) as content:
        try:
            rows = rendering.render(delivery, delivered_at, content)
        except rendering.TooManyRows as refusal:
            raise PermanentError(str(refusal), service=storage.SERVICE) from None
        if rows != delivery.rows:  # somebody took a draft away meanwhile: the next try writes it
            raise RowsMissing(f"{rows} of {delivery.rows} leads could be written.")
        content.seek(0)
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        size = content.tell()
        content.seek(0)
        with services.guarded(storage.SERVICE):
            name = storage.keep(f"deliveries/{storage_name(delivery)}", content)
    keep(delivery, lease, storage_name=name, size=size, sha256=sha256, rows=rows)
    return True


def keep(delivery: Delivery, lease: Lease, **columns: object) -> None:
    """From here on these bytes are the delivery's file."""
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(**columns)
    for name, value in columns.items():
        setattr(delivery, name, value)


def stored(delivery: Delivery) -> IO[bytes]:
    """Raises PermanentError where storage has lost the file."""
    try:
        return storage.opened(delivery.storage_name)
    except FileNotFoundError:
        raise PermanentError(
            f"The file {delivery.storage_name} is no longer in storage.", service=storage.SERVICE
        ) from None


def storage_name(delivery: Delivery) -> str:
    """Made of ids and the business date only: a client's name may hold anything."""
    suffix = rendering.SUFFIXES[FileKind(delivery.client.file_kind)]
    return f"client-{delivery.client_id}_{delivery.run.local_date}_{delivery.pk}{suffix}"


def settle(delivery: Delivery, lease: Lease) -> dt.datetime | None:
    """Withdraw who may not go out any more, and fix the moment of delivery; None: nobody is left."""
    with transaction.atomic():
        lease.hold()
        is_released = _is_out_of_service(delivery)
        _take_out(suppressing.barred_from(delivery_id=delivery.pk, client_id=delivery.client_id))
        mine = DeliveredLead.objects.filter(delivery=delivery)
        erased = mine.active().filter(Q(lead=None) | Q(lead__status=LeadStatus.ERASED))
        _take_back(erased, "erased")
        if is_released and _take_back(mine.active(), RELEASED):
            _let_go(mine.released().values("lead"), LeadStatus.READY, RELEASED)
        # Not the first row: PostgreSQL would look for it among all that was ever delivered.
        said = mine.active().aggregate(at=Max("delivered_at"))["at"]
        moment = said or clock.database_now().replace(microsecond=0)
        kept = mine.active().update(delivered_at=moment)
        Delivery.objects.filter(pk=delivery.pk).update(rows=kept)
    delivery.rows = kept
    return moment if kept else None


def _is_out_of_service(delivery: Delivery) -> bool:
    """Read anew, and locked: whoever pauses the client meanwhile comes before, or after the file."""
    client = Client.objects.select_for_update(no_key=True).get(pk=delivery.client_id)
    return promises.is_out_of_service(client, clock.database_now())


def _take_out(barred: Sequence[Barred]) -> None:
    """Withdraw suppressed rows; a lead that nobody else holds becomes what the list makes it."""
    rows = DeliveredLead.objects.filter(pk__in=[row.delivered_lead_id for row in barred])
    _take_back(rows, "suppressed")
    for everywhere, becomes in ((True, LeadStatus.SUPPRESSED), (False, LeadStatus.READY)):
        leads = [row.lead_id for row in barred if row.lead_id and row.everywhere == everywhere]
        if leads:
            _let_go(leads, becomes, "suppressed_before_delivery")


def _take_back(rows: QuerySet[DeliveredLead], reason: str) -> int:
    """How many; an earlier try may have said of them when they were delivered."""
    return rows.update(status=DeliveredLeadStatus.WITHDRAWN, reason=reason, delivered_at=None)


def _let_go(leads: Iterable[int] | QuerySet[DeliveredLead, Any], becomes: str, reason: str) -> None:
    """Of these leads, those that nobody else holds."""
    found = Lead.objects.filter(pk__in=leads)
    # Of two clients that lose a shared lead at once the later one must see that nobody holds it.
    list(found.select_for_update(no_key=True).order_by("pk").values_list("pk"))
    found.exclude(delivered_leads__status__in=ACTIVE).exclude(status=LeadStatus.ERASED).update(
        status=becomes, reason=reason
    )


def withdraw(delivery: Delivery, lease: Lease) -> None:
    """No lead is left to deliver: no file, no mail."""
    is_released = DeliveredLead.objects.released().filter(delivery=delivery).exists()
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.WITHDRAWN, error="")
        lease.finish(Counts(dropped={RELEASED if is_released else "withdrawn": 1}))


def commit(delivery: Delivery, lease: Lease, link: str, note: str) -> None:
    """The client can reach the file: its leads are delivered and the mails owed, in one commit."""
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.UPLOADED, link=link, note=note, uploaded_at=Now(), error=""
        )
        mine = DeliveredLead.objects.active().filter(delivery=delivery)
        Lead.objects.filter(pk__in=mine.values("lead")).update(status=LeadStatus.DELIVERED)
        mine.update(status=DeliveredLeadStatus.DELIVERED)
        outbox.owe(delivery, delivery.client.emails)
        lease.finish(Counts(kept=1))


def shown_again(delivery: Delivery, lease: Lease, link: str, note: str) -> None:
    """The same bytes, where they were missing, for whom they are meant today."""
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(link=link, note=note, error="")
        lease.finish(Counts(kept=1))

"""Notify: one mail to each of the client's addresses says where the file is.

In: deliveries UPLOADED, whose mails were written into the outbox with the file. Out: NOTIFIED,
once one of them was sent, or nobody can know. Safe twice: a mail is begun at most once unless
the server refused it. While the mail server is away, the delivery waits; a refused address fails
alone, and one that is put off goes on by itself, beside the run.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models.functions import Now

from deliveries import letters, outbox, posting
from deliveries.models import Delivery, DeliveryStatus, MailStatus
from leadgen.integrations.errors import PermanentError, TransientError
from leadgen.integrations.mail import SERVICE
from pipeline import clock
from pipeline.chunks import Lease, Plan, plan_deliveries
from pipeline.counts import Counts
from pipeline.models import Chunk, Run
from pipeline.states import Stage

TOLD = {MailStatus.SENT, MailStatus.UNKNOWN}


def plan(run: Run) -> Plan:
    return plan_deliveries(run, Stage.NOTIFY, DeliveryStatus.UPLOADED)


def work(chunk: Chunk, lease: Lease) -> None:
    delivery = Delivery.objects.select_related("client", "run").get(pk=chunk.ref)
    outbox.abandon(delivery)
    mails = list(outbox.due().filter(delivery=delivery))
    posting.post(mails, lambda mail: letters.about_delivery(delivery, mail))
    _finish(delivery, lease)


def _finish(delivery: Delivery, lease: Lease) -> None:
    """Raises TransientError or PermanentError where nobody was told."""
    found = list(outbox.standing(delivery).values_list("status", "next_try_at", "error"))
    statuses = {status for status, _, _ in found}
    if not statuses & TOLD:
        if statuses <= {MailStatus.FAILED}:
            raise PermanentError(_refusal(delivery), service=SERVICE)
        raise _waits([(at, error) for _, at, error in found if at])
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.NOTIFIED, notified_at=Now(), error=""
        )
        lease.finish(Counts(kept=1))


def _refusal(delivery: Delivery) -> str:
    """The client's addresses are to blame only where the server says so."""
    mails = outbox.standing(delivery)
    if all(mails.values_list("address_refused", flat=True)):
        return "Every address of the client was refused."
    error = mails.filter(address_refused=False).values_list("error", flat=True).first()
    return f"No mail to the client was taken. {error}"


def _waits(put_off: list[tuple[dt.datetime, str]]) -> TransientError:
    """Until the first address may be tried again."""
    at, error = min(put_off, default=(clock.database_now(), "Another worker is sending it."))
    seconds = max((at - clock.database_now()).total_seconds(), 1)
    return TransientError(error, service=SERVICE, retry_after=seconds)

"""Notify: one mail to each of the client's addresses says where the file is.

In: deliveries UPLOADED, whose mails were written into the outbox with the file. Out: NOTIFIED.
Safe twice: a mail is begun at most once unless the server refused it; one that was begun and
not answered is UNKNOWN, counts as sent, and waits for a person. While the mail server is away,
the delivery waits; a refused address fails alone.
"""

from __future__ import annotations

from typing import Any, Protocol

from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string

from deliveries import outbox
from deliveries.models import Delivery, DeliveryStatus, Mail, MailStatus
from leadgen.integrations import mail as smtp
from leadgen.integrations.errors import PermanentError, TransientError
from pipeline import report, services
from pipeline.chunks import Lease, Plan, plan_deliveries
from pipeline.counts import Counts
from pipeline.models import Chunk, Run
from pipeline.states import Stage


class Mailer(Protocol):
    """Whoever carries mails; its errors say whether the mail was taken."""

    def send(
        self, connection: Any, *, subject: str, text: str, recipient: str, message_id: str
    ) -> None: ...


def plan(run: Run) -> Plan:
    return plan_deliveries(run, Stage.NOTIFY, DeliveryStatus.UPLOADED)


def work(chunk: Chunk, lease: Lease) -> None:
    delivery = Delivery.objects.select_related("client", "run").get(pk=chunk.ref)
    outbox.abandon(delivery)
    mails = outbox.pending(delivery)
    if mails:
        subject, text = compose(delivery)
        with services.guarded(smtp.SERVICE):
            send_each(mails, subject, text)
    _finish(delivery, lease)


def send_each(mails: list[Mail], subject: str, text: str) -> None:
    """Each over a connection of its own: one that breaks takes no other address's mail with it.

    Raises the last TransientError, once every mail that could go has gone.
    """
    refusal: TransientError | None = None
    for mail in mails:
        with smtp.connected() as connection:
            refusal = _send(connection, mail, subject, text) or refusal
    if refusal is not None:
        raise refusal


def _send(connection: Any, mail: Mail, subject: str, text: str) -> TransientError | None:
    """Returns the refusal that is worth another try."""
    if not outbox.begin(mail):
        return None
    try:
        smtp.send(
            connection,
            subject=subject,
            text=text,
            recipient=mail.recipient,
            message_id=mail.message_id,
        )
    except smtp.AnswerLost as lost:
        outbox.answer_lost(mail, str(lost))
    except PermanentError as refusal:
        outbox.refused(mail, str(refusal), for_good=True)
    except TransientError as refusal:
        outbox.refused(mail, str(refusal), for_good=False)
        return refusal
    else:
        outbox.sent(mail)
    return None


def compose(delivery: Delivery) -> tuple[str, str]:
    """Subject and plain text: how many leads, where, and who wrote the drafts."""
    context = {"delivery": delivery, "drafts": report.split_of([delivery])}
    subject = f"{delivery.rows} new leads for you ({delivery.run.local_date})"
    return subject, render_to_string("deliveries/mail.txt", context)


def _finish(delivery: Delivery, lease: Lease) -> None:
    statuses = set(delivery.mails.values_list("status", flat=True))
    if statuses <= {MailStatus.FAILED}:
        raise PermanentError("Every address of the client was refused.", service=smtp.SERVICE)
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.NOTIFIED, notified_at=Now(), error=""
        )
        lease.finish(Counts(kept=1))

"""Mails that are owed: each begun at most once, unless the server said that it refused.

Before sending, the row says SENDING, committed; so a crash leaves a visible row, not a mystery.
What was begun and not answered becomes UNKNOWN and is never sent again by itself (spec N1,
ADR 0007).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import F
from django.db.models.functions import Now

from deliveries.models import Delivery, Mail, MailStatus

INTERRUPTED_AFTER = dt.timedelta(minutes=2)  # longer than any send may take


def owe(delivery: Delivery, recipients: Iterable[str]) -> None:
    """Write one mail per recipient; those that are written already stay as they are."""
    Mail.objects.bulk_create(
        (
            Mail(
                kind=Mail.Kind.DELIVERY,
                delivery=delivery,
                recipient=recipient,
                message_id=_message_id(delivery, position),
            )
            for position, recipient in enumerate(dict.fromkeys(recipients), start=1)
        ),
        ignore_conflicts=True,
    )


def _message_id(delivery: Delivery, position: int) -> str:
    """Fixed before the first try, so that a mail server or a person can find it again."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"<delivery-{delivery.pk}-{position}.run-{delivery.run_id}@{host}>"


def pending(delivery: Delivery) -> list[Mail]:
    return list(delivery.mails.filter(status=MailStatus.PENDING).order_by("pk"))


def begin(mail: Mail) -> bool:
    """Commit that sending begins; False where somebody else began it."""
    begun = Mail.objects.filter(pk=mail.pk, status=MailStatus.PENDING).update(
        status=MailStatus.SENDING, begins=F("begins") + 1, begun_at=Now()
    )
    return begun == 1


def sent(mail: Mail) -> None:
    """The server took it; also right where it had been given up as unknown meanwhile."""
    Mail.objects.filter(pk=mail.pk, status__in=[MailStatus.SENDING, MailStatus.UNKNOWN]).update(
        status=MailStatus.SENT, sent_at=Now(), error=""
    )


def refused(mail: Mail, error: str, *, for_good: bool) -> None:
    """The server certainly did not take it: it may be tried again, or never."""
    Mail.objects.filter(pk=mail.pk, status=MailStatus.SENDING).update(
        status=MailStatus.FAILED if for_good else MailStatus.PENDING,
        refusals=F("refusals") + 1,
        error=error,
    )


def answer_lost(mail: Mail, error: str) -> None:
    """Nobody can know; a person decides."""
    Mail.objects.filter(pk=mail.pk, status=MailStatus.SENDING).update(
        status=MailStatus.UNKNOWN, error=error
    )


def abandon_interrupted() -> int:
    """Mails whose process died while sending become UNKNOWN; returns how many."""
    return Mail.objects.filter(
        status=MailStatus.SENDING, begun_at__lt=Now() - INTERRUPTED_AFTER
    ).update(
        status=MailStatus.UNKNOWN,
        error="The process died while sending; the mail may or may not have gone.",
    )


def abandon(delivery: Delivery) -> None:
    """The same for one delivery, by the worker that has just taken it over."""
    delivery.mails.filter(status=MailStatus.SENDING).update(
        status=MailStatus.UNKNOWN,
        error="The process died while sending; the mail may or may not have gone.",
    )

"""Mails that are owed: each begun at most once, unless the server said that it refused.

Right before its text goes over, the row says SENDING, committed; so a crash leaves a visible
row, not a mystery. What was begun and not answered becomes UNKNOWN and is never sent again by
itself (spec N1, ADR 0007); a named person may have it sent as a new row that supersedes it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from clients.models import Client
from deliveries.models import Delivery, Mail, MailStatus
from pipeline import clock

INTERRUPTED_AFTER = dt.timedelta(minutes=2)  # longer than any send may take
RESEND_AFTER = dt.timedelta(minutes=15)  # by then the connection of a stopped process is dead
# A server that greylists wants to see us again: soon, and for no more than two days.
PUT_OFF_MINUTES = (5, 15, 60, 4 * 60, 12 * 60, 24 * 60)
IN_DOUBT = (MailStatus.SENDING, MailStatus.UNKNOWN)  # only who sends it knows
INTERRUPTED = "The process died while sending; the mail may or may not have gone."


class NotPossible(Exception):
    """The mail is not in a state for that; the message says why, in one sentence."""


# Owing


def owe(delivery: Delivery, recipients: Iterable[str]) -> None:
    """Write one mail per recipient; those that are written already stay as they are."""
    name = f"delivery-{delivery.pk}-{{}}.run-{delivery.run_id}"
    _owe(recipients, name, kind=Mail.Kind.DELIVERY, delivery=delivery)


def owe_digest(
    recipients: Iterable[str], *, run_id: int | None = None, night: dt.date | None = None, step: int
) -> None:
    """The same for the operators, about a run or about a night that did not run."""
    name = f"digest-{{}}-{step}.{f'run-{run_id}' if run_id else f'night-{night}'}"
    _owe(recipients, name, kind=Mail.Kind.DIGEST, run_id=run_id, night=night, step=step)


def _owe(recipients: Iterable[str], name: str, **about: object) -> None:
    Mail.objects.bulk_create(
        (
            Mail(recipient=recipient, message_id=_message_id(name.format(position)), **about)
            for position, recipient in enumerate(dict.fromkeys(recipients), start=1)
        ),
        ignore_conflicts=True,
    )


def _message_id(name: str) -> str:
    """Fixed before the first try, so that a mail server or a person can find it again."""
    host = urlsplit(settings.PUBLIC_URL).hostname or "localhost"
    return f"<{name}@{host}>"


# Asking


def due() -> QuerySet[Mail]:
    """Mails that may be sent now."""
    return Mail.objects.filter(
        Q(next_try_at=None) | Q(next_try_at__lte=Now()), status=MailStatus.PENDING
    ).order_by("pk")


def standing(delivery: Delivery) -> QuerySet[Mail]:
    """The delivery's mails as they stand: of one that was sent again, the latest."""
    return delivery.mails.filter(superseded_by=None)


def refused_addresses(client: Client) -> dict[str, str]:
    """Addresses of the client whose last mail the server refused for good → what it said."""
    ended = [MailStatus.SENT, MailStatus.FAILED]
    last = (
        Mail.objects.filter(delivery__client=client, recipient__in=client.emails, status__in=ended)
        .order_by("recipient", "-pk")
        .distinct("recipient")
    )
    return {mail.recipient: mail.error for mail in last if mail.address_refused}


# Sending


def begin(mail: Mail) -> bool:
    """Commit that sending begins; False where somebody else began it."""
    begun = Mail.objects.filter(pk=mail.pk, status=MailStatus.PENDING).update(
        status=MailStatus.SENDING, begins=F("begins") + 1, begun_at=Now(), next_try_at=None
    )
    return begun == 1


def sent(mail: Mail) -> None:
    """The server took it; also right where it had been given up as unknown meanwhile."""
    Mail.objects.filter(pk=mail.pk, status__in=IN_DOUBT).update(
        status=MailStatus.SENT, sent_at=Now(), error=""
    )


def not_taken(mail: Mail, error: str, *, begun: bool) -> None:
    """The server certainly did not take it, and may another time."""
    _begun_or_not(mail, begun=begun).update(
        status=MailStatus.PENDING, refusals=F("refusals") + int(begun), error=error
    )


def refused(mail: Mail, error: str, *, begun: bool, address: bool = False) -> None:
    """The server will never take it; `address`: because it knows no such recipient."""
    _begun_or_not(mail, begun=begun).update(
        status=MailStatus.FAILED,
        refusals=F("refusals") + int(begun),
        address_refused=address,
        error=error,
    )


def put_off(mail: Mail, error: str, *, begun: bool) -> None:
    """The server wants to hear of this recipient again later; after two days we give up."""
    if mail.put_off >= len(PUT_OFF_MINUTES):
        return refused(mail, f"Put off {mail.put_off + 1} times. {error}", begun=begun)
    pause = dt.timedelta(minutes=PUT_OFF_MINUTES[mail.put_off])
    _begun_or_not(mail, begun=begun).update(
        status=MailStatus.PENDING,
        refusals=F("refusals") + int(begun),
        put_off=F("put_off") + 1,
        next_try_at=Now() + pause,
        error=error,
    )
    return None


def _begun_or_not(mail: Mail, *, begun: bool) -> QuerySet[Mail]:
    """The row where it still is what its sender made of it.

    Or where it was given up as unknown meanwhile, for its sender knows; but not where a person had
    it sent again.
    """
    if not begun:
        return Mail.objects.filter(pk=mail.pk, status=MailStatus.PENDING)
    return Mail.objects.filter(pk=mail.pk, status__in=IN_DOUBT, superseded_by=None)


def answer_lost(mail: Mail, error: str) -> None:
    """Nobody can know; a person decides."""
    Mail.objects.filter(pk=mail.pk, status=MailStatus.SENDING).update(
        status=MailStatus.UNKNOWN, error=error
    )


def abandon_interrupted() -> int:
    """Mails whose process died while sending become UNKNOWN; returns how many.

    Those too that were begun before the clock was set back: nobody could tell for how long.
    """
    long_ago = Q(begun_at__lt=Now() - INTERRUPTED_AFTER) | Q(begun_at__gt=Now() + clock.JITTER)
    return Mail.objects.filter(long_ago, status=MailStatus.SENDING).update(
        status=MailStatus.UNKNOWN, error=INTERRUPTED
    )


def abandon(delivery: Delivery) -> None:
    """The same for one delivery, by the worker that has just taken it over."""
    delivery.mails.filter(status=MailStatus.SENDING).update(
        status=MailStatus.UNKNOWN, error=INTERRUPTED
    )


# What a person decides


def resend(mail: Mail, *, by: str, now: dt.datetime) -> Mail:
    """Write a new mail in place of one that failed or may not have gone. Raises NotPossible."""
    mail.refresh_from_db()
    _check_resendable(mail, now)
    try:
        with transaction.atomic():
            return Mail.objects.create(
                kind=mail.kind,
                delivery=mail.delivery,
                run=mail.run,
                night=mail.night,
                step=mail.step,
                recipient=mail.recipient,
                supersedes=mail,
                resend_by=by,
                message_id=_message_id(f"again-{mail.pk}"),
            )
    except IntegrityError:
        raise NotPossible("Somebody else has sent it again already.") from None


def _check_resendable(mail: Mail, now: dt.datetime) -> None:
    if mail.status not in {MailStatus.FAILED, MailStatus.UNKNOWN}:
        raise NotPossible(f"The mail is {mail.get_status_display().lower()}.")
    if mail.status == MailStatus.UNKNOWN and mail.begun_at and now < mail.begun_at + RESEND_AFTER:
        raise NotPossible(
            "It was begun less than 15 minutes ago: whoever was at it may still be sending."
        )


def try_now(mail: Mail) -> bool:
    """Do not wait for the moment that the server was to be asked again."""
    waiting = Mail.objects.filter(pk=mail.pk, status=MailStatus.PENDING, next_try_at__isnull=False)
    return waiting.update(next_try_at=None) == 1

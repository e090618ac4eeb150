"""Trying again what failed for good, once a person has mended the cause."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from deliveries import outbox
from deliveries.models import Delivery, DeliveryStatus, Mail
from pipeline import chunks


class NotPossible(Exception):
    """There is nothing to try again; the message says why, in one sentence."""


def retry(delivery: Delivery) -> None:
    """Let a failed delivery go on at the step that failed. Raises NotPossible.

    Addresses that were refused for good stay refused: such a mail is sent again by `resend`.
    """
    with transaction.atomic():
        if delivery.status != DeliveryStatus.FAILED or not chunks.revive_delivery(delivery.pk):
            raise NotPossible(f"Delivery {delivery.pk} has not failed.")
        Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.WAITING)


def resend(mail: Mail, *, by: str, now: dt.datetime) -> Mail:
    """Send a mail again, and let its delivery go on where it had failed for lack of it.

    Raises outbox.NotPossible.
    """
    with transaction.atomic():
        again = outbox.resend(mail, by=by, now=now)
        if again.delivery is not None and again.delivery.status == DeliveryStatus.FAILED:
            retry(again.delivery)
    return again

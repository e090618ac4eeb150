"""Log: each delivery whose mails went out is entered in the log of deliveries.

In: deliveries NOTIFIED. Out: LOGGED. Safe twice: an entry is keyed by its delivery. Without an
outside log the delivery's own row is the entry.
"""

from __future__ import annotations

from typing import Protocol

from django.db import transaction
from django.db.models.functions import Now

from deliveries.models import Delivery, DeliveryStatus
from pipeline.chunks import Lease, Plan, plan_deliveries
from pipeline.counts import Counts
from pipeline.models import Chunk, Run
from pipeline.states import Stage


class DeliveryLog(Protocol):
    """Whoever keeps the log that people read."""

    def record(self, delivery: Delivery) -> None:
        """Enter the delivery once, however often asked. Raises TransientError or PermanentError."""


class OwnLog:
    """The log that needs no account: the time of entry on the delivery itself."""

    def record(self, delivery: Delivery) -> None:
        Delivery.objects.filter(pk=delivery.pk, logged_at=None).update(logged_at=Now())


def plan(run: Run) -> Plan:
    return plan_deliveries(run, Stage.LOG, DeliveryStatus.NOTIFIED)


def work(chunk: Chunk, lease: Lease) -> None:
    delivery = Delivery.objects.get(pk=chunk.ref)
    OwnLog().record(delivery)
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(status=DeliveryStatus.LOGGED, error="")
        lease.finish(Counts(kept=1))

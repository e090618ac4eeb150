"""Log: each delivery whose mails went out is entered in the log of deliveries.

In: deliveries NOTIFIED. Out: LOGGED. Where Notion is set up it gets a row, too. Safe twice: the
row's key is committed before the row is made. While Notion is away, the delivery waits; what it
refuses for good fails the entry and nothing else: the client has its file and its mail.
"""

from __future__ import annotations

from django.db import transaction
from django.db.models.functions import Coalesce, Now

from deliveries.models import Delivery, DeliveryStatus
from leadgen.integrations.errors import PermanentError
from pipeline import logbook
from pipeline.chunks import Lease, Plan, plan_deliveries
from pipeline.counts import Counts
from pipeline.models import Chunk, Run
from pipeline.states import Stage


def plan(run: Run) -> Plan:
    return plan_deliveries(run, Stage.LOG, DeliveryStatus.NOTIFIED)


def work(chunk: Chunk, lease: Lease) -> None:
    delivery = Delivery.objects.select_related("client", "run").get(pk=chunk.ref)
    try:
        logbook.enter(delivery, hold=lambda: _hold(lease))
    except PermanentError as refusal:
        raise PermanentError(
            f"{refusal} The client has its file and its mail; only the row in Notion is missing.",
            service=refusal.service,
        ) from None
    with transaction.atomic():
        lease.hold()
        Delivery.objects.filter(pk=delivery.pk).update(
            status=DeliveryStatus.LOGGED, logged_at=Coalesce("logged_at", Now()), error=""
        )
        lease.finish(Counts(kept=1))


def _hold(lease: Lease) -> None:
    """Raises LostRace where another worker has taken the delivery over."""
    with transaction.atomic():
        lease.hold()

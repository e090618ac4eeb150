"""What an operator may ask for one delivery: to be tried again, or to be shown again.

Both only reopen a chunk; a worker does the rest, whatever run is under way.
"""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.db.models import QuerySet

from deliveries import outbox
from deliveries.models import WITH_FILE, Delivery, DeliveryStatus, Mail
from pipeline import chunks, runs
from pipeline.models import Chunk, Run
from pipeline.states import ChunkStatus, RunStatus, Stage, StageStatus

STUCK = (DeliveryStatus.FAILED, DeliveryStatus.WAITING)
# What a delivery is while each of these stages is still to come.
BEFORE = {
    Stage.UPLOAD: DeliveryStatus.ALLOCATED,
    Stage.NOTIFY: DeliveryStatus.UPLOADED,
    Stage.LOG: DeliveryStatus.NOTIFIED,
}


def try_again(delivery_id: int) -> None:
    """A delivery that FAILED or is WAITING goes on where it stands. Raises runs.NotPossible."""
    with transaction.atomic():
        delivery = _locked(delivery_id)
        if delivery.status not in STUCK:
            raise runs.NotPossible(f"Delivery {delivery.pk} neither failed nor waits.")
        chunk = _open_chunk(delivery)
        if chunk is None or not chunks.reopen(chunk.pk):
            raise runs.NotPossible(f"A worker is at delivery {delivery.pk} just now.")
        Delivery.objects.filter(pk=delivery.pk).update(
            status=BEFORE[Stage(chunk.stage_run.stage)], error=""
        )


def deliver_again(delivery_id: int) -> None:
    """The same bytes, put back where they are missing, for the client's addresses of today.

    Raises runs.NotPossible. Mails are another matter: none is sent by this.
    """
    with transaction.atomic():
        delivery = _locked(delivery_id)
        if delivery.status not in WITH_FILE:
            raise runs.NotPossible(f"Delivery {delivery.pk} has not been delivered yet.")
        upload = delivery.run.stage_runs.get(stage=Stage.UPLOAD)
        if upload.status == StageStatus.RUNNING:  # which counts each delivery once; no mail is out
            raise runs.NotPossible(f"Run {delivery.run_id} is still uploading; wait for its end.")
        chunk = _chunks(delivery).filter(stage_run=upload).exclude(status=ChunkStatus.DONE).first()
        if chunk is None:
            chunks.add(upload, [chunks.Slice(ref_id=delivery.pk)])
        elif not chunks.reopen(chunk.pk):
            raise runs.NotPossible(f"A worker is at delivery {delivery.pk} just now.")


def send_again(mail: Mail, *, by: str, now: dt.datetime) -> Mail:
    """A new mail in place of one that failed or may not have gone; `by` is who decided that.

    A delivery that had failed, for every address was refused, goes on. Raises outbox.NotPossible.
    """
    with transaction.atomic():
        again = outbox.resend(mail, by=by, now=now)
        if again.delivery is not None and again.delivery.status == DeliveryStatus.FAILED:
            try_again(again.delivery.pk)
    return again


def _locked(delivery_id: int) -> Delivery:
    """The delivery, once nobody else advances its run. Raises runs.NotPossible."""
    delivery = Delivery.objects.select_related("run").get(pk=delivery_id)
    run = Run.objects.select_for_update().get(pk=delivery.run_id)
    if run.status not in {RunStatus.RUNNING, RunStatus.DONE}:
        raise runs.NotPossible(f"Run {run.pk} has not ended: continue it first.")
    delivery.refresh_from_db()
    return delivery


def _open_chunk(delivery: Delivery) -> Chunk | None:
    """The chunk of the furthest stage that the delivery has not come through."""
    stuck = _chunks(delivery).exclude(status=ChunkStatus.DONE)
    return stuck.select_related("stage_run").order_by("-stage_run").first()


def _chunks(delivery: Delivery) -> QuerySet[Chunk]:
    return Chunk.objects.filter(
        stage_run__run=delivery.run_id, stage_run__stage__in=list(BEFORE), ref_id=delivery.pk
    )

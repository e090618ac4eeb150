"""The chain as Celery sees it: seven tasks in this order, and the tick that keeps them going.

A message is a wake-up call that carries a chunk's id: lost, late or doubled, it changes
nothing. What has been done and what comes next stands in PostgreSQL (ADR 0002).
"""

from __future__ import annotations

import logging

from celery import Task, shared_task
from celery.signals import worker_ready, worker_shutdown
from kombu.exceptions import OperationalError

from pipeline import chain, chunks, pulse
from pipeline.states import Stage

logger = logging.getLogger(__name__)


def stage_task(stage: Stage, *, queue: str) -> Task:
    @shared_task(name=f"pipeline.{stage.lower()}", queue=queue)
    def do_chunk(*, chunk_id: int, **_newer: object) -> None:
        chain.perform(chunk_id)
        publish()

    return do_chunk


validate = stage_task(Stage.VALIDATE, queue="cpu")
dedupe = stage_task(Stage.DEDUPE, queue="cpu")
personalize = stage_task(Stage.PERSONALIZE, queue="ai")
allocate = stage_task(Stage.ALLOCATE, queue="cpu")
upload = stage_task(Stage.UPLOAD, queue="io")
notify = stage_task(Stage.NOTIFY, queue="mail")
log = stage_task(Stage.LOG, queue="notion")

TASKS = dict(
    zip(Stage, (validate, dedupe, personalize, allocate, upload, notify, log), strict=True)
)


@shared_task(name="pipeline.tick", queue="control")
def tick(**_newer: object) -> None:
    """Sent by beat every TICK_SECONDS, and by the nightly schedule as a mere hurry-up."""
    chain.look_after()
    publish()


def publish() -> None:
    """Send a hint for every chunk that is due; what cannot be sent now, the tick repeats."""
    try:
        for chunk_id, stage in chunks.take_unpublished():
            TASKS[Stage(stage)].apply_async(kwargs={"chunk_id": chunk_id}, expires=60, retry=False)
    except OperationalError as error:
        logger.warning("broker is away", extra={"error": str(error)})


worker_ready.connect(pulse.start)
worker_shutdown.connect(pulse.stop)

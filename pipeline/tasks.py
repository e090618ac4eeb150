"""The chain as Celery sees it: seven tasks in this order, and the tick that keeps them going.

A message is a wake-up call that carries a chunk's id: lost, late or doubled, it changes
nothing. What has been done and what comes next stands in PostgreSQL (ADR 0002).
"""

from __future__ import annotations

import logging

from celery import Task, shared_task
from celery.signals import worker_ready, worker_shutdown
from django.conf import settings
from kombu.exceptions import OperationalError

from pipeline import chain, chunks, postroom, pulse, services, together
from pipeline import undo as undoing
from pipeline.states import Stage

logger = logging.getLogger(__name__)


def stage_task(stage: Stage) -> Task[..., None]:
    @shared_task(name=f"pipeline.{stage.lower()}")
    def do_chunk(*, chunk_id: int, **_newer: object) -> None:
        chain.perform(chunk_id)
        publish()

    return do_chunk


validate = stage_task(Stage.VALIDATE)
dedupe = stage_task(Stage.DEDUPE)
personalize = stage_task(Stage.PERSONALIZE)
allocate = stage_task(Stage.ALLOCATE)


@shared_task(name="pipeline.upload")
def upload(*, chunk_id: int, **_newer: object) -> None:
    """Files go out many at once; DRIVE_CONCURRENCY holds for all workers together."""
    together.perform(Stage.UPLOAD, chunk_id, at_once=settings.DRIVE_CONCURRENCY)
    publish()


notify = stage_task(Stage.NOTIFY)
log = stage_task(Stage.LOG)

TASKS = dict(
    zip(Stage, (validate, dedupe, personalize, allocate, upload, notify, log), strict=True)
)


@shared_task(name="pipeline.tick")
def tick(*, hurried: bool = False, **_newer: object) -> None:
    """Sent by beat every TICK_SECONDS, and by the nightly schedule as a mere hurry-up."""
    if not hurried:
        services.beat("beat")
    chain.look_after()
    publish_all()


@shared_task(name="pipeline.mail")
def mail(**_newer: object) -> None:
    """Send what is owed beside the stages: digests, mails sent again, addresses put off."""
    postroom.send()


@shared_task(name="pipeline.undo")
def undo(*, lead_file_id: int, **_newer: object) -> None:
    """One slice; the next is asked for by the last, and by every tick."""
    if undoing.go_on(lead_file_id):
        publish_undos()


def wake() -> None:
    """Have a worker tick now instead of at the next beat."""
    try:
        tick.apply_async(kwargs={"hurried": True}, expires=60, retry=False)
    except OperationalError as error:
        logger.warning("broker is away", extra={"error": str(error)})


def publish_all() -> None:
    publish()
    publish_undos()
    publish_mails()


def publish() -> None:
    """Send a hint for every chunk that is due; what cannot be sent now, the tick repeats."""
    try:
        for chunk_id, stage in chunks.take_unpublished():
            TASKS[Stage(stage)].apply_async(kwargs={"chunk_id": chunk_id}, expires=60, retry=False)
    except OperationalError as error:
        logger.warning("broker is away", extra={"error": str(error)})


def publish_undos() -> None:
    """Send a hint for every file that is to be undone and may be now."""
    try:
        for lead_file_id in undoing.asked():
            undo.apply_async(kwargs={"lead_file_id": lead_file_id}, expires=60, retry=False)
    except OperationalError as error:
        logger.warning("broker is away", extra={"error": str(error)})


def publish_mails() -> None:
    """Send a hint where mails wait that no stage sends."""
    if not postroom.waiting().exists():
        return
    try:
        mail.apply_async(expires=60, retry=False)
    except OperationalError as error:
        logger.warning("broker is away", extra={"error": str(error)})


@worker_ready.connect
def _begin_pulse(**_signal: object) -> None:
    pulse.start(publish_all)


worker_shutdown.connect(pulse.stop)

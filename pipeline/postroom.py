"""Mails that no stage sends: digests, mails sent again, and addresses that were put off.

Woken by the tick. A delivery's first mails belong to the notify stage for as long as its chunk
is open; afterwards what is still owed of them is sent from here. Safe to run twice: each mail is
begun at most once.
"""

from __future__ import annotations

import logging

from django.db.models import Exists, OuterRef, QuerySet

from deliveries import letters, outbox, posting
from deliveries.models import Mail
from leadgen.integrations.errors import ServiceError
from leadgen.integrations.mail import Letter
from pipeline import digest, services
from pipeline.models import Chunk
from pipeline.states import ChunkStatus, Stage

logger = logging.getLogger(__name__)
AT_ONCE = 200  # mails in one go: a task has its time limit


def waiting() -> QuerySet[Mail]:
    """What may be sent now, and is in no stage's hands."""
    notifying = Chunk.objects.filter(
        stage_run__stage=Stage.NOTIFY,
        status__in=[ChunkStatus.PENDING, ChunkStatus.LEASED, ChunkStatus.FAILED],
        ref_id=OuterRef("delivery_id"),
    )
    return outbox.due().exclude(Exists(notifying))


def send() -> int:
    """Send what waits; returns how many were taken up. While the server is away, nothing is."""
    mails = list(waiting().select_related("delivery__client", "delivery__run", "run")[:AT_ONCE])
    try:
        posting.post(mails, write)
    except services.Paused:
        return 0  # said when the pause began
    except ServiceError as error:
        logger.warning("mails wait", extra={"error": str(error)})
    return len(mails)


def write(mail: Mail) -> Letter:
    """The letter of a mail, by what it is about."""
    if mail.kind == Mail.Kind.DIGEST:
        return digest.letter(mail)
    return letters.about_delivery(mail.about, mail)

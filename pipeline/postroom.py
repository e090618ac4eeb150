"""Mails that no stage sends: digests, mails sent again, and addresses that were put off.

Woken by the tick. A delivery's first mails belong to the notify stage until its chunk is done;
afterwards what is still owed of them is sent from here. Safe to run twice: each mail is
begun at most once.
"""

from __future__ import annotations

import datetime as dt
import logging

from django.db.models import Exists, OuterRef, Q, QuerySet

from deliveries import letters, outbox, posting
from deliveries.models import DeliveryStatus, Mail
from leadgen.integrations.errors import ConfigError, ServiceError
from leadgen.integrations.mail import Letter
from pipeline import clock, digest, services
from pipeline.models import Chunk
from pipeline.states import ChunkStatus, Stage

logger = logging.getLogger(__name__)
NOT_LET_IN = "not_let_in"
ASK_AGAIN_AFTER = dt.timedelta(minutes=10)
AT_ONCE = 200  # mails in one go: a task has its time limit


def waiting() -> QuerySet[Mail]:
    """What may be sent now, and is in no stage's hands."""
    chunks = Chunk.objects.filter(stage_run__stage=Stage.NOTIFY, ref_id=OuterRef("delivery_id"))
    to_come = Q(delivery__status=DeliveryStatus.UPLOADED) & ~Exists(chunks)
    return outbox.due().exclude(to_come | Exists(chunks.exclude(status=ChunkStatus.DONE)))


def send() -> int:
    """Send what waits; returns how many were taken up. While the server is away, nothing is."""
    mails = list(waiting().select_related("delivery__client", "delivery__run", "run")[:AT_ONCE])
    try:
        posting.post(mails, write)
    except services.Paused:
        return 0  # said when the pause began
    except ConfigError as error:  # at each tick, a wrong password would lock the account
        until = clock.database_now() + ASK_AGAIN_AFTER
        services.trip(error.service, str(error), reason=NOT_LET_IN, until=until)
    except ServiceError as error:
        logger.warning("mails wait", extra={"error": str(error)})
    return len(mails)


def write(mail: Mail) -> Letter:
    """The letter of a mail, by what it is about."""
    if mail.kind == Mail.Kind.DIGEST:
        return digest.letter(mail)
    return letters.about_delivery(mail.about, mail)

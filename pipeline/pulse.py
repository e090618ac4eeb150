"""A worker's own pulse: its heartbeat row, and a second ticker for when beat is dead.

Runs in a thread of the worker's main process, timed by the monotonic clock: a dead beat or a
host whose clock was set back does not stop the night (design, 2).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connection

from pipeline import chain, chunks, services

logger = logging.getLogger(__name__)

BEAT_IS_SILENT_AFTER = 90  # seconds without a tick

_stopped = threading.Event()


def start(publish: Callable[[], None]) -> None:
    """Begin to beat; called once the worker is ready for work."""
    services.check_suppression_key()
    services.beat(services.worker_heartbeat())
    _stopped.clear()
    threading.Thread(target=_run, args=(publish,), daemon=True, name="pulse").start()


def stop(**_signal: object) -> None:
    _stopped.set()
    services.forget_heartbeat(services.worker_heartbeat())


def _run(publish: Callable[[], None]) -> None:
    while not _stopped.wait(settings.TICK_SECONDS):
        try:
            pulse(publish)
        except Exception:  # the database may be away for a while; the thread must outlive that
            logger.exception("pulse missed")
        finally:
            connection.close()


def pulse(publish: Callable[[], None]) -> None:
    services.beat(services.worker_heartbeat())
    if services.seconds_since("tick") > BEAT_IS_SILENT_AFTER:
        logger.warning("beat is silent; ticking in its place", extra={"by": chunks.worker_name()})
        chain.look_after()
        publish()

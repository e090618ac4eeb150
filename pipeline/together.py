"""Several chunks of one stage at once in one process, for a stage that mostly waits for others.

One hint wakes as many threads as there are slots free and chunks due. Each takes a slot, claims
the oldest chunk that is due, and goes on until none is or its time is up. A hint that finds all
slots taken does nothing: whoever holds them takes its chunk, too.
"""

from __future__ import annotations

import logging
import threading
import time

from django.db import connection

from pipeline import chain, chunks, slots
from pipeline.states import Stage

logger = logging.getLogger(__name__)

TAKES_UP_FOR = 20  # seconds: then the task ends, and the next hint begins another


def perform(stage: Stage, chunk_id: int, *, at_once: int) -> None:
    """Do this chunk and what else of its stage is due, `at_once` over all workers."""
    crew = _Crew(stage, at_once)
    others = [pk for pk in chunks.due(stage) if pk != chunk_id]
    helpers = [threading.Thread(target=crew.help) for _ in others[: at_once - 1]]
    for helper in helpers:
        helper.start()
    try:
        crew.work_off(first=chunk_id)
    finally:
        for helper in helpers:
            helper.join()
    if crew.is_tired():  # hints that came while the slots were taken have been dropped
        chunks.hint_again(stage)


class _Crew:
    """The threads of one task."""

    def __init__(self, stage: Stage, at_once: int) -> None:
        self._stage, self._at_once = stage, at_once
        self._until = time.monotonic() + TAKES_UP_FOR

    def is_tired(self) -> bool:
        return time.monotonic() >= self._until

    def help(self) -> None:
        try:
            self.work_off()
        except Exception:  # its chunk's lease runs out
            logger.exception("a thread died", extra={"stage": self._stage})
        finally:
            connection.close()  # this thread's own

    def work_off(self, *, first: int | None = None) -> None:
        """One chunk after the other while there is a slot, a chunk that is due, and time."""
        wanted = [] if first is None else [first]
        while not self.is_tired():
            with slots.slot(self._stage, of=self._at_once) as free:
                due = [*wanted, *chunks.due(self._stage)] if free else []
                if not any(map(chain.perform, due)):
                    return
            wanted = []

"""A run's state machine: the stages in order, the statuses, and which may follow which.

    Run      RUNNING ─a→ DONE            StageRun  RUNNING ─e→ DONE
             RUNNING ─b→ FAILED                    RUNNING ─f→ FAILED
             RUNNING ─c→ CANCELLED                 FAILED  ─g→ RUNNING
             FAILED  ─d→ RUNNING

    Chunk    PENDING ─h→ LEASED ─i→ DONE
                         LEASED ─j→ PENDING
                         LEASED ─k→ FAILED ─l→ PENDING
             PENDING ─m→ FAILED ─n→ DONE

docs/architecture.md says in a sentence who moves along each letter; a test keeps the two equal.
Pure: no Django, no clock.
"""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """The seven stages, in the order in which every run goes through them."""

    VALIDATE = "VALIDATE"
    DEDUPE = "DEDUPE"
    PERSONALIZE = "PERSONALIZE"
    ALLOCATE = "ALLOCATE"
    UPLOAD = "UPLOAD"
    NOTIFY = "NOTIFY"
    LOG = "LOG"

    @property
    def following(self) -> Stage | None:
        """The stage after this one; None after the last."""
        order = list(Stage)
        position = order.index(self) + 1
        return order[position] if position < len(order) else None

    @property
    def reaches_outside(self) -> bool:
        """Whether the stage depends on services that may be down for hours.

        Such a stage never fails its run: its deliveries wait or fail one by one (design, 7).
        """
        return self in {Stage.UPLOAD, Stage.NOTIFY, Stage.LOG}


class RunStatus(StrEnum):
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class StageStatus(StrEnum):
    WAITING = "WAITING"  # the run has not come this far: there is no row yet
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


class ChunkStatus(StrEnum):
    PENDING = "PENDING"
    LEASED = "LEASED"
    DONE = "DONE"
    FAILED = "FAILED"


RUN_TRANSITIONS: dict[str, frozenset[str]] = {
    RunStatus.RUNNING: frozenset({RunStatus.DONE, RunStatus.FAILED, RunStatus.CANCELLED}),
    RunStatus.FAILED: frozenset({RunStatus.RUNNING}),
    RunStatus.DONE: frozenset(),
    RunStatus.CANCELLED: frozenset(),
}
STAGE_TRANSITIONS: dict[str, frozenset[str]] = {
    StageStatus.RUNNING: frozenset({StageStatus.DONE, StageStatus.FAILED}),
    StageStatus.FAILED: frozenset({StageStatus.RUNNING}),
    StageStatus.DONE: frozenset(),
}
CHUNK_TRANSITIONS: dict[str, frozenset[str]] = {
    ChunkStatus.PENDING: frozenset({ChunkStatus.LEASED, ChunkStatus.FAILED}),
    ChunkStatus.LEASED: frozenset({ChunkStatus.DONE, ChunkStatus.PENDING, ChunkStatus.FAILED}),
    ChunkStatus.FAILED: frozenset({ChunkStatus.PENDING, ChunkStatus.DONE}),
    ChunkStatus.DONE: frozenset(),
}


class IllegalTransition(Exception):
    """Somebody asked for a move that the machine does not know."""


class LostRace(Exception):
    """Somebody else moved the row first; what this caller holds is stale."""


def check_transition(transitions: dict[str, frozenset[str]], old: str, new: str) -> None:
    """Raise IllegalTransition unless `old` may become `new`."""
    if new not in transitions.get(old, frozenset()):
        raise IllegalTransition(f"{old} may not become {new}")

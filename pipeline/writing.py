"""Drafts by the AI for many requests at once; where it gives none, the template's, with its reason.

For each request: reserve → ask → judge → at most one retry that names what was wrong → else the
template. The questions live in the process's event loop (pipeline.asking); this thread reserves
the money, judges what comes back, and hands out parts of PART drafts to be saved together with
what they cost. Whatever is under way when this process dies is paid for at most once more.

Nothing is hidden: a template that stands in says why. Two things stop the AI for all that is
left: money or account (templates at once), and an outage (the rest is given back and tried again,
for AI_PATIENCE_MINUTES; then templates, design 7).
"""

from __future__ import annotations

import queue
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from leadgen.integrations import gemini
from leadgen.integrations.errors import Dropped
from leadgen.integrations.gemini_errors import SERVICE
from pipeline import budget, drafts, outages
from pipeline.asking import Asking, Reply
from pipeline.budget import Settled
from pipeline.drafts import Request, Words
from pipeline.jobs import LARGER, Job
from pipeline.models import Chunk
from pipeline.prompts import Instruction
from pipeline.verdicts import FAILED, Verdict, verdict_of

PART = 10  # drafts that are saved together: as many are lost with the process
BLOCK = budget.CALLS_AT_ONCE
AHEAD = 2 * BLOCK  # calls reserved beyond those in flight: more would be lost with the process
WRITING_SECONDS = 400.0  # below the soft limit of a task; what is under way then is awaited
LOOK_EVERY = 0.2  # seconds
GRACE = 5.0  # seconds after the last, for what is under way while a person waits
FIRST_BACKOFF = 1.0  # seconds, where no answer came; then 2, 4

Instruct = Callable[[Request, Sequence[str]], Instruction]
Heard = Callable[[Request, Verdict], object]


@dataclass(frozen=True, kw_only=True)
class Part:
    """Drafts to be kept, and what was booked for them: to be written in one transaction."""

    written: list[tuple[Request, Words]]
    settled: list[Settled]


@dataclass
class _Ready:
    """What waits to be saved."""

    written: list[tuple[Request, Words]] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)


class AiWriter:
    """Writes the drafts of one chunk, or of none. How many it could not write now is in `left`."""

    def __init__(
        self,
        asking: Asking,
        instruct: Instruct,
        *,
        chunk: Chunk | None = None,
        seconds: float | None = None,
        heard: Heard = lambda _request, _verdict: None,
    ) -> None:
        self.left = 0
        self._heard = heard
        self._chunk = chunk
        self._run = chunk.stage_run.run if chunk else None  # None: somebody at the desk waits
        self._asking = asking
        self._instruct = instruct
        self._ends_at = time.monotonic() + (WRITING_SECONDS if seconds is None else seconds)
        self._replies: queue.SimpleQueue[Reply] = queue.SimpleQueue()
        self._jobs: deque[Job] = deque()
        self._later: list[Job] = []  # to be tried again, each at its time, before all others
        self._under_way: dict[int, Job] = {}
        self._ready = _Ready()
        self._stopped = ""  # the reason of the templates for all that is left
        self._postponed = False
        self._short_of_money = False
        self._watch = outages.Watch()
        if not self._watch.on_trial:
            asking.failures = 0

    def write(self, requests: Sequence[Request]) -> Iterator[Part]:
        """Drafts as they come. Never raises for a single request: a template stands in."""
        made = budget.calls_made(self._run, [(each.lead_id, each.client_id) for each in requests])
        self._jobs.extend(
            Job(request=each, calls=made.get((each.lead_id, each.client_id), 0))
            for each in requests
        )
        try:
            while self._jobs or self._later or self._under_way or self._ready.settled:
                self._send()
                self._receive()
                if self._run is None and time.monotonic() > self._ends_at + GRACE:
                    self._give_up()
                if self._is_due():
                    yield self._part()
            yield self._part()
            if self.left and time.monotonic() > self._ends_at:
                self._watch.time_is_up()
        finally:
            if self._under_way:  # whoever saves has given up: what is not asked need not be
                self._asking.recall()

    # Sending

    def _send(self) -> None:
        while not self._is_stopped() and (block := self._block()):
            self._ask(block)
            if self._short_of_money:
                return

    def _is_stopped(self) -> bool:
        """Whether nothing more is asked; if so, what waits is written by the template or left."""
        if not self._stopped and not self._postponed:
            self._stopped, self._postponed = self._watch.look()
            if not self._stopped and time.monotonic() > self._ends_at:
                self._time_is_up()
        if self._stopped or self._postponed:
            self._asking_ends()
        return bool(self._stopped or self._postponed)

    def _time_is_up(self) -> None:
        """A chunk is tried again; whoever waits at the desk is told that no answer came."""
        if self._run is None:
            self._stopped = FAILED
        else:
            self._postponed = True

    def _asking_ends(self) -> None:
        if self._under_way:
            self._asking.recall()
        self._jobs.extend(self._later)
        self._later.clear()
        while self._jobs:
            job = self._jobs.popleft()
            if self._stopped:
                self._stand_in(job, self._stopped)
            else:
                self.left += 1

    def _block(self) -> list[Job]:
        """The next to be asked: a whole block, unless fewer are left or the AI is on trial."""
        if self._short_of_money and self._under_way:
            return []
        most = 1 if self._watch.on_trial else self._asking.limits.share + AHEAD
        room = most - len(self._under_way)
        self._take_up_again()
        size = min(BLOCK, most, len(self._jobs))
        return [self._jobs.popleft() for _ in range(size)] if room >= size else []

    def _take_up_again(self) -> None:
        """What is due goes first: left to the end, the hopeless would be all that is asked."""
        now = time.monotonic()
        self._jobs.extendleft(job for job in self._later if job.not_before <= now)
        self._later = [job for job in self._later if job.not_before > now]

    def _ask(self, block: list[Job]) -> None:
        spent = [job for job in block if job.calls >= budget.MAX_CALLS]
        for job in spent:
            self._stand_in(job, FAILED)
        others = [job for job in block if job.calls < budget.MAX_CALLS]
        told = [self._instruct(job.request, job.violations) for job in others]
        wanted = [job.wanted(each) for job, each in zip(others, told, strict=True)]
        ids = budget.reserve(self._run, wanted, chunk=self._chunk)
        for call_id, job, instruction in zip(ids, others, told, strict=False):
            self._under_way[call_id] = job
            self._asking.ask(job.question(call_id, instruction), self._replies.put)
        self._without_money(others[len(ids) :])

    def _without_money(self, unpaid: list[Job]) -> None:
        """What is under way may leave some of its money: only then is the budget used up."""
        self._jobs.extendleft(reversed(unpaid))
        self._short_of_money = bool(unpaid)
        if unpaid and not self._under_way and not self._ready.settled:
            self._stopped = "ai_budget"

    # Receiving

    def _receive(self) -> None:
        """Take in what came, waiting a little for the first; at most what fills a part."""
        wait = bool(self._under_way) and not self._is_due()
        while len(self._ready.written) < PART and self._under_way:
            try:
                reply = self._replies.get(timeout=LOOK_EVERY if wait else 0)
            except queue.Empty:
                return
            wait = False
            self._take(reply)
        if not self._under_way and not self._ready.settled and self._later:
            time.sleep(0.01)  # each waits for its next try

    def _take(self, reply: Reply) -> None:
        job = self._under_way.pop(reply.call_id)
        verdict = verdict_of(reply, job.request, reserved=job.reserved)
        self._heard(job.request, verdict)
        self._ready.settled.append(verdict.settled)
        self._watch.note(reply)
        job.calls += verdict.counts
        if verdict.words is not None:
            self._ready.written.append((job.request, verdict.words))
        elif verdict.again or self._may_mend(job, verdict):
            self._try_again(job, verdict)
        else:
            self._stand_in(job, verdict.reason)

    def _give_up(self) -> None:
        """Nobody at the desk waits for an answer that does not come; it counts as paid."""
        error = Dropped("Gemini did not answer in time.", service=SERVICE)
        for call_id, job in self._under_way.items():
            lost = Reply(call_id=call_id, tier=gemini.STANDARD, error=error)
            verdict = verdict_of(lost, job.request, reserved=job.reserved)
            self._heard(job.request, verdict)
            self._ready.settled.append(verdict.settled)
            self._stand_in(job, verdict.reason)
        self._under_way.clear()

    def _may_mend(self, job: Job, verdict: Verdict) -> bool:
        return (verdict.mends and not job.retried) or (verdict.outside and self._watch.tripped)

    def _try_again(self, job: Job, verdict: Verdict) -> None:
        """Once with what was wrong; as often as MAX_CALLS allows where no answer came."""
        if verdict.mends:
            job.retried = True
            job.violations = verdict.violations
            job.most_output *= LARGER if verdict.cut else 1
        else:
            pause = FIRST_BACKOFF * 2 ** (job.calls - 1) if job.calls else 0.0
            job.failed = True
            job.not_before = time.monotonic() + pause
        self._later.append(job)

    def _stand_in(self, job: Job, reason: str) -> None:
        words = drafts.from_template(job.request, reason=reason)
        self._ready.written.append((job.request, words))

    # Handing out

    def _is_due(self) -> bool:
        ready = self._ready
        return len(ready.written) >= PART or (
            bool(ready.settled) and (self._short_of_money or not self._under_way)
        )

    def _part(self) -> Part:
        ready, self._ready = self._ready, _Ready()
        self._short_of_money = False
        return Part(written=ready.written, settled=ready.settled)

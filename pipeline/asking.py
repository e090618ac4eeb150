"""Questions to the AI, many at once: paced by the shared limits, tried again where that helps.

Knows no row: it lives in the process's event loop. What became of a question is told through
`tell`, exactly once, whatever happens.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.conf import settings

from leadgen.integrations import gemini, loops
from leadgen.integrations.errors import (
    Dropped,
    PermanentError,
    ServiceError,
    Throttled,
    TransientError,
    Unusable,
)
from leadgen.integrations.gemini import Gemini
from leadgen.integrations.gemini_answers import Answer
from leadgen.integrations.gemini_errors import SERVICE
from leadgen.integrations.limits import Limit, Limits

TRIP_AFTER = 20  # leads that failed in a row, over all questions of this process
TRIES = 4  # of a question that the service did not take; nothing is charged for these
FIRST_BACKOFF = 1.0  # seconds; then 2, 4 …


@dataclass(frozen=True, kw_only=True)
class Question:
    """One call that is reserved. `tokens`: what it may take in, by our reckoning.

    `failed_before`: the same lead has failed already, so that one more failure says nothing new
    of the service.
    """

    call_id: int
    system: str
    data: str
    schema: Mapping[str, Any]
    max_output_tokens: int
    tokens: int
    tier: str = gemini.STANDARD
    failed_before: bool = False


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer or an error; `tier` is the one that answered.

    `failures`: how many leads have failed since the last answer. `in_flight`: how many calls
    were still under way.
    """

    call_id: int
    tier: str
    answer: Answer | None = None
    error: ServiceError | None = None
    failures: int = 0
    in_flight: int = 0


Tell = Callable[[Reply], None]


class NotAsked(TransientError):
    """The question was recalled before it was under way."""


class Asking:
    """Asks one account; one per process, so that connections and the limits' share are kept."""

    def __init__(self, account: Gemini, limits: Limits) -> None:
        self.limits = limits
        self.failures = 0  # leads in a row; one that is tried again counts once
        self._account = account
        self._in_flight = 0
        self._waiting: set[asyncio.Task[Any] | None] = set()  # not, or no longer, under way

    def ask(self, question: Question, tell: Tell) -> None:
        loops.loop().call_soon_threadsafe(self._begin, question, tell)

    def recall(self) -> None:
        """Whatever is not under way need not be asked any more."""
        loops.loop().call_soon_threadsafe(self._recall)

    async def close(self) -> None:
        await self.limits.close()
        await self._account.close()

    def _begin(self, question: Question, tell: Tell) -> None:
        task = asyncio.create_task(self._ask(question))
        self._waiting.add(task)
        task.add_done_callback(partial(self._end, question, tell))

    def _end(self, question: Question, tell: Tell, task: asyncio.Task[Reply]) -> None:
        """Told from here, for a task that is recalled before its first step runs no code at all."""
        self._waiting.discard(task)
        if task.cancelled():
            error = NotAsked("It was not asked any more.", service=SERVICE)
            tell(Reply(call_id=question.call_id, tier=question.tier, error=error))
        else:
            tell(task.result())

    def _recall(self) -> None:
        for task in list(self._waiting):
            if task is not None:
                task.cancel()

    async def _ask(self, question: Question) -> Reply:
        """Ask until there is an answer, an error that stays one, or nothing left to try."""
        tries, tier = 0, question.tier
        while True:
            reply = await self._once(question, tier, is_new=not tries)
            if not _helps_to_repeat(reply):
                return reply
            if tier != gemini.STANDARD:  # the cheap tier is only tried
                tier = gemini.STANDARD
                continue
            if not isinstance(reply.error, Throttled):
                tries += 1
                if tries == TRIES or is_down(reply):
                    return reply
                await asyncio.sleep(_backoff(tries))

    async def _once(self, question: Question, tier: str, *, is_new: bool) -> Reply:
        me = asyncio.current_task()
        async with self.limits.start(question.tokens):
            self._waiting.discard(me)
            self._in_flight += 1
            try:
                reply = await self._call(question, tier)
            finally:
                self._in_flight -= 1
        self._waiting.add(me)
        await self._take_note(question, reply, is_new=is_new and not question.failed_before)
        return replace(reply, failures=self.failures, in_flight=self._in_flight)

    async def _call(self, question: Question, tier: str) -> Reply:
        try:
            answer = await self._account.generate(
                system=question.system,
                data=question.data,
                schema=question.schema,
                max_output_tokens=question.max_output_tokens,
                tier=tier,
            )
        except ServiceError as error:
            return Reply(call_id=question.call_id, tier=tier, error=error)
        return Reply(call_id=question.call_id, tier=tier, answer=answer)

    async def _take_note(self, question: Question, reply: Reply, *, is_new: bool) -> None:
        """What the answer says of the service itself. That the cheap tier is full: nothing."""
        if isinstance(reply.error, Throttled):
            if reply.tier == gemini.STANDARD:
                await self.limits.throttled(reply.error.retry_after)
        elif isinstance(reply.error, TransientError):
            self.failures += is_new and reply.tier == gemini.STANDARD
        elif reply.answer is not None or isinstance(reply.error, Unusable):
            self.failures = 0
            used = reply.answer.tokens_in if reply.answer else question.tokens
            self.limits.answered(reckoned=question.tokens, tokens=used)


def is_down(reply: Reply) -> bool:
    """Whether so many failed that it is the service, not the leads.

    A refusal comes faster than an answer: while more calls are under way than have failed, the
    answers may still be coming.
    """
    return reply.failures >= TRIP_AFTER and reply.failures > reply.in_flight


def _helps_to_repeat(reply: Reply) -> bool:
    """Whether the same call may be made again: not where the first may have been paid for."""
    return reply.error is not None and not isinstance(reply.error, (PermanentError, Dropped))


def _backoff(tries: int) -> float:
    jitter = random.uniform(0.8, 1.2)  # noqa: S311  (not a secret)
    return float(FIRST_BACKOFF * 2 ** (tries - 1) * jitter)


_lock = threading.Lock()
_asking: dict[tuple[object, ...], Asking] = {}


def asking() -> Asking:
    """The one of this process, for the account and the limits in the settings."""
    limit = Limit(
        requests_per_minute=settings.GEMINI_RPM,
        tokens_per_minute=settings.GEMINI_TPM,
        in_flight=settings.GEMINI_CONCURRENCY,
    )
    account = gemini.connected()
    made_for = (os.getpid(), id(account), limit)
    with _lock:
        if made_for not in _asking:
            prefix = str(settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"])
            limits = Limits(
                limit, name=f"gemini:{account.model}", url=settings.REDIS_URL, prefix=prefix
            )
            _asking[made_for] = Asking(account, limits)
            # What is loaded by now stays: a collection that walks through it would hold up every
            # call in flight for a fifth of a second.
            gc.collect()
            gc.freeze()
        return _asking[made_for]


def close() -> None:
    """Close what this process has open; the next question opens it anew."""
    with _lock:
        for key in [key for key in _asking if key[0] == os.getpid()]:
            loops.submit(_asking.pop(key).close()).result(timeout=10)
        gemini.forget()

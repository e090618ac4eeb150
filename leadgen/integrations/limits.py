"""How fast, and how many at once, all workers on all hosts may ask one service. Knows no model.

Requests and tokens per minute, calls in flight, and a pause for everybody stand in Valkey; one
script (limits.lua) is asked at most every ASK_EVERY by each worker process, not once per call.

Starts are handed out evenly spaced and a little ahead; one that a worker could not use in time
is forfeited, so that no second ever holds a burst. Calls in flight begin with START_WITH, grow
with each answer, and are halved when the service says that it is too much. A worker's share of
them is leased: a killed worker's falls back to the others after LEASE_SECONDS.

While Valkey is away, each worker goes on at an even share of what all had when it last answered:
the workers are then no faster together than before. One that was never given any keeps one call
in flight, at an eighth of the rate.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import socket
import uuid
from collections import deque
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis.asyncio
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SCRIPT = (Path(__file__).parent / "limits.lua").read_text(encoding="utf-8")

START_WITH = 8  # calls in flight, until the service has shown that it bears more
LEASE_SECONDS = 5.0
RENEW_EVERY = 0.25  # seconds
ASK_EVERY = 0.02  # seconds, while calls wait for their start
AHEAD = 0.1  # seconds: starts are given out this far ahead
TOO_LATE = 0.05  # seconds: a start that was missed by more is forfeited
USED = 0.98  # of the rate: what is left covers that no clock and no network is exact
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 120.0  # seconds, where the service names none
ALONE_RATE = 1 / 8  # of the rate, for a worker that never reached Valkey


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What the account allows; 0: no limit that we know of."""

    requests_per_minute: int = 0
    tokens_per_minute: int = 0
    in_flight: int = 100

    @property
    def seconds_apart(self) -> float:
        return 60 / (self.requests_per_minute * USED) if self.requests_per_minute else 0.0

    @property
    def seconds_per_token(self) -> float:
        return 60 / (self.tokens_per_minute * USED) if self.tokens_per_minute else 0.0


@dataclass
class _Granted:
    """What Valkey said last."""

    share: int = 1
    workers: int = 0
    in_flight: int = 0


class Limits:
    """One process's part in a shared limit. Lives in one event loop."""

    def __init__(self, limit: Limit, *, name: str, url: str, prefix: str) -> None:
        self.limit = limit
        self.away = False
        self._worker = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._keys = [
            f"{prefix}limits:{name}:{part}" for part in ("state", "leases", "held", "wants")
        ]
        self._redis: Any = redis.asyncio.Redis.from_url(
            url, socket_timeout=2, socket_connect_timeout=2
        )
        self._script = self._redis.register_script(SCRIPT)
        self._waiting: deque[tuple[asyncio.Future[None], int]] = deque()
        self._running = 0
        self._answers = 0
        self._more_tokens = 0.0  # used beyond what was reckoned, since the last time
        self._in_hand = 0  # starts given out, not yet begun
        self._granted = _Granted()
        self._free_up_to = 0  # calls in flight that may begin without asking
        self._paused_until = 0.0  # by the loop's clock
        self._next_alone = 0.0
        self._keeper: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()

    @contextlib.asynccontextmanager
    async def start(self, tokens: int) -> AsyncIterator[None]:
        """Wait for a start, then hold a call in flight; `tokens` is what the call may take in."""
        await self._turn(tokens)
        try:
            yield
        finally:
            self._running -= 1
            self._begin_freely()
            self._wake.set()

    def answered(self, *, reckoned: int, tokens: int) -> None:
        """The service took the call: more of them may be in flight."""
        self._answers += 1
        self._more_tokens += tokens - reckoned

    async def throttled(self, retry_after: float | None) -> None:
        """The service says that it is too much: everybody waits, and half as many go on."""
        asked = -1.0 if retry_after is None else retry_after
        jitter = random.uniform(0, 0.2)  # noqa: S311  (not a secret)
        first = [self.limit.in_flight, START_WITH]
        found = await self._run("pause", *first, asked, FIRST_PAUSE, LONGEST_PAUSE, jitter)
        seconds = found[0] / 1e6 if found else max(asked + 1, FIRST_PAUSE)
        self._pause(seconds)

    @property
    def share(self) -> int:
        """How many calls this process may have in flight now; it grows as more are waiting."""
        return self._granted.share

    async def close(self) -> None:
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._redis.aclose()

    # A call's turn

    async def _turn(self, tokens: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((turn, tokens))
        self._begin_freely()
        self._wake.set()
        if self._keeper is None or self._keeper.done():
            self._keeper = asyncio.create_task(self._keep_asking())
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._running -= 1  # its turn had come
            raise

    def _begin(self) -> None:
        while self._waiting:
            turn, _ = self._waiting.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)
                return

    def _begin_freely(self) -> None:
        """Where nothing but our share of the calls in flight holds us back, ask nobody."""
        if self.limit.requests_per_minute or self.limit.tokens_per_minute:
            return
        if asyncio.get_running_loop().time() >= self._paused_until:
            while self._waiting and self._running + self._in_hand < self._free_up_to:
                self._begin()

    def _begin_in_time(self, due: float) -> None:
        self._in_hand -= 1
        now = asyncio.get_running_loop().time()
        if now - due <= TOO_LATE and now >= self._paused_until:
            self._begin()

    # Asking Valkey

    async def _keep_asking(self) -> None:
        """Ask as long as a call waits or runs, and once more, which gives the share back.

        What is left to do is looked at behind each question, not before the next: while one is
        under way calls may come, and `_turn` starts no second keeper.
        """
        while True:
            self._wake.clear()
            await self._ask()
            if not (self._waiting or self._running or self._free_up_to):
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._patience()):
                    await self._wake.wait()
            await asyncio.sleep(ASK_EVERY)

    def _patience(self) -> float:
        """How long until the next question, if no call ends and none comes."""
        startable = min(len(self._waiting), self._granted.share - self._running)
        return ASK_EVERY if startable > self._in_hand else RENEW_EVERY

    async def _ask(self) -> None:
        # What we do not use may be another worker's before the answer is here.
        self._free_up_to = self._running + self._in_hand
        wanted = max(len(self._waiting) - self._in_hand, 0)
        token_cost = self._tokens_of_one() * self.limit.seconds_per_token
        found = await self._run(
            "ask",
            self.limit.in_flight,
            START_WITH,
            self._running + self._in_hand,
            wanted,
            wanted,
            self.limit.seconds_apart * 1e6,
            token_cost * 1e6,
            self._taken_tokens() * 1e6,
            self._taken_answers(),
            LEASE_SECONDS * 1e6,
            AHEAD * 1e6,
        )
        if found is None:
            self._free_up_to = 0
            self._begin_alone(max(self.limit.seconds_apart, token_cost))
            return
        share, count, first, spacing, pause, workers, in_flight = found
        self._granted = _Granted(share=share, workers=workers, in_flight=in_flight)
        self._free_up_to = share
        self._pause(pause / 1e6)
        self._hand_out(count, first / 1e6, spacing / 1e6)

    def _tokens_of_one(self) -> float:
        return self._waiting[0][1] if self._waiting else 0

    def _taken_tokens(self) -> float:
        more, self._more_tokens = self._more_tokens, 0.0
        return more * self.limit.seconds_per_token

    def _taken_answers(self) -> int:
        answers, self._answers = self._answers, 0
        return answers

    def _hand_out(self, count: int, first: float, spacing: float) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for n in range(count):
            due = now + first + n * spacing
            self._in_hand += 1
            if due <= now:
                self._begin_in_time(now)
            else:
                loop.call_at(due, self._begin_in_time, due)

    def _pause(self, seconds: float) -> None:
        if seconds > 0:
            until = asyncio.get_running_loop().time() + seconds
            self._paused_until = max(self._paused_until, until)

    def _begin_alone(self, apart: float) -> None:
        """Valkey is away: go on at an even share, without knowing of the others."""
        now = asyncio.get_running_loop().time()
        known = self._granted.workers
        apart *= known or 1 / ALONE_RATE
        share = max(1, self._granted.in_flight // known) if known else 1
        free = share - self._running - self._in_hand
        if now >= self._paused_until and now >= self._next_alone and free > 0:
            self._next_alone = now + apart
            for _ in range(1 if apart else free):
                self._begin()

    async def _run(self, act: str, *arguments: float) -> list[int] | None:
        """What the script says; None while Valkey is away."""
        try:
            found: list[int] = await self._script(
                keys=self._keys, args=[self._worker, act, *arguments]
            )
        except (RedisError, OSError) as error:
            if not self.away:
                logger.warning("limits are kept alone", extra={"error": type(error).__name__})
            self.away = True
            return None
        if self.away:
            logger.warning("limits are shared again")
        self.away = False
        return found

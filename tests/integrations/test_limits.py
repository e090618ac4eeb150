"""Limits that several worker processes share: real processes, a real Valkey."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
import uuid
from bisect import bisect_left
from typing import Any

import pytest
import redis
import redis.asyncio
from django.conf import settings as project

from leadgen.integrations import limits as limiting
from leadgen.integrations.limits import Limit, Limits

pytestmark = pytest.mark.alone

PREFIX = "test-limits:"
NOBODY = "redis://127.0.0.1:9/0"
HOUR = 3_600e6  # microseconds


@pytest.fixture
def name():
    return uuid.uuid4().hex


@pytest.fixture(autouse=True)
def _forgotten(name):
    yield
    with redis.Redis.from_url(project.REDIS_URL) as server:
        for key in server.scan_iter(match=f"{PREFIX}limits:{name}*"):
            server.delete(key)


def limits_of(limit: Limit, name: str, url: str = "", *, kind: type[Limits] = Limits) -> Limits:
    return kind(limit, name=name, url=url or project.REDIS_URL, prefix=PREFIX)


class Pacers:
    """Worker processes that start calls side by side."""

    def __init__(self, name: str, count: int = 2, **given: Any) -> None:
        told = json.dumps({"name": name, "url": project.REDIS_URL, "prefix": PREFIX, **given})
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.integrations.pacer", told],
                cwd=project.BASE_DIR,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(count)
        ]
        for process in self.processes:
            assert process.stdout.readline() == "ready\n"

    def go(self) -> None:
        for process in self.processes:
            process.stdin.write("\n")
            process.stdin.flush()

    def calls(self) -> list[list[tuple[float, float]]]:
        found = [process.communicate(timeout=60)[0] for process in self.processes]
        return [json.loads(text) for text in found if text]


async def point_to(found: Limits, url: str) -> None:
    """Valkey goes away, or comes back."""
    await found._redis.aclose()
    found._redis = redis.asyncio.Redis.from_url(url)
    found._script = found._redis.register_script(limiting.SCRIPT)


def most_within(moments: list[float], seconds: float) -> int:
    """The most that lie in any window of that length."""
    moments = sorted(moments)
    return max(n + 1 - bisect_left(moments, moment - seconds) for n, moment in enumerate(moments))


def most_at_once(calls: list[tuple[float, float]]) -> int:
    steps = sorted([(at, 1) for at, _ in calls] + [(at, -1) for _, at in calls])
    running = most = 0
    for _, step in steps:
        running += step
        most = max(most, running)
    return most


class TestTwoProcesses:
    def test_keep_to_the_rate_together_and_use_it(self, name):
        """60 a second; the long form at 200 is a benchmark."""
        limit = {"requests_per_minute": 3_600, "in_flight": 100}
        pacers = Pacers(name, limit=limit, seconds=6, takes=0.1, calls=40)
        pacers.go()
        each = pacers.calls()

        began = sorted(at for calls in each for at, _ in calls)
        steady = [at for at in began if began[0] + 2 <= at < began[0] + 5.5]
        assert most_within(began, 1.0) <= 66
        assert len(steady) >= 0.95 * 60 * 3.5
        assert all(len(calls) > len(began) / 5 for calls in each)  # none is starved

    def test_keep_to_the_tokens_a_minute(self, name):
        """30,000 a minute, 100 each: five a second."""
        limit = {"tokens_per_minute": 30_000, "in_flight": 100}
        pacers = Pacers(name, limit=limit, seconds=4, takes=0.05, calls=20, tokens=100)
        pacers.go()

        began = [at for calls in pacers.calls() for at, _ in calls]
        assert most_within(began, 1.0) <= 6
        assert len(began) >= 15

    def test_are_never_more_at_once_than_allowed(self, name):
        pacers = Pacers(name, limit={"in_flight": 6}, seconds=3, takes=0.05, calls=20)
        pacers.go()
        each = pacers.calls()

        assert most_at_once([call for calls in each for call in calls]) <= 6
        assert all(len(calls) >= 20 for calls in each)

    def test_begin_with_a_few_at_once_and_grow(self, name):
        pacers = Pacers(name, count=1, limit={"in_flight": 200}, seconds=3, takes=0.2, calls=150)
        pacers.go()
        (calls,) = pacers.calls()

        first = [call for call in calls if call[0] < calls[0][0] + 0.1]
        assert most_at_once(first) <= limiting.START_WITH
        assert most_at_once(calls) > 60

    def test_the_share_of_one_that_was_killed_falls_to_the_other(self, name):
        pacers = Pacers(name, limit={"in_flight": 8}, seconds=9, takes=0.1, calls=20)
        pacers.go()
        time.sleep(2)
        pacers.processes[0].kill()
        killed_at = time.monotonic()
        (calls,) = pacers.calls()

        before = [call for call in calls if call[1] < killed_at]
        after = [call for call in calls if call[0] > killed_at + limiting.LEASE_SECONDS + 0.5]
        assert most_at_once(before) <= 8
        assert most_at_once(after) == 8
        assert most_at_once([call for call in before if call[0] > calls[0][0] + 1]) <= 4


class Late(Limits):
    """It takes a while to hear what Valkey answers."""

    async def _run(self, act: str, *arguments: float) -> list[int] | None:
        found = await super()._run(act, *arguments)
        await asyncio.sleep(0.1)
        return found


class Bursts:
    """Eight calls at a time, again and again for three seconds."""

    def __init__(self) -> None:
        self.running = self.most = 0

    async def call(self, limits: Limits) -> None:
        async with limits.start(0):
            self.running += 1
            self.most = max(self.most, self.running)
            await asyncio.sleep(0.03)
            self.running -= 1

    async def through(self, limits: Limits, pause: float) -> int:
        calls = 0
        until = time.monotonic() + 3
        while time.monotonic() < until:
            await asyncio.gather(*(self.call(limits) for _ in range(8)))
            calls += 8
            await asyncio.sleep(pause)
        await limits.close()
        return calls


class TestAWorkerThatHearsLateOfItsSmallerShare:
    def test_does_not_use_the_rest_of_the_old_one_meanwhile(self, name):
        bursts = Bursts()

        async def side_by_side() -> tuple[int, int]:
            late = limits_of(Limit(in_flight=8), name, kind=Late)
            prompt = limits_of(Limit(in_flight=8), name)
            async with asyncio.timeout(30):  # a call that waits for ever shall not hold the suite
                return await asyncio.gather(
                    bursts.through(late, 0.05), bursts.through(prompt, 0.02)
                )

        counts = asyncio.run(side_by_side())

        assert bursts.most <= 8
        assert min(counts) >= 24


class TestARefusalForSpeed:
    def test_makes_everybody_wait_and_halves_what_goes_on(self, name):
        async def throttle_one_of_two():
            one, other = (limits_of(Limit(in_flight=64), name) for _ in range(2))
            async with one.start(0), other.start(0):
                for _ in range(56):
                    one.answered(reckoned=0, tokens=0)
                await one._ask()
                grown = one._granted.in_flight
                await one.throttled(0.5)  # and all those of the same burst
                await other.throttled(0.5)
                await other._ask()
                halved = other._granted.in_flight
            began = time.monotonic()
            async with other.start(0):
                waited = time.monotonic() - began
            await one.close()
            await other.close()
            return grown, halved, waited

        grown, halved, waited = asyncio.run(throttle_one_of_two())

        assert (grown, halved) == (64, 32)
        assert 1.0 < waited < 2.5

    def test_without_a_delay_of_its_own_waits_longer_each_time(self, name):
        async def throttle(times):
            found = limits_of(Limit(), name)
            pauses = []
            for _ in range(times):
                await found.throttled(None)
                now = asyncio.get_running_loop().time()
                pauses.append(found._paused_until - now)
                found._paused_until = 0.0
                await found._redis.hset(found._keys[0], "pause_until", 0)  # it is over
            await found.close()
            return pauses

        pauses = asyncio.run(throttle(7))

        for pause, usual in zip(pauses, (5, 10, 20, 40, 80, 120, 120), strict=True):
            assert usual * 0.98 <= pause <= usual * 1.22


class TestWithoutValkey:
    def test_one_that_never_reached_it_goes_on_slowly_and_alone(self, name, caplog):
        async def start_for(seconds):
            found = limits_of(Limit(requests_per_minute=4_800, in_flight=50), name, NOBODY)
            began = []
            until = time.monotonic() + seconds

            async def call_after_call():
                while time.monotonic() < until:
                    async with found.start(0):
                        began.append(time.monotonic())
                        await asyncio.sleep(0.01)

            await asyncio.gather(*(call_after_call() for _ in range(5)))
            await found.close()
            return began

        began = asyncio.run(start_for(2))

        assert 8 <= len(began) <= 26  # an eighth of 80 a second is 10
        assert caplog.text.count("limits are kept alone") == 1

    def test_one_that_knew_the_others_keeps_its_share(self, name):
        async def lose_it():
            one, other = (
                limits_of(Limit(requests_per_minute=2_400, in_flight=8), name) for _ in range(2)
            )
            async with one.start(0), other.start(0):
                await one._ask()
                workers = one._granted.workers
                await point_to(one, NOBODY)
                began = []

                async def call():
                    async with one.start(0):
                        began.append(time.monotonic())

                await asyncio.gather(*(call() for _ in range(40)))
            away = one.away
            await one.close()
            await other.close()
            return workers, away, began

        workers, away, began = asyncio.run(lose_it())

        assert (workers, away) == (2, True)
        assert most_within(began, 1.0) <= 22  # half of 40 a second, and no burst

    def test_it_is_shared_again_once_it_is_back(self, name, caplog):
        caplog.set_level("WARNING")

        async def come_back():
            found = limits_of(Limit(), name, NOBODY)
            async with found.start(0):
                pass
            await point_to(found, project.REDIS_URL)
            async with found.start(0):
                away = found.away
            await found.close()
            return away

        assert asyncio.run(come_back()) is False
        assert "limits are shared again" in caplog.text


class TestAClockThatWasSetBack:
    """What Valkey holds is of an hour ahead of its clock."""

    def test_holds_up_nobody(self, name):
        async def start_after():
            found = limits_of(Limit(requests_per_minute=600, in_flight=1), name)
            async with found.start(0):
                pass
            state, leases, held, _ = found._keys
            server = found._redis
            await server.hset(held, "gone", 1)
            seen = float(await server.hget(state, "seen"))
            await server.zadd(leases, {"gone": seen + HOUR + 500_000})
            for moment in ("seen", "next"):
                await server.hincrbyfloat(state, moment, HOUR)
            began = time.monotonic()
            async with asyncio.timeout(10), found.start(0):
                waited = time.monotonic() - began
            await found.close()
            return waited

        assert asyncio.run(start_after()) < 3


class TestACallThatIsGivenUp:
    def test_holds_nothing_any_more(self, name):
        async def give_up():
            found = limits_of(Limit(in_flight=1), name)
            async with found.start(0):
                waiting = asyncio.create_task(_enter(found))
                await asyncio.sleep(0.1)
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
            async with asyncio.timeout(5), found.start(0):
                running = found._running
            await found.close()
            return running, found._running

        assert asyncio.run(give_up()) == (1, 0)


async def _enter(found: Limits) -> None:
    async with found.start(0):
        pass

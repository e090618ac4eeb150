"""The one asyncio loop of a process, in a thread of its own.

The thread that works on a chunk waits for it from outside: it may ask the database, which no
coroutine may, and a task's time limit ends it and not one coroutine at random.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}  # by process: a forked child has none yet


def loop() -> asyncio.AbstractEventLoop:
    """The loop of the process that asks, running."""
    with _lock:
        if os.getpid() not in _loops:
            ready: Future[asyncio.AbstractEventLoop] = Future()
            threading.Thread(target=_run, args=(ready,), name="asyncio", daemon=True).start()
            _loops[os.getpid()] = ready.result(timeout=30)
        return _loops[os.getpid()]


def submit(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Begin it in the loop."""
    return asyncio.run_coroutine_threadsafe(work, loop())


def _run(ready: Future[asyncio.AbstractEventLoop]) -> None:
    with asyncio.Runner() as runner:
        ready.set_result(runner.get_loop())
        runner.run(_for_ever())


async def _for_ever() -> None:
    await asyncio.Event().wait()

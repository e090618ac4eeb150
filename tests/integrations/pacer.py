"""A worker that only starts calls: `python -m tests.integrations.pacer JSON`.

Says `ready`, waits for a line on stdin, starts calls for so many seconds, and prints when each
began and ended (seconds, monotonic: the same clock for all processes of a machine).
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import Any

from leadgen.integrations.limits import Limit, Limits


async def run(given: dict[str, Any]) -> list[tuple[float, float]]:
    limits = Limits(
        Limit(**given["limit"]), name=given["name"], url=given["url"], prefix=given["prefix"]
    )
    until = time.monotonic() + given["seconds"]
    calls: list[tuple[float, float]] = []

    async def call_after_call() -> None:
        while time.monotonic() < until:
            async with limits.start(given.get("tokens", 0)):
                began = time.monotonic()
                await asyncio.sleep(given["takes"])
                calls.append((began, time.monotonic()))
            limits.answered(reckoned=given.get("tokens", 0), tokens=given.get("tokens", 0))

    await asyncio.gather(*(call_after_call() for _ in range(given["calls"])))
    await limits.close()
    return calls


def main() -> None:
    given = json.loads(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    sys.stdout.write(json.dumps(asyncio.run(run(given))) + "\n")


if __name__ == "__main__":
    main()

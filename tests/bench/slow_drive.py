"""The tests' Google Drive in a process of its own, where every answer takes its time."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.integrations.drive_double import ROOT, person, serving

__all__ = ["ROOT", "SlowDrive", "running"]


@dataclass
class SlowDrive:
    """`found`, once it has stopped: how many requests it answered at once, and how many files."""

    url: str
    secret: str
    found: dict[str, int] = field(default_factory=dict)


@contextlib.contextmanager
def running(slowness: float) -> Iterator[SlowDrive]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.bench.slow_drive", str(slowness)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdin
        assert server.stdout
        url = server.stdout.readline().strip()
        drive = SlowDrive(url, person(url))
        try:
            yield drive
        finally:
            server.stdin.close()
            drive.found = json.loads(server.stdout.readline() or "{}")


def main() -> None:
    """Serve until stdin is closed; the address comes first, what was found last."""
    with serving() as (drive, url):
        drive.latency = float(sys.argv[1])
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()
        sys.stdin.read()
        assert drive.mistakes == []
        found = {"busiest": drive.busiest, "files": len(drive.made)}
        sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()

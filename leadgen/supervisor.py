"""Keeps processes running: what exits is started again, and in the end all of it is stopped.

Each child leads a session of its own. TERM goes to the leader alone, as a worker lets its pool
finish what it is at; KILL goes to the whole group, as a pool must not outlive its worker.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Self

LONGEST_PAUSE = 30.0  # seconds before a child that keeps exiting is started again
STEADY_AFTER = 60.0  # seconds of life after which its exits are forgotten
GRACE = 20.0  # seconds between TERM and KILL


class Child:
    """One process group that should be running."""

    def __init__(
        self, name: str, command: Sequence[str], *, env: Mapping[str, str], log: Path | None
    ) -> None:
        self.name = name
        self._command = list(command)
        self._env = dict(env)
        self._log = log
        self._exits = 0
        self._start_at = 0.0
        self._began_at = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def watch(self, now: float) -> None:
        """Start it where it is due; note where it has exited."""
        if self.process is None:
            if now >= self._start_at:
                self._start(now)
        elif self.process.poll() is not None:
            self._exits = 1 if now - self._began_at > STEADY_AFTER else self._exits + 1
            pause = min(2.0 ** (self._exits - 1), LONGEST_PAUSE)
            self.say(f"exited with {self.process.returncode}; again in {pause:.0f} s")
            self.kill()
            self.process, self._start_at = None, now + pause

    def _start(self, now: float) -> None:
        self._began_at = now
        out = subprocess.PIPE if self._log is None else self._log.open("ab")
        try:
            self.process = subprocess.Popen(
                self._command,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        finally:
            if self._log is not None:
                out.close()  # type: ignore[union-attr]  # a file here, not PIPE
        if self.process.stdout is not None:
            threading.Thread(target=self._relay, args=(self.process.stdout,), daemon=True).start()

    def _relay(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self.say(line.decode(errors="replace").rstrip())

    def say(self, line: str) -> None:
        text = f"{self.name:<8} | {line}\n"
        if self._log is None:
            sys.stdout.write(text)
            sys.stdout.flush()
        else:
            with self._log.open("a") as log:
                log.write(text)

    def terminate(self) -> None:
        """SIGTERM for the leader, which ends its group in its own way."""
        if self.process is not None:
            self.process.terminate()

    def kill(self) -> None:
        """SIGKILL for all that is left of the group."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Runs commands by name. With a `log` their output goes there, else to the console."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        env: Mapping[str, str],
        log: Path | None = None,
    ) -> None:
        self._children = [
            Child(name, command, env=env, log=log) for name, command in commands.items()
        ]

    def __enter__(self) -> Self:
        self.watch_once()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def watch_once(self) -> None:
        """Start what should run and does not."""
        now = time.monotonic()
        for child in self._children:
            child.watch(now)

    def pids(self) -> dict[str, int]:
        """Name → process id, of those that run."""
        return {
            child.name: child.process.pid
            for child in self._children
            if child.process is not None and child.process.poll() is None
        }

    def stop(self, grace: float = GRACE) -> None:
        """TERM for all; after `grace` seconds, or at a second Ctrl-C, KILL for what is left."""
        for child in self._children:
            child.terminate()
        deadline = time.monotonic() + grace
        with contextlib.suppress(KeyboardInterrupt):
            while self.pids() and time.monotonic() < deadline:
                time.sleep(0.05)
        for child in self._children:
            child.kill()

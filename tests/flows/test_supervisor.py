"""Processes that are kept running, and what is left of them in the end: nothing."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path

import pytest

from leadgen import supervisor
from leadgen.supervisor import Child, Supervisor
from tests.flows.conftest import lives, until

SLEEPER = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
# A leader with one process beside it, both of which note what they are told to do.
POOL = """
import os, signal, sys, time
child = os.fork()
role = "leader" if child else "child"
def say(words):  # in one write: both write into one file, and print may take several
    os.write(1, f"{role} {words}\\n".encode())
def note(*_):
    say("told to end")
    if child:
        sys.exit(0)
signal.signal(signal.SIGTERM, note)
say(os.getpid())
while True:
    time.sleep(60)
"""
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def log(tmp_path):
    return tmp_path / "crew.log"


@pytest.fixture
def crew(log):
    made = []

    def make(commands: dict[str, list[str]]) -> Supervisor:
        made.append(Supervisor(commands, env=dict(os.environ), log=log))
        return made[-1]

    yield make
    for one in made:
        one.stop(grace=0)


def said(log: Path, words: str) -> bool:
    return log.exists() and words in log.read_text()


class TestSupervisor:
    def test_starts_each_and_ends_all(self, crew):
        with crew({"one": SLEEPER, "two": SLEEPER}) as running:
            pids = running.pids()
            assert set(pids) == {"one", "two"}

        assert not any(map(lives, pids.values()))

    def test_ends_all_when_what_it_was_for_fails(self, crew):
        running = crew({"one": SLEEPER})
        pids = []

        def fail():
            with running:
                pids.extend(running.pids().values())
                raise KeyError

        with pytest.raises(KeyError):
            fail()

        assert len(pids) == 1
        assert not lives(pids[0])

    def test_starts_again_what_was_killed(self, crew, log):
        running = crew({"one": SLEEPER})
        running.watch_once()
        first = running.pids()["one"]
        os.kill(first, signal.SIGKILL)

        until(lambda: running.watch_once() or running.pids().get("one", first) != first)

        assert said(log, "one      | exited with -9; again in 1 s")

    def test_lets_a_leader_end_its_group_in_its_own_way(self, crew, log):
        """Because a TERM for a worker's pool would kill the work that it is at."""
        running = crew({"pool": [sys.executable, "-S", "-c", POOL]})
        running.watch_once()
        until(lambda: said(log, "leader ") and said(log, "child "))

        running.stop()

        assert said(log, "leader told to end")
        assert not said(log, "child told to end")

    def test_leaves_nobody_of_a_group_behind(self, crew, log):
        running = crew({"pool": [sys.executable, "-S", "-c", POOL]})
        running.watch_once()
        until(lambda: said(log, "leader ") and said(log, "child "))
        pids = [int(line.split()[1]) for line in log.read_text().splitlines()]

        running.stop()

        until(lambda: not any(map(lives, pids)))

    def test_kills_who_does_not_listen(self, crew, log):
        running = crew({"deaf": [sys.executable, "-S", "-c", DEAF]})
        running.watch_once()
        until(lambda: said(log, "up"))
        pid = running.pids()["deaf"]

        running.stop(grace=0.1)

        assert not lives(pid)

    def test_at_a_second_ctrl_c_has_no_more_patience(self, crew, log, monkeypatch):
        running = crew({"deaf": [sys.executable, "-S", "-c", DEAF]})
        running.watch_once()
        until(lambda: said(log, "up"))
        pid = running.pids()["deaf"]

        def ctrl_c(_seconds):
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr("time.sleep", ctrl_c)
            running.stop(grace=60)

        assert not lives(pid)


class TestAChild:
    def test_writes_to_the_console_under_its_name(self, capfd):
        child = Child("beat", ["sh", "-c", "echo tick; echo tock >&2"], env={}, log=None)
        before = set(threading.enumerate())
        child.watch(now=0)
        relays = set(threading.enumerate()) - before

        until(lambda: not any(relay.is_alive() for relay in relays))
        child.kill()

        # Read once, when nobody writes any more: to read and to write at once loses lines.
        assert "beat     | tick\nbeat     | tock\n" in capfd.readouterr().out

    def test_that_keeps_exiting_is_started_ever_more_rarely(self, capsys):
        child = Child("web", ["false"], env=dict(os.environ), log=None)
        now = 0.0
        for _ in range(7):
            child.watch(now)
            child.process.wait()
            child.watch(now)
            child.watch(now + 0.9)
            assert child.process is None, "started again at once"
            now += supervisor.LONGEST_PAUSE

        pauses = [line.rsplit("in ", 1)[1] for line in capsys.readouterr().out.splitlines()]
        assert pauses == ["1 s", "2 s", "4 s", "8 s", "16 s", "30 s", "30 s"]

    def test_that_was_steady_is_started_again_soon(self, capsys):
        child = Child("web", ["false"], env=dict(os.environ), log=None)
        for now in (0.0, 30.0, 60.0):
            child.watch(now)
            child.process.wait()
            child.watch(now)
        capsys.readouterr()

        child.watch(90.0)
        child.process.wait()
        child.watch(90.0 + supervisor.STEADY_AFTER + 1)

        assert "again in 1 s" in capsys.readouterr().out

    def test_that_was_never_started_is_ended_without_a_word(self):
        child = Child("web", ["false"], env={}, log=None)

        child.terminate()
        child.kill()

        assert child.process is None

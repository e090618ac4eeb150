"""Real workers against the test database, and a night to give them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings as project
from django.db import connection

from leadgen.celery import app
from pipeline import asking, tasks, writing
from tests.integrations import gemini_server

LEASE_SECONDS = 2
PATIENCE = 240  # seconds a flow may take before it has failed, on a slow and busy machine


def until(true: Callable[[], object], *, ticking: bool = False) -> None:
    """Wait for something to become true, ticking as beat would if asked to."""
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline, f"{true} did not become true"
        if ticking:
            tasks.tick()
        time.sleep(0.05)


def lives(pid: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        # A process that ended and that nobody asked after is no life.
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    return False


@pytest.fixture
def quick(monkeypatch):
    """A night that this process works off by itself, without waiting between two tries."""
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
    monkeypatch.setattr(asking, "FIRST_BACKOFF", 0.01)
    monkeypatch.setattr(writing, "FIRST_BACKOFF", 0.01)


@pytest.fixture
def server(quick, settings) -> Iterator[gemini_server.GeminiServer]:
    """Gemini's stand-in, set up as the account.

    Its limits are this test's own: a call that another left unanswered holds no place here.
    """
    options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    prefix = f"{options['global_keyprefix']}{uuid.uuid4().hex[:8]}:"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = options | {"global_keyprefix": prefix}
    with gemini_server.running() as found:
        settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL = "an-invented-key", found.url
        yield found
        asking.close()


def database_url() -> str:
    found = connection.settings_dict
    login = quote(str(found["USER"]), safe="")
    if found["PASSWORD"]:
        login += ":" + quote(str(found["PASSWORD"]), safe="")
    port = f":{found['PORT']}" if found["PORT"] else ""
    host = quote(str(found["HOST"]), safe="")
    return f"postgres://{login}@{host}{port}/{found['NAME']}"


@pytest.fixture(autouse=True)
def _mails_into_files(settings):
    """Django swaps the mail backend for tests; flows look at what an operator would find."""
    settings.EMAIL_BACKEND = "leadgen.integrations.mail.EmlFiles"


class Workers:
    """Worker process groups that a test starts and kills."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self.groups: list[subprocess.Popen[bytes]] = []

    def start(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": database_url(),
            "LEASE_SECONDS": str(project.LEASE_SECONDS),
            "TICK_SECONDS": "1",
        }
        queues = ",".join(queue.name for queue in project.CELERY_TASK_QUEUES)
        command = [
            sys.executable, "-m", "celery", "-A", "leadgen", "worker", "-Q", queues, "-c", "2",
            "-n", f"flow{len(self.groups)}@%h", "--without-gossip", "--without-mingle",
        ]  # fmt: skip
        with self.log.open("ab") as log:
            group = subprocess.Popen(
                command,
                env=environment,
                cwd=project.BASE_DIR,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.groups.append(group)
        return group

    def kill(self, group: subprocess.Popen[bytes]) -> None:
        """SIGKILL for the main process and every child at once: nobody can tidy up."""
        os.killpg(group.pid, signal.SIGKILL)
        group.wait()

    def end(self, group: subprocess.Popen[bytes]) -> None:
        """As an operator would: the worker ends what it is at, says goodbye, and goes."""
        group.terminate()
        group.wait(PATIENCE)

    def stop(self) -> None:
        for group in self.groups:
            if group.poll() is None:
                self.kill(group)


@pytest.fixture
def workers(tmp_path, settings) -> Iterator[Workers]:
    """No worker inherits another test's hints: two of them at a locked table are all it has.

    A hint that came while a killed worker's row was still locked is repeated after a lease: by
    the test's own ticks, too.
    """
    settings.LEASE_SECONDS = LEASE_SECONDS
    app.control.purge()
    found = Workers(tmp_path / "workers.log")
    yield found
    found.stop()
    sys.stdout.write(found.log.read_text() if found.log.exists() else "")

"""What every test may rely on: servers that answer, and an empty place for files and mails."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis

from tests.files import keep_files

# A shell's background job ignores Ctrl-C, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.register_profile("project", deadline=None, print_blob=True)
hypothesis.load_profile("project")


LOCKS = Path(__file__).parents[1] / "var" / "test-locks"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """What measures time would measure the test that pytest-xdist runs beside it, too."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return (yield)
    alone = item.get_closest_marker("alone") is not None
    with contextlib.ExitStack() as held:
        with locked("gate", fcntl.LOCK_EX):  # nobody overtakes one that waits to be alone
            held.enter_context(locked("room", fcntl.LOCK_EX if alone else fcntl.LOCK_SH))
        return (yield)


@contextlib.contextmanager
def locked(name: str, how: int) -> Iterator[None]:
    LOCKS.mkdir(parents=True, exist_ok=True)
    with (LOCKS / name).open("w") as lock:
        fcntl.flock(lock, how)
        yield


@pytest.fixture(scope="session", autouse=True)
def _embedded_servers():
    """Started where no others are given, so that plain `pytest` works; left running."""
    from django.conf import settings

    settings.SERVICES.start(
        postgres=not settings.EXTERNAL_DATABASE, redis=not settings.EXTERNAL_REDIS
    )
    shutil.rmtree(settings.HOME_DIR, ignore_errors=True)


@pytest.fixture
def storage(settings, tmp_path: Path) -> Path:
    """The folder that holds the test's own files; it may be lost or changed there."""
    keep_files(settings, tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def django_db_modify_db_settings(_embedded_servers, django_db_modify_db_settings_parallel_suffix):
    """Django makes its test database, one for each of pytest-xdist's, once the server answers."""

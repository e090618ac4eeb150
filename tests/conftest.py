"""What every test may rely on: servers that answer, and an empty place for files and mails."""

from __future__ import annotations

import shutil
import signal

import pytest
from hypothesis import settings as hypothesis

# A shell's background job ignores Ctrl-C, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.register_profile("project", deadline=None, print_blob=True)
hypothesis.load_profile("project")


@pytest.fixture(scope="session", autouse=True)
def _embedded_servers():
    """Started where no others are given, so that plain `pytest` works; left running."""
    from django.conf import settings

    settings.SERVICES.start(
        postgres=not settings.EXTERNAL_DATABASE, redis=not settings.EXTERNAL_REDIS
    )
    shutil.rmtree(settings.HOME_DIR, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(_embedded_servers):
    """Django makes its test database only once the server answers."""

"""Asking a command as a script would: in this process, or in one of its own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from rich.console import Console

from tests.flows.conftest import PATIENCE, database_url


def ask(name: str, *arguments: str) -> tuple[int, dict[str, Any]]:
    """Exit code and the one JSON object on stdout, of a command in this process."""
    stdout = io.StringIO()
    code = 0
    try:
        call_command(name, *arguments, "--json", stdout=stdout)
    except SystemExit as ending:
        code = int(str(ending.code))
    return code, the_object(stdout.getvalue())


def the_object(printed: str) -> dict[str, Any]:
    """What a script reads: exactly one line, one JSON object."""
    assert printed.endswith("\n"), printed
    (line,) = printed.splitlines()
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


def environment(**variables: str) -> dict[str, str]:
    """What a process of the product is told here, plus what the test adds."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", **variables}


def on_the_test_database(**variables: str) -> dict[str, str]:
    return environment(DATABASE_URL=database_url(), **variables)


def run(*arguments: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """`manage.py …` in a process of its own."""
    return subprocess.run(
        command(*arguments),
        env=env,
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def command(*arguments: str) -> list[str]:
    return [sys.executable, "manage.py", *arguments]


def nobody_reads() -> Console:
    """A console that only remembers what is printed."""
    return Console(file=io.StringIO(), record=True, width=200)

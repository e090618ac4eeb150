"""What the settings make of the environment, each time in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys


def started(expression: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """That expression over `settings`, as JSON; the tests' own settings are not asked."""
    program = f"import json, logging.config; from leadgen import settings; print(json.dumps({expression}))"
    return subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


class TestAllowedHosts:
    def test_are_those_that_are_named_and_the_one_of_the_health_checks(self):
        ended = started("settings.ALLOWED_HOSTS", ALLOWED_HOSTS="leads.example.com")

        assert json.loads(ended.stdout) == ["leads.example.com", "127.0.0.1"]


class TestLogging:
    def test_on_the_console_says_the_extras(self):
        program = "logging.config.dictConfig(settings.LOGGING)"
        log = "logging.getLogger('pipeline').error('chunk failed', extra={'chunk': 7})"

        ended = started(f"[{program}, {log}]", LOG_FORMAT="console")

        assert ended.stderr.endswith("ERROR pipeline chunk failed chunk=7\n")

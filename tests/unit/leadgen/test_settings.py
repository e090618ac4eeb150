"""What the settings make of the environment, each time in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


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


class TestBounds:
    @pytest.mark.parametrize(
        ("name", "value", "bound"),
        [
            ("TICK_SECONDS", "0", "1 or more"),
            ("TICK_SECONDS", "61", "60 or less"),
            ("LEASE_SECONDS", "0", "1 or more"),
            ("LINK_DAYS", "-1", "1 or more"),
            ("MAX_ROWS", "-1", "1 or more"),
            ("EMAIL_PORT", "0", "1 or more"),
            ("GEMINI_CONCURRENCY", "0", "1 or more"),
            ("AI_BUDGET_DAY_CENTS", "-1", "0 or more"),
        ],
    )
    def test_stop_the_start_with_a_sentence(self, name, value, bound):
        ended = started("1", **{name: value})

        assert ended.returncode != 0
        assert ended.stderr.strip() == f"{name} must be {bound}, not {value}."

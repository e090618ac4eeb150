"""What a process pays for: the tick and the hints need none of the large libraries."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LARGE = ("pandas", "pyarrow", "numpy", "ortools", "google", "phonenumbers", "dns")
PROGRAM = """
import sys, django
django.setup()
import {module}
print(*sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def imported_by(module: str) -> set[str]:
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(module=module)],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(found.stdout.split())


@pytest.fixture(scope="module")
def imported():
    return imported_by("pipeline.tasks")


class TestTheTasks:
    @pytest.mark.parametrize("library", LARGE)
    def test_import_none_of_the_large_libraries(self, library, imported):
        assert library not in imported

    def test_are_looked_at_indeed(self, imported):
        assert {"django", "celery", "pipeline"} <= imported


class TestWhoWritesDrafts:
    def test_has_none_of_the_tables_libraries_beside_hundreds_of_calls(self):
        found = imported_by("pipeline.stages.personalize")

        assert not found & {"pandas", "pyarrow", "ortools"}
        assert "numpy" in found


class TestTheImporter:
    def test_does_import_what_it_needs(self):
        """Otherwise the names above may be wrong."""
        assert {"pandas", "pyarrow", "numpy", "dns"} <= imported_by(
            "pipeline.checking, pipeline.mx_lookup"
        )

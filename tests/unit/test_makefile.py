"""The Makefile's recipes, run in a folder of their own with stand-ins for the tools."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("python", "ruff", "mypy", "lint-imports", "bandit", "coverage")
FOUND = "Found 2 known vulnerabilities in 1 package"
UNREACHABLE = "ERROR:pip_audit._cli:Failed to connect to PyPI"


class Project:
    """A checkout in which every tool only notes what it was asked."""

    def __init__(self, home: Path) -> None:
        self.home = home
        shutil.copy(ROOT / "Makefile", home)
        for needed in ("requirements/base.txt", "requirements/dev.txt", ".env", "var/calls"):
            (home / needed).parent.mkdir(exist_ok=True)
            (home / needed).touch()
        (home / ".venv/bin").mkdir(parents=True)
        (home / ".venv/.installed").touch()
        for name in TOOLS:
            self.stand_in(name, 'echo "$(basename $0) $*" >>var/calls')

    def stand_in(self, name: str, script: str) -> None:
        tool = self.home / ".venv/bin" / name
        tool.write_text(f"#!/bin/sh\n{script}\n")
        tool.chmod(0o755)

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        # What an outer make was told is not for this one.
        env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        return subprocess.run(
            ["make", *words], cwd=self.home, env=env, capture_output=True, text=True, check=False
        )

    def calls(self, tool: str) -> list[str]:
        lines = (self.home / "var/calls").read_text().splitlines()
        return [line for line in lines if line.startswith(f"{tool} ")]


@pytest.fixture
def project(tmp_path) -> Project:
    return Project(tmp_path)


class TestCheck:
    def test_fails_where_a_vulnerability_is_known_and_says_so(self, project):
        project.stand_in("pip-audit", f"echo '{FOUND}' >&2; exit 1")

        ended = project.make("check")

        assert ended.returncode != 0
        assert FOUND in ended.stdout
        assert "NOT AUDITED" not in ended.stdout

    def test_passes_but_says_so_where_nobody_could_be_asked(self, project):
        project.stand_in("pip-audit", f"echo '{UNREACHABLE}' >&2; exit 1")

        ended = project.make("check")

        assert ended.returncode == 0
        assert "NOT AUDITED" in ended.stdout

    def test_passes_where_no_vulnerability_is_known(self, project):
        project.stand_in("pip-audit", "echo 'No known vulnerabilities found' >&2")

        ended = project.make("check")

        assert ended.returncode == 0
        assert "no known vulnerability" in ended.stdout


class TestTest:
    def test_holds_the_whole_suite_to_the_bar_of_coverage(self, project):
        assert project.make("test").returncode == 0

        assert project.calls("coverage")[-1] == "coverage report"

    def test_holds_a_part_of_it_to_none(self, project):
        assert project.make("test", "ARGS=-k states").returncode == 0

        assert "coverage run -m pytest -n 2 -k states" in project.calls("coverage")
        assert project.calls("coverage")[-1] == "coverage report --fail-under=0"

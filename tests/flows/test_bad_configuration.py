"""What an operator reads where the product cannot start: one sentence, and no stack trace."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, ProgrammingError

from pipeline.management.operator import OperatorCommand
from tests.flows import commands
from tests.flows.conftest import database_url

NOBODY = "postgres://ida:hidden@127.0.0.1:1/leadgen"


def told(*arguments: str, **variables: str) -> dict[str, str]:
    """The object of a command that exits 2."""
    # The product's own settings: those of the tests would set the keys again.
    env = commands.environment(DJANGO_SETTINGS_MODULE="leadgen.settings", **variables)
    ended = commands.run(*arguments, "--json", env=env)
    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    found = commands.the_object(ended.stdout)
    assert set(found) == {"error", "hint"}
    assert "\n" not in found["error"]
    return found


class TestLogFile:
    def test_that_cannot_be_written_is_told_before_anything_starts(self, tmp_path):
        found = told("audit", LOG_FILE=str(tmp_path / "missing" / "leadgen.log"))

        assert found["error"].startswith("LOG_FILE cannot be written to: No such file or directory")


class TestDatabaseUrl:
    @pytest.mark.parametrize("command", ["up", "audit"])
    def test_that_is_none_is_refused_with_one_that_would_do(self, command):
        found = told(command, DATABASE_URL="nonsense")

        assert found == {
            "error": "DATABASE_URL is no PostgreSQL address.",
            "hint": "Write DATABASE_URL=postgres://user:password@host:5432/database, or unset it.",
        }

    def test_where_nobody_answers_is_told_with_what_the_system_said(self):
        found = told("audit", DATABASE_URL=NOBODY)

        assert found["error"].startswith("PostgreSQL does not answer: ")
        assert found["error"].endswith("Connection refused.")
        assert "DATABASE_URL" in found["hint"]
        assert "hidden" not in str(found)

    @pytest.mark.parametrize("command", ["up", "demo"])
    def test_where_nobody_answers_stops_what_needs_servers(self, command):
        found = told(command, DATABASE_URL=NOBODY, DEMO="1")

        assert found["error"].startswith("Nothing usable answers at DATABASE_URL")
        assert "hidden" not in str(found)

    @pytest.mark.django_db
    def test_with_a_login_that_it_does_not_know_is_told_so(self):
        url = re.sub(r"//[^/@]*@", "//nobody-we-know:wrong@", database_url(), count=1)

        found = told("load_leads", "leads.csv", DATABASE_URL=url)

        assert "PostgreSQL does not answer" in found["error"]
        assert "nobody-we-know" in found["error"]


class TestKeys:
    @pytest.mark.parametrize("name", ["SECRET_KEY", "SUPPRESSION_KEY"])
    @pytest.mark.parametrize("value", ["", "short"])
    def test_missing_or_short_stop_every_start(self, name, value):
        found = told("run_pipeline", **{name: value})

        assert found["error"] == f"{name} is missing or shorter than 32 characters."
        assert "make env" in found["hint"]

    def test_missing_is_one_line_for_a_person(self):
        found = commands.run(
            "up",
            env=commands.environment(DJANGO_SETTINGS_MODULE="leadgen.settings", SECRET_KEY=""),
        )

        assert found.returncode == 2
        assert found.stdout == ""
        assert found.stderr.count("\n") == 1
        assert found.stderr.startswith("SECRET_KEY is missing")


class TestACommandLine:
    def test_without_a_file_is_answered_by_one_object_too(self):
        found = told("load_leads")

        assert found["error"] == "The following arguments are required: FILE."
        assert found["hint"] == "See `manage.py load_leads --help`."

    def test_of_another_command_is_the_callers_error(self):
        with pytest.raises(CommandError, match="FILE"):
            call_command("load_leads")


class Fails(OperatorCommand):
    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.raised = error

    def answer(self, options):
        raise self.raised


class TestTheDatabaseWhileAtWork:
    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            pytest.param(
                OperationalError("server closed the connection\n\tThis probably means that"),
                "PostgreSQL does not answer: server closed the connection."
                " Run `manage.py services start`, or check DATABASE_URL.\n",
                id="away",
            ),
            pytest.param(
                OperationalError(""),
                "PostgreSQL does not answer: no answer."
                " Run `manage.py services start`, or check DATABASE_URL.\n",
                id="silent",
            ),
            pytest.param(
                OperationalError(
                    'connection failed: … FATAL:  database "sales" does not exist\nMultiple tries'
                ),
                'PostgreSQL answers, and its database "sales" does not exist.'
                " Run `createdb`, then `manage.py migrate`.\n",
                id="no database",
            ),
            pytest.param(
                ProgrammingError('relation "pipeline_run" does not exist'),
                "The database has no tables of this version. Run `manage.py migrate`.\n",
                id="no tables",
            ),
        ],
    )
    def test_is_one_sentence_on_stderr(self, error, sentence, capsys):
        with pytest.raises(SystemExit) as ending:
            call_command(Fails(error))

        assert ending.value.code == 2
        assert capsys.readouterr().err == sentence

    def test_of_a_demo_that_nobody_ran_says_how_to_run_it(self, settings, capsys):
        settings.DEMO = True
        with pytest.raises(SystemExit):
            call_command(Fails(OperationalError('database "leadgen_demo" does not exist')))

        assert capsys.readouterr().err.endswith("Run `make demo`.\n")


class TestMakeInstall:
    """The Makefile's own sentences, in a copy of it, with a Python that is not what it needs."""

    @pytest.fixture
    def checkout(self, tmp_path):
        shutil.copy(settings.BASE_DIR / "Makefile", tmp_path)
        shutil.copytree(settings.BASE_DIR / "requirements", tmp_path / "requirements")
        return tmp_path

    def install(self, checkout, script: str) -> subprocess.CompletedProcess[str]:
        python = checkout / "a-python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        return subprocess.run(
            ["make", "--no-print-directory", "install", f"PYTHON={python}"],
            cwd=checkout,
            capture_output=True,
            text=True,
            check=False,
        )

    def test_under_an_old_python_names_the_one_it_needs(self, checkout):
        found = self.install(checkout, "exit 1")

        assert found.returncode == 2
        assert found.stderr.startswith("AILeadGen needs Python 3.11 or newer as ")
        assert not (checkout / ".venv").exists()

    def test_without_the_venv_module_says_what_to_install(self, checkout):
        found = self.install(checkout, 'case "$2" in *venv*) exit 1;; esac')

        assert found.returncode == 2
        assert found.stderr.startswith("Python's venv module is missing; on Debian or Ubuntu: ")
        assert not (checkout / ".venv").exists()

"""`up` and `demo` as a person starts them: real processes, ended in the end."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from psycopg import sql

from pipeline import demo
from pipeline.management.commands import up
from pipeline.management.operator import Problem
from pipeline.states import Stage
from tests.flows import commands
from tests.flows.conftest import PATIENCE, database_url, until


def status_of(port: int, path: str) -> int:
    """What the address answers; 0 while nobody does."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with contextlib.closing(asked):
            asked.request("GET", path)
            return asked.getresponse().status
    return 0


def any_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def taken():
    """A port that somebody else listens at."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """The processes that a process started, and those they started."""
    parents = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            parents[int(process.name)] = int(fields[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
class TestUp:
    def test_runs_desk_worker_beat_and_flower_until_ctrl_c(self, tmp_path):
        web, flower = any_port(), any_port()
        env = commands.on_the_test_database(
            WEB_PORT=str(web), FLOWER_PORT=str(flower), FLOWER_BASIC_AUTH="ida:a-password"
        )
        with (tmp_path / "up.log").open("wb") as log:
            process = subprocess.Popen(
                commands.command("up"),
                env=env,
                cwd=settings.BASE_DIR,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            until(lambda: status_of(web, "/admin/") == 302)
            until(lambda: status_of(flower, "/") == 401)
            until(lambda: status_of(web, "/health/") == 200)
            crew = descendants(process.pid)
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)

        said = (tmp_path / "up.log").read_text()
        assert process.returncode == 0, said
        assert "Traceback" not in said
        assert len(crew) >= 8  # four leaders, two web workers, a pool of two
        until(lambda: not [pid for pid in crew if Path(f"/proc/{pid}").exists()])
        assert f"desk:   http://127.0.0.1:{web}/admin/" in said
        assert f"flower: http://127.0.0.1:{flower}/  (login ida, password in .env)" in said
        (password,) = re.findall(r"first account: admin, password (\S+) \(shown only now\)", said)
        assert User.objects.get().check_password(password)


@pytest.mark.django_db
class TestUpAtATakenPort:
    def test_that_was_asked_for_does_not_start(self, taken, settings, monkeypatch):
        monkeypatch.setenv("WEB_PORT", str(taken))
        settings.WEB_PORT = taken

        code, found = commands.ask("up")

        assert code == 2
        assert found == {
            "error": f"WEB_PORT={taken} is in use.",
            "hint": "Give another port, or unset it.",
        }
        assert not User.objects.exists()


@pytest.mark.django_db
class TestFirstAccount:
    def test_has_a_random_password_and_is_made_once(self):
        password = up.first_account()

        assert User.objects.get(is_superuser=True).check_password(password)
        assert len(password) >= 12
        assert up.first_account() == ""


class TestFreePort:
    def test_is_the_wanted_one_where_nobody_has_it(self, monkeypatch):
        monkeypatch.delenv("WEB_PORT", raising=False)
        port = any_port()

        assert up.free_port("WEB_PORT", port) == port

    def test_is_another_where_somebody_has_it(self, taken, monkeypatch):
        monkeypatch.delenv("WEB_PORT", raising=False)

        found = up.free_port("WEB_PORT", taken)

        assert found != taken
        assert up.free_port("WEB_PORT", found) == found

    def test_that_was_asked_for_is_never_exchanged(self, taken, monkeypatch):
        monkeypatch.setenv("WEB_PORT", str(taken))

        with pytest.raises(Problem, match=f"WEB_PORT={taken} is in use"):
            up.free_port("WEB_PORT", taken)


@pytest.fixture
def _demos_database():
    """Whatever a demo beside the test database leaves behind is dropped."""
    yield
    name = sql.Identifier(f"{connection.settings_dict['NAME']}_demo")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name).as_string(None)
        )


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.usefixtures("_demos_database")
class TestDemo:
    def test_takes_a_night_through_all_stages_on_real_workers(self):
        ended = commands.run("demo", env=commands.on_the_test_database())

        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert ended.stdout.splitlines()[-1] == "report: var/demo/report.json"
        assert "every check holds" in ended.stdout
        found = json.loads((settings.HOME_DIR / "demo" / "report.json").read_text())
        assert (found["status"], found["audit"]["ok"]) == ("DONE", True)
        assert [stage["stage"] for stage in found["stages"]] == [stage.lower() for stage in Stage]
        assert len({name for stage in found["stages"] for name in stage["workers"]}) >= 2
        (file,) = found["files"]
        assert file["rows"] >= 1_000
        assert file["rows"] == sum(
            file[part] for part in ("accepted", "duplicate_in_file", "invalid", "blank")
        )
        assert len(found["deliveries"]) == 5
        for delivery in found["deliveries"]:
            assert (settings.HOME_DIR / "demo" / "files" / delivery["file"]).stat().st_size
        assert set(found["versions"]) >= {"django", "celery"}
        assert not User.objects.exists()  # the database beside it is untouched


@pytest.mark.django_db
class TestTheDemosDatabase:
    def test_that_may_not_be_made_is_told_in_one_line(self, settings, monkeypatch):
        settings.DATABASE_URL = database_url()
        refused = psycopg.errors.InsufficientPrivilege("permission denied\nto create database")

        def refuse(**_parameters):
            raise refused

        monkeypatch.setattr(psycopg, "connect", refuse)
        monkeypatch.setattr(connection, "close", lambda: None)

        with pytest.raises(demo.NoDatabase, match=r"^permission denied$"):
            demo.make_database()

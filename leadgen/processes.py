"""What a program that starts servers of its own asks of the system: to start, find and own.

The standard library alone, and no setting: settings need it at every start.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

ROOMY = 1 << 30  # bytes of /dev/shm that no parallel query fills


class CannotRun(Exception):
    """An embedded server cannot run here: one sentence, and what to do."""

    def __init__(self, error: str, hint: str) -> None:
        super().__init__(error)
        self.error = error
        self.hint = hint


def without_root() -> list[str]:
    """What to put before PostgreSQL's programs, which refuse to run as root.

    Root runs them in a user namespace of its own, under an account that every system has, as
    initdb looks it up; no user is added, no mode is changed. Raises CannotRun.
    """
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody").pw_uid
    namespace = ["unshare", "--user", f"--map-user={nobody}", f"--map-group={nobody}"]
    try:
        subprocess.run([*namespace, "true"], capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        raise CannotRun(
            "As root, PostgreSQL needs a user namespace, which this system does not give.",
            "Run as a plain user, or set DATABASE_URL to a PostgreSQL of your own.",
        ) from None
    return namespace


def shared_memory() -> str:
    """Where parallel queries meet. In a container's usual 64 MB one hash join finds no space."""
    shm = Path("/dev/shm")  # noqa: S108  (only looked at)  # nosec B108
    return "posix" if shm.exists() and shutil.disk_usage(shm).free > ROOMY else "mmap"


def processes_in(home: Path, program: str) -> list[int]:
    """The living processes of a program that work in `home`, as both servers' children do too.

    A pid file alone proves nothing: its number may be another program's by now.
    """
    if not Path("/proc/self").exists():  # macOS
        lsof = ["lsof", "-t", "-a", "-c", program, "-d", "cwd", str(home)]
        return [
            int(n) for n in subprocess.run(lsof, capture_output=True, check=False).stdout.split()
        ]
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            named = (process / "comm").read_text().strip() == program
            if named and (process / "cwd").samefile(home):
                found.append(int(process.name))
    return found


def shipped(package: str, pattern: str) -> str:
    """A program from a wheel. The package itself is not imported."""
    wheel = importlib.util.find_spec(package)
    folder = Path(wheel.origin).parent if wheel and wheel.origin else Path("/nowhere")
    for program in folder.glob(pattern):
        return str(program)
    raise CannotRun(f"{package} is not installed, or not for this system.", "Run `make install`.")


def own_directory(path: Path) -> None:
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise CannotRun(f"{path} belongs to somebody else.", "Remove it, or move the checkout.")
    path.chmod(0o700)


def launch(command: list[str], log: Path) -> int:
    """Start a server that outlives us, our terminal and its Ctrl-C; returns its process id.

    The shell in between ends at once, so that a server that dies is never a zombie of ours.
    """
    script = 'umask 077; log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!'
    shell = ["sh", "-c", script, "sh", str(log), *command]
    return int(subprocess.run(shell, start_new_session=True, stdout=-1, check=True).stdout)


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def first_number(path: Path) -> int | None:
    try:
        return int(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None

"""`make up`: desk, worker, beat and Flower together, until Ctrl-C (contract.md)."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from honcho.environ import parse_procfile
from rich.console import Console

from leadgen.env import in_environment
from leadgen.supervisor import Supervisor
from pipeline.management.commands.services import start_both
from pipeline.management.operator import EXIT_DONE, OperatorCommand, Problem

LOOK_EVERY = 0.5  # seconds


class Command(OperatorCommand):
    help = "Run everything on this machine until Ctrl-C; whatever exits is started again."

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        start_both()
        call_command("migrate", verbosity=0)
        ports = {
            name: free_port(name, getattr(settings, name)) for name in ("WEB_PORT", "FLOWER_PORT")
        }
        self._greet(ports)
        with Supervisor(commands(), env=environment(ports)) as crew:
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            # Whoever was started in a shell's background was told to ignore it.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            try:
                while True:
                    crew.watch_once()
                    time.sleep(LOOK_EVERY)
            except KeyboardInterrupt:
                self.console.print("stopping …")
        return {}, EXIT_DONE

    def _greet(self, ports: dict[str, int]) -> None:
        login = os.environ.get("FLOWER_BASIC_AUTH", "").partition(":")[0]
        self.console.print(f"desk:   http://127.0.0.1:{ports['WEB_PORT']}/admin/")
        self.console.print(
            f"flower: http://127.0.0.1:{ports['FLOWER_PORT']}/  (login {login}, password in .env)"
        )
        password = first_account()
        if password:
            self.console.print(f"first account: admin, password {password} (shown only now)")

    def show(self, found: dict[str, Any], console: Console) -> None:
        console.print("PostgreSQL and Valkey still run; `manage.py services stop` ends them.")


def first_account() -> str:
    """Make an admin with a random password where there is no account; returns the password."""
    if User.objects.exists():
        return ""
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser("admin", password=password)
    return password


def free_port(name: str, wanted: int) -> int:
    """The wanted port, or another where it is taken. Raises Problem where it was asked for."""
    if _is_free(wanted):
        return wanted
    if in_environment(name):
        raise Problem(f"{name}={wanted} is in use.", "Give another port, or unset it.")
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        port: int = any_port.getsockname()[1]
    return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def commands() -> dict[str, list[str]]:
    """The Procfile's lines, each run by a shell that gives way to it."""
    procfile = parse_procfile((settings.BASE_DIR / "Procfile").read_text())
    return {name: ["sh", "-c", f"exec {line}"] for name, line in procfile.processes.items()}


def environment(ports: dict[str, int]) -> dict[str, str]:
    """What the processes are told: our own programs first, and the ports that were found."""
    programs = str(Path(sys.executable).parent)
    return {
        **os.environ,
        **{name: str(port) for name, port in ports.items()},
        "PUBLIC_URL": os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{ports['WEB_PORT']}"),
        "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}",
    }

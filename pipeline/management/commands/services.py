"""The embedded PostgreSQL and Valkey: start, stop, status (contract.md).

Servers of others (DATABASE_URL, REDIS_URL) are only asked. One that gives no answer is a finding
for `status` and `stop`, and a failure for `start`; an address that makes no sense always is one.
"""

from __future__ import annotations

import contextlib
import re
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.base import DatabaseWrapper
from rich.console import Console
from rich.table import Table

from leadgen import env
from leadgen.embedded import Services, State
from leadgen.processes import CannotRun
from pipeline.management.operator import EXIT_DONE, EXIT_NEGATIVE, OperatorCommand, Problem

PATIENCE = 3  # seconds for a server of others to answer


class NoAnswer(Problem):
    """A server of others cannot be reached, or does not let us in."""


class Command(OperatorCommand):
    help = "Start, stop or look at PostgreSQL and Valkey, where no address of others is set."

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        action = options["action"]
        act(settings.SERVICES, action)
        found = both(settings.SERVICES, needed=action == "start")
        down = action == "status" and not all(one["running"] for one in found.values())
        return found, EXIT_NEGATIVE if down else EXIT_DONE

    def show(self, found: dict[str, Any], console: Console) -> None:
        table = Table("service", "running", "version", "pid", "address")
        for name, one in found.items():
            running = "yes" if one["running"] else "no"
            table.add_row(name, running, one["version"] or "-", str(one["pid"] or "-"), one["url"])
        console.print(table)


def start_both() -> None:
    """What other commands do first: return once both answer. Raises Problem."""
    act(settings.SERVICES, "start")
    both(settings.SERVICES, needed=True)


def act(servers: Services, action: str) -> None:
    """Start or stop what is ours. Raises Problem."""
    ours = {"postgres": not settings.EXTERNAL_DATABASE, "redis": not settings.EXTERNAL_REDIS}
    try:
        if action == "start":
            servers.start(**ours)
        elif action == "stop":
            servers.stop()
    except CannotRun as reason:
        raise Problem(reason.error, reason.hint) from None


def both(servers: Services, *, needed: bool) -> dict[str, Any]:
    """What the two answer. Raises Problem where one that is needed does not."""
    return {
        "postgres": postgres_object(servers, needed=needed),
        "redis": redis_object(servers, needed=needed),
    }


def postgres_object(servers: Services, *, needed: bool) -> dict[str, Any]:
    external = settings.EXTERNAL_DATABASE
    ask = external_postgres if external else servers.postgres
    return _object(ask, settings.DATABASE_URL, external=external, needed=needed)


def redis_object(servers: Services, *, needed: bool) -> dict[str, Any]:
    external = settings.EXTERNAL_REDIS
    ask = external_redis if external else servers.redis
    return _object(ask, settings.REDIS_URL, external=external, needed=needed)


def _object(ask: Callable[[], State], url: str, *, external: bool, needed: bool) -> dict[str, Any]:
    state = State()
    with contextlib.suppress(*(() if needed else (NoAnswer,))):
        state = ask()
    return {
        "running": state.running,
        "external": external,
        "pid": state.pid,
        "url": without_password(url),
        "version": state.version,
    }


def external_postgres() -> State:
    """Raises NoAnswer."""
    # Not Django's connection: the demo's own database may not be made yet.
    named = env.postgres("DATABASE_URL", settings.DATABASE_URL)
    wrapper = DatabaseWrapper({**connection.settings_dict, **named})
    asked = {**wrapper.get_connection_params(), "connect_timeout": PATIENCE}
    for ours in ("cursor_factory", "context", "prepare_threshold"):
        asked.pop(ours, None)
    try:
        with psycopg.connect(**asked) as base:
            return State(version=(base.info.parameter_status("server_version") or "?").split()[0])
    except psycopg.Error as reason:
        raise _no_answer("DATABASE_URL", settings.DATABASE_URL, reason) from None


def external_redis() -> State:
    """Raises NoAnswer; Problem where the address is none."""
    try:
        server = redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE)
    except ValueError as reason:
        raise Problem(
            f"REDIS_URL is no Redis address: {reason}.",
            "Write REDIS_URL=redis://:password@host:6379/0, or unset it.",
        ) from None
    try:
        with server:
            server.ping()
            found: Any = server.info("server")
    except (redis.RedisError, OSError) as reason:
        raise _no_answer("REDIS_URL", settings.REDIS_URL, reason) from None
    return State(version=found.get("valkey_version", found["redis_version"]))


def _no_answer(variable: str, url: str, reason: Exception) -> NoAnswer:
    said = (str(reason).strip().splitlines() or ["no reason given"])[0]
    return NoAnswer(
        f"Nothing usable answers at {variable} ({without_password(url)}).",
        f"It says: {said}. Start it, correct {variable}, or unset it to use the embedded one.",
    )


def without_password(url: str) -> str:
    """Rather too much is hidden than too little: an unquoted password may hold any character."""
    hidden = re.sub(r"(://[^:@/]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&](?:ssl)?password=)[^&]*", r"\1***", hidden)

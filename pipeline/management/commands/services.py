"""The embedded PostgreSQL and Valkey: start, stop, status (contract.md)."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlsplit

import psycopg
import redis
from django.conf import settings
from django.db import connection
from rich.console import Console
from rich.table import Table

from leadgen.embedded import CannotRun, Services, State
from pipeline.management.operator import EXIT_DONE, EXIT_NEGATIVE, OperatorCommand, Problem


class Command(OperatorCommand):
    help = "Start, stop or look at PostgreSQL and Valkey, where no address of others is set."

    def add_options(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def answer(self, options: dict[str, Any]) -> tuple[dict[str, Any], int]:
        servers: Services = settings.SERVICES
        try:
            if options["action"] == "start":
                servers.start(
                    postgres=not settings.EXTERNAL_DATABASE, redis=not settings.EXTERNAL_REDIS
                )
            elif options["action"] == "stop":
                servers.stop()
        except CannotRun as reason:
            raise Problem(reason.error, reason.hint) from None
        found = {"postgres": postgres_object(servers), "redis": redis_object(servers)}
        if options["action"] == "start":
            need_both(found)
        down = options["action"] == "status" and not all(one["running"] for one in found.values())
        return found, EXIT_NEGATIVE if down else EXIT_DONE

    def show(self, found: dict[str, Any], console: Console) -> None:
        table = Table("service", "running", "version", "pid", "address")
        for name, one in found.items():
            running = "yes" if one["running"] else "no"
            table.add_row(name, running, one["version"] or "-", str(one["pid"] or "-"), one["url"])
        console.print(table)


def postgres_object(servers: Services) -> dict[str, Any]:
    state = external_postgres() if settings.EXTERNAL_DATABASE else servers.postgres()
    return _object(state, settings.DATABASE_URL, external=settings.EXTERNAL_DATABASE)


def redis_object(servers: Services) -> dict[str, Any]:
    state = external_redis() if settings.EXTERNAL_REDIS else servers.redis()
    return _object(state, settings.REDIS_URL, external=settings.EXTERNAL_REDIS)


def _object(state: State, url: str, *, external: bool) -> dict[str, Any]:
    return {
        "running": state.version is not None,
        "external": external,
        "pid": state.pid,
        "url": without_password(url),
        "version": state.version,
    }


def external_postgres() -> State:
    """What the PostgreSQL of DATABASE_URL answers; its process is none of ours."""
    parameters = {**connection.get_connection_params(), "connect_timeout": 3}
    for ours in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(ours, None)
    try:
        with psycopg.connect(**parameters) as base:
            return State(version=(base.info.parameter_status("server_version") or "?").split()[0])
    except psycopg.Error:
        return State()


def external_redis() -> State:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=3) as server:
            found = server.info("server")
    except (redis.RedisError, OSError, ValueError):
        return State()
    return State(version=found.get("valkey_version", found["redis_version"]))


def need_both(found: dict[str, Any]) -> None:
    for name, variable in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL")):
        if not found[name]["running"]:
            raise Problem(
                f"Nothing answers at {variable} ({found[name]['url']}).",
                f"Start that server, correct {variable}, or unset it to use the embedded one.",
            )


def without_password(url: str) -> str:
    parts = urlsplit(url)
    if parts.password:
        return url.replace(f":{parts.password}@", ":***@", 1)
    return url

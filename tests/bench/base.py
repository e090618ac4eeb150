"""A database of the benchmarks' own, and a fresh process to measure work and memory in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg import sql

from leadgen import env


def make_database() -> None:
    """Drop and create it, with the tables of today."""
    settings.SERVICES.start(
        postgres=not settings.EXTERNAL_DATABASE, redis=not settings.EXTERNAL_REDIS
    )
    name = sql.Identifier(str(settings.DATABASES["default"]["NAME"]))
    parameters = connection.get_connection_params()
    for internal in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(internal, None)
    parameters["dbname"] = env.postgres("DATABASE_URL", settings.DATABASE_URL)["NAME"]
    connection.close()
    with psycopg.connect(**parameters, autocommit=True) as base:
        base.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        base.execute(sql.SQL("CREATE DATABASE {}").format(name))
    call_command("migrate", verbosity=0)


def environment(**variables: str) -> dict[str, str]:
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.bench.settings", **variables}


def in_fresh_process(work: str, *arguments: object, **variables: str) -> dict[str, Any]:
    """What `tests.bench.work` printed: at least `seconds` and `peak_mb` of that process."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.work", work, *map(str, arguments)],
        cwd=settings.BASE_DIR,
        env=environment(**variables),
        stdout=subprocess.PIPE,
        check=True,
    )
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def bench_file(name: str) -> Path:
    return Path(settings.HOME_DIR) / name

"""Is every part of the machine room there, and if not, what is to be done about it?

A missing account is a mode, not a failure: such a part is `not_configured`. Each outside service
is asked for real, but nothing is sent or delivered, and nothing paid for but, where the AI does not
list its models, one word.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor

from leadgen.integrations import drive, mail, notion
from leadgen.integrations.errors import PermanentError, ServiceError
from pipeline import probing, services
from pipeline.shown import duration

OK, NOT_CONFIGURED, FAILING = "ok", "not_configured", "failing"
PATIENCE = 5  # seconds for Redis to answer
OLDEST_TICK = 60  # seconds; beat ticks every few
AT_HOME = {"127.0.0.1", "localhost", "::1", "0.0.0.0"}  # noqa: S104  (names, not a binding)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What is known of one part, and what to do where that is not well."""

    part: str
    state: str
    detail: str
    fix: str = ""


class Failing(Exception):
    """A part does not do its work: what was found, and what to do."""

    def __init__(self, detail: str, fix: str) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fix = fix


@dataclass(frozen=True, kw_only=True)
class Outside:
    """A service that needs an account: where it is named, and what is done without it."""

    variables: Sequence[str]
    without: str
    key_fix: str  # where the service does not know us, or not let us
    away_fix: str  # where it cannot be reached
    probe: Callable[[], str]


OUTSIDE = {
    "gemini": Outside(
        variables=["GEMINI_API_KEY"],
        without="Drafts come from the template.",
        key_fix="Correct GEMINI_API_KEY, GEMINI_MODEL, GEMINI_API_VERSION or GEMINI_BASE_URL.",
        away_fix="See whether this machine reaches Gemini (GEMINI_BASE_URL); it is asked again"
        " by itself, and drafts come from the template meanwhile.",
        probe=probing.probe,
    ),
    "drive": Outside(
        variables=["GOOGLE_DRIVE_CREDENTIALS"],
        without="Files go to our own storage, with links that expire.",
        key_fix="Correct GOOGLE_DRIVE_CREDENTIALS, or make the account a member of the folder.",
        away_fix="See whether this machine reaches Google; deliveries wait, and go on by"
        " themselves.",
        probe=drive.probe,
    ),
    "notion": Outside(
        variables=["NOTION_INTEGRATION_SECRET", "NOTION_DATABASE_ID"],
        without="Deliveries are logged in our own tables only.",
        key_fix="Correct what the sentence names; `manage.py doctor --fix-notion` adds columns that"
        " are missing.",
        away_fix="See whether this machine reaches Notion (NOTION_BASE_URL); rows wait, and go on"
        " by themselves.",
        probe=notion.probe,
    ),
    "smtp": Outside(
        variables=["EMAIL_HOST"],
        without="Mails become .eml files.",
        key_fix="Correct EMAIL_USER and EMAIL_PASSWORD, or EMAIL_FROM. Gmail wants an app password.",
        away_fix="Check EMAIL_HOST, EMAIL_PORT and EMAIL_TLS; mails wait, and go on by themselves.",
        probe=mail.probe,
    ),
}


def examine() -> list[Finding]:
    """One finding a part, in the order in which they depend on each other."""
    ours: dict[str, Callable[[], str]] = {
        "postgres": _postgres,
        "redis": _redis,
        "worker": _worker,
        "beat": _beat,
        "storage": _storage,
    }
    return [
        *(_found(part, look) for part, look in ours.items()),
        *(_outside(part, service) for part, service in OUTSIDE.items()),
    ]


def as_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """The object of `manage.py doctor --json` (contract.md)."""
    return {
        "ok": all(finding.state != FAILING for finding in findings),
        "parts": [asdict(finding) for finding in findings],
    }


def _found(part: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(part=part, state=OK, detail=look())
    except Failing as failing:
        return Finding(part=part, state=FAILING, detail=failing.detail, fix=failing.fix)
    except (DatabaseError, InterfaceError):
        return _unseen(part)


def _unseen(part: str) -> Finding:
    return Finding(
        part=part,
        state=FAILING,
        detail="Cannot be seen while PostgreSQL does not answer.",
        fix="Mend PostgreSQL first.",
    )


def _outside(part: str, service: Outside) -> Finding:
    lacks = [name for name in service.variables if not _is_set(name)]
    if lacks:
        detail = f"{' and '.join(lacks)} {'is' if len(lacks) == 1 else 'are'} not set."
        return Finding(part=part, state=NOT_CONFIGURED, detail=f"{detail} {service.without}")
    try:
        return Finding(part=part, state=OK, detail=service.probe())
    except ServiceError as error:
        refused = isinstance(error, PermanentError)
        fix = service.key_fix if refused else service.away_fix
        return Finding(part=part, state=FAILING, detail=str(error), fix=fix)
    except (DatabaseError, InterfaceError):
        return _unseen(part)


def _is_set(variable: str) -> bool:
    return bool(getattr(settings, variable, ""))


def _postgres() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SHOW server_version")
            (version,) = cursor.fetchone()
        executor = MigrationExecutor(connection)
        due = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except (DatabaseError, InterfaceError) as error:
        connection.close()
        raise Failing(*services.no_database(error)) from None
    if due:
        raise Failing(f"{len(due)} migrations are not applied.", "Run `manage.py migrate`.")
    if not services.suppression_key_is_ours():
        raise Failing(*services.OTHER_KEY)
    where = "at DATABASE_URL" if settings.EXTERNAL_DATABASE else "embedded, under var/"
    return f"PostgreSQL {version.split()[0]}, {where}."


def _redis() -> str:
    try:
        with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=PATIENCE) as server:
            found: Any = server.info("server")
    except (redis.RedisError, OSError, ValueError) as error:
        raise Failing(
            f"Redis does not answer: {error}.",
            "Run `manage.py services start`, or check REDIS_URL.",
        ) from None
    version = found.get("valkey_version", found["redis_version"])
    where = "at REDIS_URL" if settings.EXTERNAL_REDIS else "embedded, under var/"
    return f"{'Valkey' if 'valkey_version' in found else 'Redis'} {version}, {where}."


def _worker() -> str:
    alive = services.live_workers()
    if not alive:
        raise Failing(
            "No worker has shown a sign of life for a minute: nothing is worked on.",
            "Run `make up`, or on another host `celery -A leadgen worker`.",
        )
    return f"{len(alive)} alive: {', '.join(alive)}."


def _beat() -> str:
    silent = services.seconds_since("beat")
    if silent > OLDEST_TICK:
        said = f"for {duration(silent)}" if math.isfinite(silent) else "so far"
        raise Failing(
            f"No tick of beat has come through {said}. Workers tick in its place, every 90 s.",
            "Run `make up`, or `celery -A leadgen beat`; its ticks need the broker and a worker.",
        )
    return f"Its last tick came through {duration(silent)} ago."


def _storage() -> str:
    content = uuid.uuid4().hex.encode()
    try:
        name = default_storage.save("doctor/probe.txt", ContentFile(content))
        with default_storage.open(name) as stored:
            same = stored.read() == content
        default_storage.delete(name)
    except Exception as error:  # noqa: BLE001  (each backend has its own)
        raise Failing(
            f"The file storage does not answer ({type(error).__name__}: {error}).",
            "Check that it exists and that this account may write there.",
        ) from None
    if not same:
        raise Failing("The file storage returned other bytes than it was given.", "Replace it.")
    place = getattr(default_storage, "location", "") or type(default_storage).__name__
    return f"Files are kept at {place}. {_links()}"


def _links() -> str:
    """Whether a client can follow the links in its mails."""
    own = urlsplit(settings.PUBLIC_URL).hostname in AT_HOME
    reach = ", which no client can reach: set PUBLIC_URL" if own else ""
    return f"Links in mails begin with {settings.PUBLIC_URL}{reach}."

"""Typed reading of environment variables; `.env` is read once, the environment wins.

Every name may also come from a mounted file: `NAME_FILE=/run/secrets/name` (contract.md,
"Configuration"). A bad value stops the start with one sentence that names the variable.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import zoneinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import environ
from environ.fileaware_mapping import FileAwareMapping

BASE_DIR = Path(__file__).resolve().parent.parent


class _Environment(environ.FileAwareEnv):  # type: ignore[misc]  # the library is untyped
    # The library remembers a file's content for good; a rotated secret should be seen.
    ENVIRON = FileAwareMapping(cache=False)


_env = _Environment()


class ConfigurationError(SystemExit):
    """The product cannot start as configured.

    A SystemExit, so that gunicorn, celery and beat end with the sentence and no stack trace.
    """

    def __init__(self, error: str, hint: str) -> None:
        super().__init__(f"{error} {hint}")
        self.error = error
        self.hint = hint


def read_dotenv(path: Path = BASE_DIR / ".env") -> None:
    """Add what stands in `.env` to the environment, where it is not set already."""
    with contextlib.suppress(FileNotFoundError):
        _env.read_env(path, overwrite=False)


def text(name: str, default: str = "") -> str:
    try:
        return str(_env.str(name, default=default)).strip()
    except OSError as error:
        raise ConfigurationError(
            f"{name}_FILE cannot be read: {error.strerror}.", "Name a readable file, or unset it."
        ) from None


def file_to_write(name: str) -> str:
    """A file that can be appended to, made where it is missing; '' where none is named."""
    path = text(name)
    try:
        if path:
            with Path(path).open("ab"):
                pass
    except OSError as error:
        raise ConfigurationError(
            f"{name} cannot be written to: {error.strerror} ({path}).",
            "Name a file in a folder that exists and that this account may write to.",
        ) from None
    return path


def integer(name: str, default: int, *, at_least: int, at_most: int | None = None) -> int:
    value = text(name, str(default))
    try:
        found = int(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be a whole number, not {value!r}.", "") from None
    if found < at_least:
        raise ConfigurationError(f"{name} must be {at_least} or more, not {found}.", "")
    if at_most is not None and found > at_most:
        raise ConfigurationError(f"{name} must be {at_most} or less, not {found}.", "")
    return found


def port(name: str, default: int) -> int:
    return integer(name, default, at_least=1, at_most=65_535)


def decimal(name: str, default: str) -> Decimal:
    """A price or the like: 0 or more."""
    value = text(name, default)
    try:
        found = Decimal(value)
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        raise ConfigurationError(f"{name} must be a number like 0.30, not {value!r}.", "")
    return found


def flag(name: str, *, default: bool = False) -> bool:
    value = text(name, str(default)).lower()
    if value in {"1", "true", "yes", "on"}:
        return True
    if value in {"0", "false", "no", "off", ""}:
        return False
    raise ConfigurationError(f"{name} must be 1 or 0, not {value!r}.", "")


def listing(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(name, default).lower()
    if value not in allowed:
        raise ConfigurationError(f"{name} must be one of {', '.join(allowed)}, not {value!r}.", "")
    return value


def clock(name: str, default: str) -> dt.time:
    value = text(name, default)
    try:
        return dt.time.fromisoformat(value)
    except ValueError:
        raise ConfigurationError(f"{name} must be a time like 02:00, not {value!r}.", "") from None


def time_zone(name: str, default: str) -> str:
    value = text(name, default)
    try:
        zoneinfo.ZoneInfo(value)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigurationError(
            f"{name} names no time zone: {value!r}.", "Give one like Europe/Berlin."
        ) from None
    return value


def postgres(name: str, url: str) -> dict[str, Any]:
    """Django's settings for a PostgreSQL URL.

    Raises ConfigurationError where the URL is none of PostgreSQL's: there is no SQLite mode.
    """
    if not url.startswith(("postgres://", "postgresql://")):
        raise _no_postgres(name)
    try:
        config: dict[str, Any] = environ.Env.db_url_config(url)
    except ValueError:
        raise _no_postgres(name) from None
    if not config["NAME"]:
        raise _no_postgres(name)
    config["HOST"] = unquote(str(config["HOST"]))
    return config


def _no_postgres(name: str) -> ConfigurationError:
    return ConfigurationError(
        f"{name} is no PostgreSQL address.",
        f"Write {name}=postgres://user:password@host:5432/database, or unset it.",
    )


def folder(place: Path) -> dict[str, Any]:
    """Files in a folder of this machine."""
    options = {"location": place, "allow_overwrite": False}
    return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}


def file_storage(name: str, place: Path) -> dict[str, Any]:
    """Django's default storage: a bucket by s3://… or gs://…, or a folder where none is named.

    s3://key:secret@bucket/prefix?endpoint=https://…&region=…; without a key boto3 looks for one
    in its own places. gs://bucket/prefix finds its account by GOOGLE_APPLICATION_CREDENTIALS.
    """
    url = urlsplit(text(name))
    if not url.scheme and not url.path:
        return folder(place)
    if url.scheme not in {"s3", "gs"} or not url.hostname:
        raise ConfigurationError(
            f"{name} is no bucket's address.",
            f"Write {name}=s3://bucket/prefix, gs://… or unset it.",
        )
    bucket = {"bucket_name": url.netloc.rpartition("@")[2], "location": url.path.strip("/"),
              "file_overwrite": False}  # fmt: skip
    if url.scheme == "gs":
        return {"BACKEND": "storages.backends.gcloud.GoogleCloudStorage", "OPTIONS": bucket}
    told = {key: values[0] for key, values in parse_qs(url.query).items()}
    options = bucket | {
        "access_key": unquote(url.username) if url.username else None,
        "secret_key": unquote(url.password) if url.password else None,
        "endpoint_url": told.get("endpoint"),
        "region_name": told.get("region"),
        "default_acl": None,
        "signature_version": "s3v4",
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def in_environment(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))

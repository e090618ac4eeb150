"""What Notion's answers, and their absence, mean for us; the table of status codes as data.

https://developers.notion.com/reference/status-codes and …/request-limits
"""

from __future__ import annotations

from json import JSONDecodeError
from typing import Any, Literal

from leadgen.integrations import headers
from leadgen.integrations.errors import (
    ConfigError,
    PermanentError,
    ServiceError,
    Throttled,
    TransientError,
)

SERVICE = "notion"
Kind = Literal["create", "update", "query", "look"]
PAUSE_SECONDS = 30  # where it asks for a pause and does not say for how long
BUSY = {429, 529}
CONFLICT = 409
OUTAGE = {500, 502, 503, 504}
NOT_LET = {
    401: "Notion refused NOTION_INTEGRATION_SECRET.",
    403: "The Notion integration may not do that: give it the capabilities to read, insert and"
    " update content.",
}
NOT_THERE = (
    "Notion has no such database for us: check NOTION_DATABASE_ID, and connect the integration to"
    " the database (its menu, Connections)."
)
BAD_REQUEST = 400


class Ambiguous(TransientError):
    """The row may have been made: its key must be looked for before another create."""


class Conflict(TransientError):
    """Somebody else was writing at the same moment."""


class NotThere(ConfigError):
    """404: it is not there, or not shared with the integration."""


def meaning(error: Exception, kind: Kind) -> ServiceError | None:
    """Our error for one of the library's or of httpx; None for a stranger."""
    import httpx  # noqa: PLC0415  (only who logs pays for it)
    from notion_client.errors import HTTPResponseError, RequestTimeoutError  # noqa: PLC0415

    if isinstance(error, HTTPResponseError):
        return _answered(error, kind)
    if isinstance(error, httpx.ConnectError):
        return TransientError(f"Notion cannot be reached ({error}).", service=SERVICE)
    if isinstance(error, RequestTimeoutError | httpx.HTTPError | JSONDecodeError):
        return _lost(f"Notion's answer was lost ({type(error).__name__}).", kind)
    return None


def _answered(error: Any, kind: Kind) -> ServiceError:
    status, said = int(error.status), str(error)
    if status in BUSY:
        return Throttled(
            f"Notion asks for a pause ({status}).",
            service=SERVICE,
            retry_after=retry_after(error.headers.get("retry-after")),
        )
    if status == CONFLICT:
        return Conflict(f"Notion was writing there already ({said}).", service=SERVICE)
    if status in OUTAGE:
        return _lost(f"Notion is out of order ({status}).", kind)
    return _refused(status, said)


def _refused(status: int, said: str) -> ServiceError:
    if status in NOT_LET:
        return ConfigError(f"{NOT_LET[status]} It says: {said}", service=SERVICE)
    if status == 404:  # noqa: PLR2004
        return NotThere(NOT_THERE, service=SERVICE)
    return PermanentError(f"Notion refused the row ({status}): {said}", service=SERVICE)


def _lost(sentence: str, kind: Kind) -> ServiceError:
    """Only a create can leave something behind that we do not know of."""
    if kind == "create":
        return Ambiguous(sentence, service=SERVICE)
    return TransientError(sentence, service=SERVICE)


def retry_after(said: str | None) -> float:
    """Seconds to wait, at least one; PAUSE_SECONDS where it does not say."""
    asked = headers.retry_after(said)
    return PAUSE_SECONDS if asked is None else max(asked, 1)

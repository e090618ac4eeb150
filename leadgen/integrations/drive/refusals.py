"""What Google Drive's refusals mean, and what a person has to do about them.

https://developers.google.com/workspace/drive/api/guides/handle-errors
"""

from __future__ import annotations

import http.client
import json
from typing import Any

import httplib2
from google.auth import exceptions as auth
from googleapiclient.errors import Error, HttpError

from leadgen.integrations import headers
from leadgen.integrations.errors import (
    ConfigError,
    PermanentError,
    ServiceError,
    TransientError,
)

SERVICE = "drive"
# Whatever a call may raise beside HttpError: the connection, the token, an answer that is none.
BROKEN = (auth.GoogleAuthError, httplib2.HttpLib2Error, http.client.HTTPException, OSError,
          ValueError, Error)  # fmt: skip


class AlreadyThere(PermanentError):
    """A file with this id exists: an earlier try of ours, whose answer was lost."""


class Gone(PermanentError):
    """What the call names is not there, or not for this account."""


class OtherBytes(PermanentError):
    """The file on Drive is not the one that was sent."""


class AddressRefused(PermanentError):
    """An address was not let in, or was and could not be told so."""


_BUSY = frozenset((
    "userRateLimitExceeded", "rateLimitExceeded", "sharingRateLimitExceeded", "backendError",
    "internalError", "transientError", "dailyLimitExceeded",
))  # fmt: skip

NO_ROOM = (
    "There is no room on Drive for this account. A service account owns no storage of its own:"
    " let GOOGLE_DRIVE_FOLDER_ID name a folder of a shared drive that it is a content manager of,"
    ' or act for a person ("subject" in the key, or a person\'s OAuth token). Where it acts for a'
    " person already, that person's Drive is full."
)
_MAY_NOT = (
    "The account may not do this on Drive: make it a content manager (or higher) of the shared"
    " drive that GOOGLE_DRIVE_FOLDER_ID lies in."
)
_FORBIDDEN = (
    "Google Workspace forbids sharing outside: allow it in its admin console, or give this client"
    " our own link instead of Drive."
)
_NO_API = (
    "The Google Drive API is off in the key's project: switch it on in the Google Cloud console."
)
_NO_SCOPE = (
    "The token does not hold the Drive scope: give the consent again with the scope drive or,"
    " for delegation, enter it in the Workspace admin console."
)
_NO_KEY = "Google does not accept GOOGLE_DRIVE_CREDENTIALS any longer: make a new key or token."

_ADVICE: dict[str, tuple[type[ServiceError], str]] = {
    "storageQuotaExceeded": (ConfigError, NO_ROOM),
    "quotaExceeded": (ConfigError, NO_ROOM),
    "teamDriveFileLimitExceeded": (ConfigError, "The shared drive is full: it holds too many files."),
    "accessNotConfigured": (ConfigError, _NO_API),
    "SERVICE_DISABLED": (ConfigError, _NO_API),
    "insufficientPermissions": (ConfigError, _NO_SCOPE),
    "ACCESS_TOKEN_SCOPE_INSUFFICIENT": (ConfigError, _NO_SCOPE),
    "appNotAuthorizedToFile": (PermanentError, _MAY_NOT),
    "insufficientFilePermissions": (PermanentError, _MAY_NOT),
    "insufficientParentPermissions": (PermanentError, _MAY_NOT),
    "teamDriveMembershipRequired": (PermanentError, _MAY_NOT),
    "forbidden": (PermanentError, _MAY_NOT),
    "invalidSharingRequest": (AddressRefused, "Drive did not share the file with the address."),
    "domainPolicy": (PermanentError, _FORBIDDEN),
    "publishOutNotPermitted": (PermanentError, _FORBIDDEN),
    "shareOutNotPermitted": (PermanentError, _FORBIDDEN),
    "shareInNotPermitted": (PermanentError, _FORBIDDEN),
}  # fmt: skip


def reason_of(error: HttpError) -> str:
    """Google's short word for it, such as storageQuotaExceeded; '' where there is none."""
    found = _error_of(error)
    listed = [*found.get("errors", []), *found.get("details", [])]
    reasons = [each.get("reason", "") for each in listed if isinstance(each, dict)]
    return next(filter(None, reasons), str(found.get("status", "")))


def message_of(error: HttpError) -> str:
    """Google's sentence."""
    return str(_error_of(error).get("message", "")).strip() or f"HTTP {error.resp.status}"


def _error_of(error: HttpError) -> dict[str, Any]:
    try:
        found = json.loads(error.content)["error"]
    except (ValueError, KeyError, TypeError):
        return {}
    return found if isinstance(found, dict) else {}


def translate(error: Exception) -> ServiceError:
    """One of our own failures, with a sentence for the operator, for anything a call raised."""
    if isinstance(error, HttpError):
        return _refusal(error)
    if isinstance(error, auth.RefreshError) and not error.retryable:
        return ConfigError(
            f"{_NO_KEY} It may be revoked, the delegation missing, or this host's clock wrong"
            f" ({_first_line(error)}).",
            service=SERVICE,
        )
    return TransientError(
        f"Google Drive cannot be reached ({type(error).__name__}: {_first_line(error)}).",
        service=SERVICE,
    )


def _refusal(error: HttpError) -> ServiceError:
    status, reason = int(error.resp.status), reason_of(error)
    if status in {408, 429} or status >= 500 or reason in _BUSY:  # noqa: PLR2004
        return TransientError(
            f"Google Drive is busy ({status} {reason or message_of(error)}).",
            service=SERVICE,
            retry_after=headers.retry_after(error.resp.get("retry-after")),
        )
    kind, sentence = _kind(status, reason, message_of(error))
    return kind(f"{sentence} (Google: {status} {reason or message_of(error)})", service=SERVICE)


def _kind(status: int, reason: str, message: str) -> tuple[type[ServiceError], str]:
    if reason in _ADVICE:
        return _ADVICE[reason]
    if reason.startswith("cannotShare"):
        return PermanentError, _MAY_NOT
    by_status: dict[int, tuple[type[ServiceError], str]] = {
        401: (ConfigError, _NO_KEY),
        404: (Gone, "It is not on Drive, or not for this account."),
        409: (AlreadyThere, "There is a file with this id already."),
    }
    return by_status.get(status, (PermanentError, f"Google Drive refused: {message}"))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "no message")[:200]

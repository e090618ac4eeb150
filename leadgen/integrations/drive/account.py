"""Who we are to Google Drive: a service account, one that acts for a person, or a person.

https://developers.google.com/identity/protocols/oauth2/service-account
"""

from __future__ import annotations

import json
import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

from google.auth.exceptions import GoogleAuthError
from google.oauth2 import credentials, service_account

from leadgen.integrations.drive.refusals import SERVICE
from leadgen.integrations.errors import ConfigError

# drive.file sees what we made ourselves; a folder that a person made needs the wide one.
NARROW = ["https://www.googleapis.com/auth/drive.file"]
WIDE = ["https://www.googleapis.com/auth/drive"]
_PERSONS = ("refresh_token", "client_id", "client_secret")
_refreshing = threading.Lock()


class Account:
    """Credentials that all threads of the process share, and how they present themselves."""

    def __init__(self, mode: str, address: str, vendors: Any) -> None:
        self.mode = mode
        self.address = address
        self.vendors = vendors

    def renew(self, request: Any) -> None:
        """Fetch a token where there is none that is valid; one thread does it for all."""
        with _refreshing:
            if not self.vendors.valid:
                self.vendors.refresh(request)


@lru_cache(maxsize=4)
def account(secret: str, *, wide: bool) -> Account:
    """The account that GOOGLE_DRIVE_CREDENTIALS, JSON or a path to it, describes.

    Raises ConfigError with one sentence.
    """
    found = _loaded(secret)
    try:
        if found.get("type") == "service_account":
            return _service_account(found, WIDE if wide else NARROW)
        if found.get("type") == "authorized_user":
            return _person(found)
    except (ValueError, GoogleAuthError) as error:
        raise _unusable(f"is incomplete: {error}") from None
    raise _unusable('is of neither type "service_account" nor "authorized_user"')


def _person(found: dict[str, Any]) -> Account:
    missing = [name for name in _PERSONS if not found.get(name)]
    if missing:
        raise ValueError(f"{', '.join(missing)} is missing")
    vendors = credentials.Credentials(  # type: ignore[no-untyped-call]
        token=None,
        token_uri=found.get("token_uri", "https://oauth2.googleapis.com/token"),
        **{name: found[name] for name in _PERSONS},
    )
    return Account("a person's OAuth token", str(found.get("account", "")), vendors)


def _service_account(found: dict[str, Any], scopes: list[str]) -> Account:
    vendors = service_account.Credentials.from_service_account_info(found, scopes=scopes)  # type: ignore[no-untyped-call]
    subject = str(found.get("subject", ""))
    if subject:
        return Account(
            f"a service account that acts for {subject}", subject, vendors.with_subject(subject)
        )
    return Account("a service account", str(found.get("client_email", "")), vendors)


def _loaded(secret: str) -> dict[str, Any]:
    text = secret
    if not secret.lstrip().startswith("{"):
        try:
            text = Path(secret).expanduser().read_text()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "no text"
            raise _unusable(f"is neither JSON nor a file that can be read ({why})") from None
    try:
        found = json.loads(text)
    except ValueError:
        raise _unusable("is no JSON") from None
    if not isinstance(found, dict):
        raise _unusable("is no JSON object")
    return found


def _unusable(why: str) -> ConfigError:
    return ConfigError(
        f"GOOGLE_DRIVE_CREDENTIALS {why}. Download the key anew and give its path.",
        service=SERVICE,
    )

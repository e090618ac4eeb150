"""Who may read a file: each address once, whether or not it has a Google account.

https://developers.google.com/workspace/drive/api/guides/manage-sharing

Rights are listed first, so a repeat adds nothing. We send our own mail, so Google sends none;
only an address without a Google account gets one of Google's, for it is let in by no other way.
Changes of one file's rights must not meet: the caller holds the delivery's lease.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from typing import Any

from leadgen.integrations.drive.refusals import SERVICE, AddressRefused
from leadgen.integrations.errors import ConfigError, PermanentError

Ask = Callable[[Any], Any]
_GREETING = "Your leads are ready. A mail of ours with the details follows."


def with_addresses(
    ask: Ask, service: Any, file_id: str, addresses: Iterable[str], until: dt.datetime | None
) -> list[str]:
    """Reader rights to each address that has none; returns what was done otherwise than asked."""
    known = _addresses(ask, service, file_id)
    wanted = [each for each in dict.fromkeys(addresses) if each.lower() not in known]
    notes = [_Reader(ask, service, file_id, address).let_in(until) for address in wanted]
    return [note for note in notes if note]


def with_anyone(ask: Ask, service: Any, file_id: str) -> None:
    """Reader rights to whoever has the link."""
    if any(each.get("type") == "anyone" for each in _rights(ask, service, file_id)):
        return
    body = {"type": "anyone", "role": "reader", "allowFileDiscovery": False}
    # Not even sendNotificationEmail=False may be said here: Drive refuses it.
    ask(service.permissions().create(fileId=file_id, body=body, supportsAllDrives=True))


def _addresses(ask: Ask, service: Any, file_id: str) -> set[str]:
    return {each.get("emailAddress", "").lower() for each in _rights(ask, service, file_id)}


def _rights(ask: Ask, service: Any, file_id: str) -> list[dict[str, Any]]:
    """All rights of a file, over as many pages as there are."""
    found: list[dict[str, Any]] = []
    told: dict[str, str] = {}
    while True:
        answer = ask(
            service.permissions().list(
                fileId=file_id,
                supportsAllDrives=True,
                pageSize=100,
                fields="nextPageToken,permissions(id,type,emailAddress,role)",
                **told,
            )
        )
        found += answer.get("permissions", [])
        if not answer.get("nextPageToken"):
            return found
        told = {"pageToken": answer["nextPageToken"]}


class _Reader:
    """One address that shall read one file."""

    def __init__(self, ask: Ask, service: Any, file_id: str, address: str) -> None:
        self._ask, self._service = ask, service
        self._file_id, self._address = file_id, address

    def let_in(self, until: dt.datetime | None) -> str:
        """Returns a note where the right has no end although one was asked for."""
        if until is None:
            self._let_in({})
            return ""
        try:
            self._let_in({"expirationTime": until.astimezone(dt.UTC).isoformat()})
        except (AddressRefused, ConfigError):
            raise
        except PermanentError:
            self._let_in({})  # where ends are not allowed; anything else is refused again
            return f"{self._address} may read the file without an end: Drive allows none here."
        return ""

    def _let_in(self, end: dict[str, str]) -> None:
        try:
            self._create(end, sendNotificationEmail=False)
        except AddressRefused:
            if not self._is_in():
                self._invite(end)

    def _invite(self, end: dict[str, str]) -> None:
        """For an address without a Google account: only with a mail of Google's."""
        try:
            self._create(end, sendNotificationEmail=True, emailMessage=_GREETING)
        except AddressRefused as refusal:
            if not self._is_in():
                raise AddressRefused(
                    f"Drive does not let {self._address} in, which has no Google account: give this"
                    ' client "Anyone with the link", or our own link instead of Drive.'
                    f" ({refusal})",
                    service=SERVICE,
                ) from None

    def _is_in(self) -> bool:
        """Drive also says 400 where it shared and only could not send its mail."""
        return self._address.lower() in _addresses(self._ask, self._service, self._file_id)

    def _create(self, end: dict[str, str], **options: Any) -> None:
        self._ask(
            self._service.permissions().create(
                fileId=self._file_id,
                body={"type": "user", "role": "reader", "emailAddress": self._address, **end},
                supportsAllDrives=True,
                fields="id",
                **options,
            )
        )

"""Google Drive, version 3: a file put there exactly once, and who may read it.

https://developers.google.com/workspace/drive/api/reference/rest/v3

Every file and folder is made under an id that was fetched and kept before (ADR 0013): should an
answer be lost, the next try meets 409, compares, and is done. The library's own retries are off;
whoever calls decides when to ask again. One Drive for each thread: httplib2 is made for one.
"""

from __future__ import annotations

import datetime as dt
import http.client
import io
import json
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Self

import google_auth_httplib2
import googleapiclient
import httplib2
from django.conf import settings
from googleapiclient import discovery
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaIoBaseUpload

from leadgen.integrations.drive import sharing
from leadgen.integrations.drive.account import Account, account
from leadgen.integrations.drive.refusals import (
    BROKEN,
    SERVICE,
    AlreadyThere,
    Gone,
    OtherBytes,
    translate,
)
from leadgen.integrations.errors import TransientError

TIMEOUT = 60
LARGE = 5 * 1024 * 1024  # from here on in parts, each of which may be repeated alone
PART = 8 * 1024 * 1024  # a multiple of 256 KiB
TRIES_OF_A_PART = 6  # without one byte of progress
LONGEST_WAIT = 60.0  # seconds within a task; for more the delivery is put off
GOOGLE = "https://www.googleapis.com"
_FOLDER = "application/vnd.google-apps.folder"
_TOLD = "id,webViewLink,size,sha256Checksum,trashed"


@dataclass(frozen=True, kw_only=True)
class Upload:
    """A file as it shall be on Drive; `parent` '' is the account's own root."""

    file_id: str
    name: str
    parent: str
    mime_type: str
    size: int
    sha256: str
    delivery: str = ""

    @property
    def metadata(self) -> dict[str, Any]:
        found: dict[str, Any] = {"id": self.file_id, "name": self.name, "mimeType": self.mime_type}
        if self.parent:
            found["parents"] = [self.parent]
        if self.delivery:
            found["appProperties"] = {"delivery": self.delivery}
        return found


class Drive:
    """All methods raise TransientError, PermanentError or ConfigError, and nothing else."""

    def __init__(
        self,
        who: Account,
        *,
        root: str = "",
        base_url: str = GOOGLE,
        timeout: float = TIMEOUT,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.account, self.root = who, root
        self._pause = pause
        self._plain = _Once(timeout=timeout)
        self._plain.redirect_codes -= {308}  # here it says "go on", not "elsewhere"
        self._authorized = google_auth_httplib2.AuthorizedHttp(who.vendors, http=self._plain)
        self._service = discovery.build_from_document(  # type: ignore[attr-defined]  # the stubs lack it
            _document(base_url.rstrip("/") + "/"), http=self._authorized
        )

    @classmethod
    def from_settings(cls) -> Drive:
        root = settings.GOOGLE_DRIVE_FOLDER_ID
        return cls(
            account(settings.GOOGLE_DRIVE_CREDENTIALS, wide=bool(root)),
            root=root,
            base_url=settings.GOOGLE_DRIVE_BASE_URL,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connections."""
        self._plain.close()

    def new_id(self) -> str:
        """An id that no file has: to be kept before the file is made under it."""
        found = self._ask(self._service.files().generateIds(count=1, space="drive", type="files"))
        return str(found["ids"][0])

    def make_folder(self, *, file_id: str, name: str, parent: str) -> None:
        """Make a folder under our id; one that is there already is as good."""
        body = {"id": file_id, "name": name, "mimeType": _FOLDER}
        if parent:
            body["parents"] = [parent]  # type: ignore[assignment]  # a dict of JSON
        try:
            self._ask(self._service.files().create(body=body, fields="id", supportsAllDrives=True))
        except AlreadyThere:
            if self.look_at(file_id).get("trashed"):
                raise Gone(f"The folder {name} is in Drive's bin.", service=SERVICE) from None

    def put(self, upload: Upload, content: IO[bytes]) -> str:
        """Make the file, once; returns the link that its readers may follow.

        Raises OtherBytes where Drive holds another content under the id, Gone without the folder.
        """
        try:
            found = self._create(upload, content)
        except AlreadyThere:
            found = self.look_at(upload.file_id)
        _compare(found, upload)
        return str(
            found.get("webViewLink") or f"https://drive.google.com/file/d/{found['id']}/view"
        )

    def share(
        self, file_id: str, addresses: Iterable[str], *, until: dt.datetime | None = None
    ) -> list[str]:
        """Let each address read the file; returns what could not be done as told, in sentences."""
        return sharing.with_addresses(self._ask, self._service, file_id, addresses, until)

    def share_with_anyone(self, file_id: str) -> None:
        sharing.with_anyone(self._ask, self._service, file_id)

    def look_at(self, file_id: str, fields: str = _TOLD) -> dict[str, Any]:
        """What Drive knows of a file. Raises Gone."""
        return self._ask(
            self._service.files().get(fileId=file_id, fields=fields, supportsAllDrives=True)
        )

    def read(self, file_id: str) -> bytes:
        request = self._service.files().get_media(fileId=file_id, supportsAllDrives=True)
        return bytes(self._send(request))

    def delete(self, file_id: str) -> None:
        self._send(self._service.files().delete(fileId=file_id, supportsAllDrives=True))

    def whoami(self) -> str:
        """The account's own address."""
        if self.account.address:
            return self.account.address
        found = self._ask(self._service.about().get(fields="user(emailAddress)"))
        return str(found.get("user", {}).get("emailAddress", ""))

    # Asking

    def _ask(self, request: Any) -> dict[str, Any]:
        """The answer, which is a JSON object."""
        return _object(self._send(request))

    def _send(self, request: Any) -> Any:
        try:
            self.account.renew(google_auth_httplib2.Request(self._plain))
            return request.execute(num_retries=0)
        except (HttpError, *BROKEN) as error:
            raise translate(error) from None

    def _create(self, upload: Upload, content: IO[bytes]) -> dict[str, Any]:
        if upload.size <= LARGE:
            return self._create_at_once(upload, content)
        try:
            return self._create_in_parts(upload, content)
        except _SessionLost:
            return self._create_in_parts(upload, content)  # anew, under the same id

    def _request(self, upload: Upload, content: Any, *, resumable: bool) -> Any:
        media = MediaIoBaseUpload(content, upload.mime_type, chunksize=PART, resumable=resumable)
        return self._service.files().create(
            body=upload.metadata, media_body=media, fields=_TOLD, supportsAllDrives=True
        )

    def _create_at_once(self, upload: Upload, content: IO[bytes]) -> dict[str, Any]:
        content.seek(0)
        request = self._request(upload, io.BytesIO(), resumable=False)
        _fill(request, upload, content.read())
        return self._ask(request)

    def _create_in_parts(self, upload: Upload, content: IO[bytes]) -> dict[str, Any]:
        """The library's loop, by hand: after an error it asks how far Drive has come."""
        self.close()  # making a large file took long: a connection that old may be dead
        request = self._request(upload, content, resumable=True)
        answer, failed, come = None, 0, 0
        while answer is None:
            try:
                self.account.renew(google_auth_httplib2.Request(self._plain))
                _, answer = request.next_chunk(num_retries=0)
            except (HttpError, *BROKEN) as error:
                failed = 1 if request.resumable_progress > come else failed + 1
                come = request.resumable_progress
                self._weigh(error, begun=bool(request.resumable_uri), failed=failed)
        return _object(answer)

    def _weigh(self, error: Exception, *, begun: bool, failed: int) -> None:
        """Wait before the part is sent again, or raise."""
        known = translate(error)
        if begun and isinstance(error, HttpError) and error.resp.status in {404, 410}:
            raise _SessionLost("The upload has been forgotten by Drive.", service=SERVICE) from None
        if not isinstance(known, TransientError) or not begun or failed >= TRIES_OF_A_PART:
            raise known from None
        if (known.retry_after or 0) > LONGEST_WAIT:
            raise known from None
        self._pause(max(2.0 ** (failed - 1), known.retry_after or 0))


class _Once(httplib2.Http):
    """Sends each request once; httplib2 repeats it, a POST, too, where the answer is lost."""

    def _conn_request(self, conn: Any, *request: Any) -> Any:
        answer_of = conn.getresponse

        def answer() -> Any:
            try:
                return answer_of()
            except http.client.BadStatusLine as lost:
                raise ConnectionResetError(str(lost)) from None

        conn.getresponse = answer
        try:
            return super()._conn_request(conn, *request)  # type: ignore[misc]  # not in the stubs
        finally:
            del conn.getresponse


class _SessionLost(TransientError):
    """Drive no longer knows the address that the parts are sent to."""


def _object(found: Any) -> dict[str, Any]:
    """The library gives back as text what is no JSON, such as a proxy's page."""
    if not isinstance(found, dict):
        raise TransientError("Google Drive's answer is no JSON.", service=SERVICE)
    return found


@lru_cache(maxsize=2)
def _document(root: str) -> dict[str, Any]:
    """Drive's own description, which the library brings along, with the API's address set."""
    path = Path(googleapiclient.__file__).parent / "discovery_cache/documents/drive.v3.json"
    found: dict[str, Any] = json.loads(path.read_text())
    found |= {"rootUrl": root, "baseUrl": root + found["servicePath"]}
    found.pop("mtlsRootUrl", None)
    return found


def _fill(request: Any, upload: Upload, content: bytes) -> None:
    """The two parts of the request, as RFC 2046 has them: the library ends lines in LF alone."""
    boundary = uuid.uuid4().hex
    parts = [
        f"--{boundary}\r\nContent-Type: application/json; charset=UTF-8\r\n\r\n".encode(),
        json.dumps(upload.metadata).encode(),
        f"\r\n--{boundary}\r\nContent-Type: {upload.mime_type}\r\n\r\n".encode(),
        content,
        f"\r\n--{boundary}--\r\n".encode(),
    ]
    request.body = b"".join(parts)
    request.body_size = len(request.body)
    request.headers["content-type"] = f'multipart/related; boundary="{boundary}"'


def _compare(found: dict[str, Any], upload: Upload) -> None:
    """The file is the one that was sent, or OtherBytes says what to do."""
    size, sha256 = found.get("size"), found.get("sha256Checksum", upload.sha256)
    if found.get("trashed"):
        why = "is in Drive's bin"
    elif str(size) != str(upload.size) or sha256 != upload.sha256:
        why = f"holds other bytes on Drive ({size} of {upload.size})"
    else:
        return
    raise OtherBytes(
        f"The file {upload.name} {why}. Delete it there, then press Try again: it is made anew.",
        service=SERVICE,
    )

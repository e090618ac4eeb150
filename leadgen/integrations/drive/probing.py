"""Whether Drive works as it is set up, found out by doing what a delivery does."""

from __future__ import annotations

import hashlib
import io

from leadgen.integrations import drive
from leadgen.integrations.drive.client import Drive, Upload
from leadgen.integrations.drive.refusals import SERVICE, Gone
from leadgen.integrations.errors import ConfigError, PermanentError

CONTENT = b"A probe of AILeadGen; it may be deleted.\n"


def probe() -> str:
    if not drive.is_configured():
        raise ConfigError("GOOGLE_DRIVE_CREDENTIALS is not set.", service=SERVICE)
    with Drive.from_settings() as own:
        upload = _upload(own)
        _make(own, upload)
        try:
            place = _try_out(own, upload)
        finally:
            own.delete(upload.file_id)
    return f"Works as {own.account.mode} in {place}: a probe was made, shared, read and deleted."


def _make(own: Drive, upload: Upload) -> None:
    try:
        own.put(upload, io.BytesIO(CONTENT))
    except Gone:
        raise ConfigError(
            "GOOGLE_DRIVE_FOLDER_ID names no folder that this account can see: make"
            f" {own.account.address or 'it'} a content manager of the shared drive it lies in.",
            service=SERVICE,
        ) from None


def _upload(own: Drive) -> Upload:
    return Upload(
        file_id=own.new_id(),
        name="aileadgen-probe.txt",
        parent=own.root,
        mime_type="text/plain",
        size=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
    )


def _try_out(own: Drive, upload: Upload) -> str:
    """Share and read; returns in which kind of drive the file lies."""
    own.share(upload.file_id, [own.whoami()])
    seen = own.look_at(upload.file_id, "driveId,capabilities(canShare)")
    if not seen.get("capabilities", {}).get("canShare", True):
        raise PermanentError(
            "The account may make files in GOOGLE_DRIVE_FOLDER_ID, but not share them: make it a"
            " content manager of the shared drive.",
            service=SERVICE,
        )
    if own.read(upload.file_id) != CONTENT:
        raise PermanentError("Drive gave back other bytes than it got.", service=SERVICE)
    return "a shared drive" if seen.get("driveId") else "My Drive"

"""The file storage behind Django's: a folder, S3 or Google Cloud Storage, with one way to fail.

https://docs.djangoproject.com/en/5.2/ref/files/storage/
"""

from __future__ import annotations

from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage

from leadgen.integrations.errors import ConfigError, ServiceError, TransientError

SERVICE = "storage"
# boto3 and Google's library are loaded only where STORAGE_URL names a bucket: so their
# exceptions are known by the packages that they come from.
_VENDORS = ("botocore", "boto3", "google", "requests", "urllib3")
_REFUSED = frozenset((401, 403, 404))
_NOBODY = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError")


def keep(name: str, content: IO[bytes]) -> str:
    """Store the bytes; returns the name they got. Raises TransientError or ConfigError."""
    try:
        return default_storage.save(name, File(content))
    except Exception as error:  # noqa: BLE001  (vendors' own, loaded or not)
        raise _translate(error) from None


def opened(name: str) -> File[bytes]:
    """The stored bytes. Raises FileNotFoundError, TransientError or ConfigError."""
    try:
        return default_storage.open(name)
    except FileNotFoundError:
        raise
    except Exception as error:  # noqa: BLE001  (vendors' own, loaded or not)
        raise _translate(error) from None


def _translate(error: Exception) -> Exception:
    """Ours for what the store answered; anything else is a bug and stays what it is."""
    if isinstance(error, OSError):
        return TransientError(
            f"The file storage does not take files ({error.strerror or error}).", service=SERVICE
        )
    if type(error).__module__.partition(".")[0] in _VENDORS:
        return _refusal(error)
    return error


def _refusal(error: Exception) -> ServiceError:
    name = type(error).__name__
    if name in _NOBODY or _status(error) in _REFUSED:
        return ConfigError(
            f"The bucket of STORAGE_URL is not there, or not for this account ({name}).",
            service=SERVICE,
        )
    return TransientError(f"The file storage does not answer ({name}).", service=SERVICE)


def _status(error: Exception) -> int:
    """The HTTP status in an error of boto3's or of Google's; 0 where there is none."""
    answer = getattr(error, "response", None)
    if isinstance(answer, dict):
        return int(answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return int(getattr(error, "code", 0) or 0)

"""The file storage behind Django's: a folder, S3 or Google Cloud Storage, with one way to fail.

https://docs.djangoproject.com/en/5.2/ref/files/storage/
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from django.core.files.base import File
from django.core.files.storage import default_storage

from leadgen.integrations.errors import ConfigError, ServiceError, TransientError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

SERVICE = "storage"
# boto3 and Google's library are loaded only where STORAGE_URL names a bucket: so their
# exceptions are known by the packages that they come from.
_VENDORS = ("botocore", "boto3", "google", "requests", "urllib3")
_REFUSED = frozenset((401, 403, 404))
_BLOCK = 1 << 20  # bytes read at once
_NOBODY = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError")


def keep(name: str, content: IO[bytes]) -> str:
    """Store the bytes; returns the name they got. Raises TransientError or ConfigError."""
    with _translated("take"):
        return default_storage.save(name, File(content))


def opened(name: str) -> IO[bytes]:
    """The stored bytes. Raises FileNotFoundError, TransientError or ConfigError.

    The latter two also while they are read: a bucket is asked for them bit by bit, or only then.
    """
    with _translated("give"):
        return io.BufferedReader(_Stored(default_storage.open(name)), _BLOCK)


class _Stored(io.RawIOBase):
    """What a storage opened, and raises as the storage's while it is read."""

    def __init__(self, content: File[bytes]) -> None:
        self._content = content

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        with _translated("give"):
            self._content.seek(offset, whence)
            return int(self._content.tell())

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        with _translated("give"):
            block = self._content.read(len(view))
        view[: len(block)] = block
        return len(block)

    def close(self) -> None:
        if not self.closed:
            self._content.close()
        super().close()


@contextmanager
def _translated(act: str) -> Iterator[None]:
    """Raise ours for what the store answers; `act`: what it does not do with files then."""
    try:
        yield
    except Exception as error:  # noqa: BLE001  (vendors' own, loaded or not)
        raise _translate(error, act) from None


def _translate(error: Exception, act: str) -> Exception:
    """Ours for what the store answered; anything else is a bug and stays what it is."""
    if isinstance(error, FileNotFoundError) and act == "give":
        return error
    if isinstance(error, OSError):
        return TransientError(
            f"The file storage does not {act} files ({error.strerror or error}).", service=SERVICE
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

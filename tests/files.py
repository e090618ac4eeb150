"""Where a test keeps files: in a folder of its own, by Django's storage or one that misbehaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


class AccessDenied(Exception):
    """As a bucket's own library says it, which is no OSError."""

    __module__ = "botocore.exceptions"
    response = {"ResponseMetadata": {"HTTPStatusCode": 403}}


CLOSED = "The bucket of STORAGE_URL is not there, or not for this account (AccessDenied)."


class ClosedBucket(FileSystemStorage):
    def _open(self, name: str, mode: str = "rb") -> Any:
        raise AccessDenied

    def _save(self, name: str, content: Any) -> str:
        raise AccessDenied


def keep_files(settings: Any, place: Path, backend: type = FileSystemStorage) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": f"{backend.__module__}.{backend.__qualname__}",
            "OPTIONS": {"location": place, "allow_overwrite": False},
        },
    }

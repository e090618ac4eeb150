"""Where a test keeps files: in a folder of its own, by Django's storage or one that misbehaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.files.storage import FileSystemStorage


def keep_files(settings: Any, place: Path, backend: type = FileSystemStorage) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": f"{backend.__module__}.{backend.__qualname__}",
            "OPTIONS": {"location": place, "allow_overwrite": False},
        },
    }

"""Settings of the benchmarks: the product's own, in a database and a folder of their own."""

from __future__ import annotations

import os

os.environ.setdefault("SECRET_KEY", "a-key-for-benchmarks-only-" * 3)
os.environ.setdefault("SUPPRESSION_KEY", "a-suppression-key-for-benchmarks-only-" * 2)
os.environ.setdefault("LOG_LEVEL", "warning")
os.environ.update(STORAGE_URL="", GOOGLE_DRIVE_CREDENTIALS="")

from leadgen.settings import *  # noqa: F403
from leadgen.settings import CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES, STORAGES, VAR_DIR

_NAME = str(DATABASES["default"]["NAME"]).removesuffix("_demo") + "_bench"
DATABASES["default"]["NAME"] = _NAME
CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = f"{_NAME}:"

HOME_DIR = VAR_DIR / "bench"
MEDIA_ROOT = HOME_DIR / "files"
STORAGES["default"]["OPTIONS"]["location"] = MEDIA_ROOT
EMAIL_HOST = ""
EMAIL_BACKEND = "leadgen.integrations.mail.EmlFiles"
EMAIL_FILE_PATH = HOME_DIR / "mail"

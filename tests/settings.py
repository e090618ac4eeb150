"""Settings of the test suite: the product's own, with fixed keys and no outside account."""

from __future__ import annotations

import os

os.environ.update(
    SECRET_KEY="a-key-for-tests-only-" * 3,
    SUPPRESSION_KEY="a-suppression-key-for-tests-only-" * 2,
    EMAIL_HOST="",
    STORAGE_URL="",
    GOOGLE_DRIVE_CREDENTIALS="",
    GEMINI_API_KEY=os.environ.get("TEST_GEMINI_API_KEY", ""),  # of a stand-in, for real workers
    NOTION_INTEGRATION_SECRET="",
    NOTION_DATABASE_ID="",
    OPERATOR_EMAILS="",
    MX_LOOKUP="0",
    TIME_ZONE="UTC",
    NIGHTLY_AT="02:00",
    PUBLIC_URL="http://127.0.0.1:8000",
)

from leadgen.settings import *  # noqa: F403
from leadgen.settings import CELERY_BROKER_TRANSPORT_OPTIONS, DATABASES, DEMO, VAR_DIR
from leadgen.settings import STORAGES as PRODUCTION_STORAGES

# Each of pytest-xdist's processes has a database, a broker and a folder of its own. Workers that a
# test starts are pointed at the test database itself.
_PART = os.environ.get("PYTEST_XDIST_WORKER", "")
_NAME = "test_" + str(DATABASES["default"]["NAME"]).removeprefix("test_")
if _PART not in _NAME:
    _NAME += f"_{_PART}"  # as pytest-django calls the database
CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = f"{_NAME}:"

HOME_DIR = VAR_DIR / "test" / _PART
if DEMO:
    HOME_DIR /= "demo"
MEDIA_ROOT = HOME_DIR / "files"
STORAGES = {
    **PRODUCTION_STORAGES,
    "default": {**PRODUCTION_STORAGES["default"], "OPTIONS": {"location": MEDIA_ROOT}},
}
EMAIL_FILE_PATH = HOME_DIR / "mail"

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

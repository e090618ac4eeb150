"""What the tests of outside services share."""

from __future__ import annotations

import pytest

from tests.integrations import drive_double


@pytest.fixture
def drive(settings):
    """Google Drive, set up: an empty shared drive with one folder."""
    with drive_double.serving() as (double, address):
        settings.GOOGLE_DRIVE_CREDENTIALS = drive_double.person(address)
        settings.GOOGLE_DRIVE_BASE_URL = address
        settings.GOOGLE_DRIVE_FOLDER_ID = drive_double.ROOT
        yield double
    assert double.mistakes == []

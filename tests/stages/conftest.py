"""What the tests of the stages share."""

from __future__ import annotations

import pytest

from pipeline.models import Run
from tests import factories as make


@pytest.fixture
def run() -> Run:
    return make.RunFactory.create(status="RUNNING")

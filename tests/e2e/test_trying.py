"""From the overview to five drafts of tonight, and on to the run."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from pipeline import asking
from pipeline.models import Run, TriedDraft
from tests.flows import nights
from tests.integrations import gemini_server

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def server(settings, monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
    with gemini_server.running() as found:
        settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL = "an-invented-key", found.url
        yield found
        asking.close()


class TestTryingFive:
    def test_shows_them_side_by_side_and_then_runs_all(self, desk, server):
        nights.make_agency()
        desk.goto("/admin/pipeline/run/")
        desk.get_by_role("button", name="Simulate tonight").click()
        expect(desk.get_by_text("4 drafts to be written")).to_be_visible()

        desk.get_by_role("button", name="Try five").click()

        expect(desk.locator("[data-tried]")).to_have_count(4)
        expect(desk.get_by_text("4 of 4 by AI")).to_be_visible()
        assert TriedDraft.objects.count() == 4
        desk.get_by_role("button", name="Run all now").click()
        expect(desk.get_by_text(re.compile(r"Run \d+ has started\."))).to_be_visible()
        assert Run.objects.get().started_by == "ida"

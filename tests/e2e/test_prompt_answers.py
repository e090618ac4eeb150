"""Letting the AI answer a prompt that is being written: each answer is paid for."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from pipeline import asking, starting
from tests.flows import nights
from tests.integrations import gemini_server

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

PATIENCE = 15_000  # ms


@pytest.fixture
def server(settings):
    with gemini_server.running(latency=1.0) as found:
        settings.GEMINI_API_KEY, settings.GEMINI_BASE_URL = "an-invented-key", found.url
        yield found
        asking.close()


class TestAnImpatientPress:
    def test_pays_for_the_answers_once(self, desk, server):
        nights.make_agency()
        starting.start_now(now=timezone.now(), started_by="test")
        nights.work_off()
        server.asked.clear()
        desk.goto("/admin/pipeline/prompt/add/")

        desk.get_by_role("button", name="Let the AI answer").dblclick()
        expect(desk.get_by_text("Asking.")).to_be_visible()
        expect(desk.get_by_text("What is sent").first).to_be_visible(timeout=PATIENCE)
        desk.wait_for_load_state("networkidle")

        assert len(server.asked) == 3

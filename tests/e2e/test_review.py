"""The review queue by keys and by buttons, and a prompt from preview to use."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from pipeline.models import Draft, Prompt
from tests.factories import ClientFactory, DraftFactory, LeadFactory

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def four():
    """Four drafts that wait, of one client."""
    client = ClientFactory.create(name="Rohr AG", footer="Rohr AG, Ulm. Answer stop.")
    return [
        DraftFactory.create(
            client=client, source="AI", review="PENDING", subject=f"Pipes {n}", model="gemini-test"
        )
        for n in range(1, 5)
    ]


def subject(desk, number):
    expect(desk.get_by_text(f"Pipes {number}", exact=True)).to_be_visible()


class TestTheQueue:
    def test_is_worked_off_by_keys(self, desk, four):
        desk.goto("/admin/")
        desk.get_by_role("link", name=re.compile("^.*Review.*4")).click()
        subject(desk, 1)
        expect(desk.get_by_text("Rohr AG, Ulm. Answer stop.")).to_be_visible()

        desk.keyboard.press("j")
        subject(desk, 2)
        desk.keyboard.press("k")
        subject(desk, 1)
        desk.keyboard.press("a")
        subject(desk, 2)
        desk.keyboard.press("x")
        subject(desk, 3)
        desk.keyboard.press("r")
        subject(desk, 4)
        desk.keyboard.press("e")
        expect(desk.get_by_label("Body")).to_be_focused()
        desk.get_by_label("Body").fill("Hello Ann, axe rex.")  # letters that are keys elsewhere
        desk.keyboard.press("Control+Enter")
        expect(desk.get_by_text("That was the last one that waited.")).to_be_visible()

        found = list(Draft.objects.order_by("pk").values_list("source", "review", "reason"))
        assert found == [
            ("AI", "APPROVED", ""),
            ("TEMPLATE", "REJECTED", "rejected"),
            ("TEMPLATE", "NONE", "redo"),
            ("HUMAN", "APPROVED", ""),
        ]
        assert Draft.objects.get(pk=four[3].pk).body == "Hello Ann, axe rex."

    def test_works_by_its_buttons_without_its_script(self, desk, four):
        desk.route("**/desk/review.js", lambda route: route.abort())
        desk.goto("/admin/pipeline/draft/review/")
        desk.keyboard.press("a")
        subject(desk, 1)

        desk.get_by_role("button", name="Approve").click()
        subject(desk, 2)
        desk.locator("summary", has_text="Edit").click()
        desk.get_by_label("Subject").fill("By hand")
        desk.get_by_role("button", name="Save as mine").click()
        subject(desk, 3)

        assert Draft.objects.get(pk=four[0].pk).review == "APPROVED"
        assert Draft.objects.get(pk=four[1].pk).source == "HUMAN"

    def test_is_approved_in_one_go_from_the_list(self, desk, four):
        desk.goto("/admin/pipeline/draft/?review__exact=PENDING")
        desk.locator("#action-toggle").check()
        desk.locator("select[name=action]").select_option("approve_these")
        desk.get_by_role("button", name="Run").click()

        expect(desk.get_by_text("4 approved.")).to_be_visible()
        assert not Draft.objects.waiting().exists()


class TestAPrompt:
    def test_is_previewed_saved_and_tried_against_the_one_in_use(self, desk):
        ClientFactory.create()
        LeadFactory.create(company="Tamber Pipes")
        Prompt.objects.get_or_create(
            version=1, defaults={"text": "Be kind.", "share": 100, "created_by": "ida"}
        )
        desk.goto("/admin/pipeline/prompt/add/")

        desk.get_by_label("What the AI is asked").fill("Hello {{nickname}}")
        desk.get_by_role("button", name="Show what would be sent").click()
        expect(desk.get_by_text("{{nickname}} is no field")).to_be_visible()
        desk.get_by_label("What the AI is asked").fill("Speak of {{company: them}}.")
        desk.get_by_role("button", name="Show what would be sent").click()
        expect(desk.get_by_text('Speak of "company".')).to_be_visible()
        expect(desk.get_by_text('"company": "Tamber Pipes"')).to_be_visible()

        desk.get_by_role("button", name="Save", exact=True).click()
        desk.locator("#result_list").get_by_role("link", name=re.compile("^v2")).click()
        desk.get_by_label("What the AI is asked").fill("Speak of {{title: them}}.")
        expect(desk.get_by_role("button", name="Use for all leads")).to_be_disabled()
        expect(desk.get_by_text("save them first")).to_be_visible()
        desk.reload()
        desk.get_by_label("Give it to").fill("30")
        desk.get_by_role("button", name="Try").click()
        expect(desk.get_by_text("30 of 100 leads get v2 from now on")).to_be_visible()

        assert dict(Prompt.objects.values_list("version", "share")) == {1: 70, 2: 30}

"""Prompts at the desk: versions that stay, a preview on real leads, two tried against each other."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User

from pipeline import drafts, reviewing
from pipeline.models import Draft, Prompt
from tests.factories import ClientFactory, DraftFactory, LeadFactory

pytestmark = pytest.mark.django_db

ADD = "/admin/pipeline/prompt/add/"
LIST = "/admin/pipeline/prompt/"
PREVIEW = "/admin/pipeline/prompt/preview/"


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


@pytest.fixture
def first():
    """The version that the product came with: leads get it."""
    return Prompt.objects.get(version=1)


def page(prompt, name="change"):
    return f"/admin/pipeline/prompt/{prompt.pk}/{name}/"


class TestTheFirstVersion:
    def test_is_the_product_s_own_prompt(self, first):
        assert (first.text, first.share) == (drafts.Prompt().text, 100)


class TestSaving:
    def test_makes_a_new_version_that_no_lead_gets_yet(self, desk):
        desk.post(ADD, {"text": "Be brief with {{first_name: them}}.", "note": "Shorter"})

        found = Prompt.objects.get(version=2)
        assert (found.share, found.created_by, found.note) == (0, "ida", "Shorter")

    def test_of_a_used_version_leaves_it_and_makes_the_next(self, desk, first):
        before = first.text

        shown = desk.post(page(first), {"text": "Be brief.", "note": ""}, follow=True)

        first.refresh_from_db()
        assert (first.text, first.share) == (before, 100)
        assert Prompt.objects.get(version=2).text == "Be brief.\n"
        assert "v1 has been used and stays as it is" in shown.content.decode()

    def test_of_one_that_nobody_used_changes_it(self, desk):
        unused = Prompt.objects.create(version=2, text="Be brief.\n", created_by="ida")

        desk.post(page(unused), {"text": "Be briefer.", "note": ""})

        unused.refresh_from_db()
        assert unused.text == "Be briefer.\n"
        assert Prompt.objects.count() == 2

    def test_of_one_that_drafts_name_leaves_it(self, desk):
        named = Prompt.objects.create(version=2, text="Be brief.\n", created_by="ida")
        DraftFactory.create(source="AI", prompt=named)

        desk.post(page(named), {"text": "Be briefer.", "note": ""})

        named.refresh_from_db()
        assert named.text == "Be brief.\n"
        assert Draft.objects.get().prompt == named

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("Hello {{nickname}}", "{{nickname}} is no field: neither of a lead nor of a client."),
            ("Hello {{first_name", "A brace is left over"),
            ("  ", "This field is required"),
        ],
    )
    def test_refuses_what_could_not_be_filled_in(self, desk, text, said):
        shown = desk.post(ADD, {"text": text, "note": ""}).content.decode()

        assert said in shown
        assert Prompt.objects.count() == 1

    def test_knows_the_columns_of_the_newest_leads(self, desk):
        LeadFactory.create(extras={"Fair": "Hanover"})

        desk.post(ADD, {"text": "You were in {{Fair: town}}.", "note": ""})

        assert Prompt.objects.get(version=2).text == "You were in {{Fair: town}}.\n"


class TestPuttingAVersionInUse:
    @pytest.fixture
    def second(self):
        return Prompt.objects.create(version=2, text="Be brief.", created_by="ida")

    def test_for_all(self, desk, first, second):
        desk.post(page(second, "use"), {"share": 100})

        assert dict(Prompt.objects.values_list("version", "share")) == {1: 0, 2: 100}

    def test_for_some_against_the_one_in_use(self, desk, first, second):
        shown = desk.post(page(second, "use"), {"share": 20}, follow=True).content.decode()

        assert dict(Prompt.objects.values_list("version", "share")) == {1: 80, 2: 20}
        assert "20 of 100 leads get v2 from now on, the others v1." in shown

    @pytest.mark.parametrize("share", ["", "0", "101", "many"])
    def test_takes_only_a_number_of_a_hundred(self, desk, first, second, share):
        desk.post(page(second, "use"), {"share": share})

        assert dict(Prompt.objects.values_list("version", "share")) == {1: 100, 2: 0}

    def test_shows_what_became_of_each(self, desk, first, second):
        DraftFactory.create_batch(3, source="AI", prompt=first, spam_score=2)
        DraftFactory.create(prompt=first, reason="ai_unfit")
        DraftFactory.create(source="HUMAN", prompt=first, spam_score=2)
        DraftFactory.create(prompt=second, reason="rejected", review="REJECTED", reviewed_by="ida")

        rows = {row.version: row for row in desk.get(LIST).context["cl"].result_list}

        assert (rows[1].all_drafts, rows[1].n_ai, rows[1].n_template) == (5, 3, 1)
        assert (rows[1].n_edited, rows[1].n_rejected, rows[1].spam) == (1, 0, 2)
        assert (rows[2].n_template, rows[2].n_rejected) == (0, 1)


class TestThePreview:
    def test_shows_the_very_instruction_and_the_template_for_three_leads(self, desk):
        client = ClientFactory.create(name="Rohr AG", footer="Rohr AG, Ulm. Answer stop.")
        LeadFactory.create_batch(4, company="Tamber Pipes", title="CFO")

        text = desk.post(
            PREVIEW, {"text": "Speak of {{title: it}}.", "preview_client": client.pk}
        ).content.decode()

        assert text.count("LEAD DATA (JSON; untrusted") == 3
        assert "Speak of &quot;title&quot;." in text
        assert "&quot;title&quot;: &quot;CFO&quot;" in text
        assert "A question for Tamber Pipes" in text
        assert "Rohr AG, Ulm. Answer stop." in text
        assert Prompt.objects.count() == 1

    def test_prefers_leads_that_fit_the_client(self, desk):
        client = ClientFactory.create()
        client.target_rules.create(field="country", operator="IN", values=["Germany"])
        LeadFactory.create(country="Germany", email="fits@acme.example")
        LeadFactory.create_batch(3, country="France")

        text = desk.post(PREVIEW, {"text": "Be brief."}).content.decode()

        assert "fits@acme.example" in text
        assert text.count("LEAD DATA (JSON; untrusted") == 1

    def test_says_what_a_lead_lacks(self, desk):
        ClientFactory.create()
        LeadFactory.create()

        text = desk.post(PREVIEW, {"text": "As a {{title}} you know."}).content.decode()

        assert "This lead has no title, and the prompt gives no fallback" in text

    def test_says_what_is_wrong_with_the_text(self, desk):
        ClientFactory.create()

        text = desk.post(PREVIEW, {"text": "Hello {{nickname}}"}).content.decode()

        assert "{{nickname}} is no field" in text

    @pytest.mark.parametrize(
        ("make", "said"),
        [
            (lambda: None, "There is no client yet"),
            (ClientFactory.create, "There is no lead yet"),
        ],
        ids=["no client", "no lead"],
    )
    def test_says_what_there_is_not(self, desk, make, said):
        make()

        assert said in desk.post(PREVIEW, {"text": "Be brief."}).content.decode()

    def test_lets_an_ai_answer_where_there_is_one(self, desk, monkeypatch):
        class Writer:
            model = "gemini-test"

            def write(self, requests):
                return [
                    drafts.Words(
                        subject="By AI", body="Hello.", icebreaker="Well.", source="AI", reason=""
                    )
                    for _ in requests
                ]

        monkeypatch.setattr(reviewing, "writer", Writer)
        ClientFactory.create()
        LeadFactory.create()

        asked = desk.post(PREVIEW, {"text": "Be brief.", "try": "1"}).content.decode()
        shown = desk.post(PREVIEW, {"text": "Be brief."}).content.decode()

        assert "What the AI answered" in asked
        assert "By AI" not in shown
        assert not Draft.objects.exists()

    def test_is_for_whom_may_change_prompts(self, client):
        client.force_login(User.objects.create_user("viewer", is_staff=True))

        assert client.post(PREVIEW, {"text": "Be brief."}).status_code == 403

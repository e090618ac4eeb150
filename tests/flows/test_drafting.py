"""Drafts as rows: what is still to be written, what is kept, and what a person must see first."""

from __future__ import annotations

import pytest

from pipeline import drafting, drafts
from pipeline.drafts import Words
from pipeline.models import Draft, Prompt
from tests.factories import ClientFactory, DraftFactory, LeadFactory, RunFactory

pytestmark = pytest.mark.django_db

MODEL = "gemini-test"


def asked(lead, client, **options):
    return drafting.request_for(lead, client, **{"model": MODEL, **options})


def ai(request, body="Hello Ann, we mend pipes."):
    return Words(
        subject="Pipes",
        body=body,
        icebreaker="Pipes leak.",
        source="AI",
        reason="",
        prompt_id=request.prompt.id,
        prompt_version=request.prompt.version,
        model=request.model,
        spam_score=3,
    )


@pytest.fixture
def client():
    return ClientFactory.create()


@pytest.fixture
def lead():
    return LeadFactory.create(title="CFO", extras={"Fair": "Hanover"})


@pytest.fixture
def run():
    return RunFactory.create()


class TestARequest:
    def test_tells_what_the_client_wants(self, lead):
        client = ClientFactory.create(
            language="de", tone="FORMAL", call_to_action="Passt Ihnen Montag?", name="Rohr AG"
        )

        found = asked(lead, client)

        assert (found.language, found.tone) == ("de", "FORMAL")
        assert (found.call_to_action, found.client_name) == ("Passt Ihnen Montag?", "Rohr AG")

    def test_tells_a_column_that_the_prompt_names_and_no_other(self, lead, client):
        prompt = drafts.Prompt(version="v9", text="Speak of {{Fair}} for {{offer}}.")

        assert asked(lead, client, prompt=prompt).lead["Fair"] == "Hanover"
        assert "Fair" not in asked(lead, client).lead
        assert "offer" not in asked(lead, client, prompt=prompt).lead


class TestUnwritten:
    def test_is_what_has_no_draft(self, lead, client):
        request = asked(lead, client)

        assert drafting.unwritten([request]) == [request]

    def test_is_not_what_an_ai_wrote_of_the_same(self, lead, client, run):
        request = asked(lead, client)
        drafting.store(run, [(request, ai(request))])

        assert drafting.unwritten([request]) == []

    @pytest.mark.parametrize("changed", ["lead", "offer", "prompt", "model"])
    def test_is_what_was_written_of_other_content(self, lead, client, run, changed):
        request = asked(lead, client)
        drafting.store(run, [(request, ai(request))])
        options: dict[str, object] = {}
        if changed == "lead":
            lead.company = "Bolt Works"
        elif changed == "offer":
            client.offer = "Something else."
        elif changed == "prompt":
            options["prompt"] = drafts.Prompt(version="v2", text="Be brief.")
        else:
            options["model"] = "gemini-other"

        again = asked(lead, client, **options)

        assert drafting.unwritten([again]) == [again]

    def test_is_not_what_a_person_wrote_or_approved(self, lead, client):
        DraftFactory.create(lead=lead, client=client, source="HUMAN")
        other = ClientFactory.create()
        DraftFactory.create(
            lead=lead, client=other, source="AI", review="APPROVED", reviewed_by="ida"
        )

        assert drafting.unwritten([asked(lead, client), asked(lead, other)]) == []

    def test_is_what_a_person_asked_to_be_written_anew(self, lead, client):
        DraftFactory.create(lead=lead, client=client, cache_key="")
        request = asked(lead, client)

        assert drafting.unwritten([request]) == [request]

    @pytest.mark.parametrize("reason", ["ai_quota", "ai_auth", "no_ai_account", "no_draft"])
    def test_is_what_a_template_stood_in_for_while_no_ai_was_there(self, lead, client, run, reason):
        request = asked(lead, client)
        drafting.store(run, [(request, drafts.from_template(request, reason=reason))])

        assert drafting.unwritten([request]) == [request]

    def test_is_not_what_an_ai_failed_at_and_was_paid_for(self, lead, client, run):
        request = asked(lead, client)
        drafting.store(run, [(request, drafts.from_template(request, reason="ai_unfit"))])

        assert drafting.unwritten([request]) == []

    def test_is_not_a_template_where_no_ai_is_asked(self, lead, client, run):
        request = asked(lead, client, model="")
        drafting.store(run, [(request, drafts.from_template(request, reason="no_ai_account"))])

        assert drafting.unwritten([request]) == []

    def test_is_not_what_an_ai_wrote_before_its_account_was_gone(self, lead, client, run):
        request = asked(lead, client)
        drafting.store(run, [(request, ai(request))])

        assert drafting.unwritten([asked(lead, client, model="")]) == []
        client.offer = "Something else."
        assert drafting.unwritten([asked(lead, client, model="")])


class TestStore:
    def test_puts_no_template_in_place_of_an_ai_s_words_for_want_of_an_ai(self, lead, client, run):
        request = asked(lead, client)
        drafting.store(run, [(request, ai(request))])
        other = asked(lead, client, prompt=drafts.Prompt(version="v2", text="Be brief."))

        drafting.store(run, [(other, drafts.from_template(other, reason="ai_quota"))])

        assert Draft.objects.get().source == "AI"

    def test_keeps_who_wrote_it_with_which_prompt_and_model(self, lead, client, run):
        prompt = Prompt.objects.get(version=1)
        request = asked(lead, client, prompt=drafting.as_prompt(prompt))

        drafting.store(run, [(request, ai(request))])

        draft = Draft.objects.get()
        assert (draft.source, draft.prompt, draft.model) == ("AI", prompt, MODEL)
        assert (draft.spam_score, draft.review) == (3, "NONE")

    def test_keeps_one_draft_per_lead_and_client(self, lead, client, run):
        request = asked(lead, client)

        drafting.store(run, [(request, ai(request))])
        drafting.store(run, [(request, ai(request, "Hello Ann, once more."))])

        assert Draft.objects.get().body == "Hello Ann, once more."

    @pytest.mark.parametrize(
        "by_a_person",
        [{"source": "HUMAN"}, {"source": "AI", "review": "APPROVED", "reviewed_by": "ida"}],
    )
    def test_leaves_what_a_person_decided_meanwhile(self, lead, client, run, by_a_person):
        DraftFactory.create(lead=lead, client=client, body="By Ida.", **by_a_person)
        request = asked(lead, client)

        drafting.store(run, [(request, ai(request))])

        assert Draft.objects.get().body == "By Ida."

    @pytest.mark.parametrize(
        ("policy", "source", "review"),
        [
            ("NONE", "AI", "NONE"),
            ("ALL", "AI", "PENDING"),
            ("ALL", "TEMPLATE", "NONE"),
            ("SAMPLE", "AI", "PENDING"),
        ],
    )
    def test_asks_for_the_review_that_the_client_wants(self, lead, run, policy, source, review):
        client = ClientFactory.create(review=policy, review_percent=100)
        request = asked(lead, client)
        words = ai(request) if source == "AI" else drafts.from_template(request, reason="ai_unfit")

        drafting.store(run, [(request, words)])

        assert Draft.objects.get().review == review

    def test_draws_a_sample_of_the_size_asked_for(self, client):
        from dataclasses import replace

        client.review, client.review_percent = "SAMPLE", 20
        request = asked(LeadFactory.create(), client)

        drawn = sum(
            drafting.is_to_be_seen(client, replace(request, lead_id=n), ai(request))
            for n in range(2_000)
        )

        assert 340 < drawn < 460


class TestALeadThatLacksAValue:
    def test_gets_the_template_waits_for_a_person_and_costs_nothing(self, client, run):
        prompt = drafts.Prompt(version="v2", text="As a {{title}} you know pipes.")
        lacking = asked(LeadFactory.create(), client, prompt=prompt)
        whole = asked(LeadFactory.create(title="CFO"), client, prompt=prompt)

        left = drafting.set_aside(run, [lacking, whole])

        assert left == [whole]
        draft = Draft.objects.get()
        assert (draft.source, draft.reason, draft.review) == (
            "TEMPLATE", "missing_value", "PENDING",
        )  # fmt: skip
        assert "{{" not in draft.body
        assert drafting.unwritten([lacking]) == []


class TestPromptsInUse:
    def test_are_the_built_in_where_there_is_none(self, lead):
        Prompt.objects.update(share=0)

        assert drafting.prompts_in_use().of(lead).version == "built-in"

    def test_share_the_leads_always_alike(self):
        first = Prompt.objects.get(version=1)
        second = Prompt.objects.create(version=2, text="Be brief.", created_by="ida")
        Prompt.objects.put_in_use({first.pk: 50, second.pk: 50})
        leads = LeadFactory.create_batch(40)

        found = [drafting.prompts_in_use().of(lead).version for lead in leads]

        assert set(found) == {"v1", "v2"}
        assert found == [drafting.prompts_in_use().of(lead).version for lead in leads]

    @pytest.mark.parametrize("shares", [{1: 50}, {1: 120, 2: -20}, {}])
    def test_must_make_a_hundred(self, shares):
        with pytest.raises(ValueError, match=r"shares|empty"):
            Prompt.objects.put_in_use(shares)


class TestIcebreakers:
    def test_are_kept_for_another_client_of_the_same_language(self, lead):
        DraftFactory.create(lead=lead, source="AI", icebreaker="You mend pipes.")

        assert drafting.icebreakers([lead], "en") == {lead.pk: "You mend pipes."}
        assert drafting.icebreakers([lead], "de") == {}

    def test_are_none_that_wait_or_were_a_template_s(self, lead):
        DraftFactory.create(lead=lead)
        DraftFactory.create(lead=lead, source="AI", review="PENDING")

        assert drafting.icebreakers([lead], "en") == {}

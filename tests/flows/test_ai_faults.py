"""Leads and answers at the edge of what an AI can be asked: none loses a lead, none stops a run."""

from __future__ import annotations

import json

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from clients.models import Plan, TargetRule
from deliveries import letters
from deliveries.models import Mail
from leadgen.integrations import gemini
from pipeline import asking, audit, outages, report, services, starting, writing
from pipeline.models import AiBudget, AiCall, Chunk, Draft, Lead, Prompt, Run, ServiceState
from pipeline.reasons import in_words
from tests.flows import nights
from tests.integrations.gemini_server import WORDS, Say, answer, error, retry_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]


def night() -> Run:
    run = starting.start_now(now=timezone.now(), started_by="test")
    nights.work_off()
    run.refresh_from_db()
    return run


def one_more(text: str) -> None:
    """A file of one lead, for a client that takes all it can get."""
    Plan.objects.update(cap_day=None)
    nights.take_in(text, "one.csv")


class TestASlowAi:
    def test_is_not_waited_for_and_each_lead_gets_its_template(self, server, monkeypatch):
        defaults = gemini.Gemini.__init__.__kwdefaults__
        monkeypatch.setitem(defaults, "timeout_seconds", 0.3)
        server.usually = lambda asked: Say(
            body=answer(), seconds=3.0 if "Acme Pipes" in asked.data else 0.0
        )
        nights.make_agency()

        run = night()

        assert run.status == "DONE"
        assert report.run_object(run)["drafts"] == {"ai": 3, "template": 1, "human": 0}
        assert report.run_object(run)["template_reasons"] == {"ai_error": 1}
        assert AiCall.objects.filter(outcome="LOST").count() == 3
        assert not AiBudget.objects.exclude(reserved_micros=0).exists()


class TestAnAiThatSlowsUsDownForEver:
    def test_is_an_outage_once_nothing_was_answered_in_all_the_time(self, server, monkeypatch):
        monkeypatch.setattr(writing, "WRITING_SECONDS", 1.0)
        server.usually = lambda _asked: error(429, "RESOURCE_EXHAUSTED", "", retry_in("0.2s"))
        nights.make_agency()

        run = night()

        assert (run.status, Draft.objects.count()) == ("RUNNING", 0)
        assert services.breaker("gemini").reason == outages.DOWN
        assert Chunk.objects.get(stage_run__stage="PERSONALIZE").failures == 0
        assert set(AiCall.objects.values_list("outcome", flat=True)) == {"REFUSED"}


class TestABreakerThatAnotherWorkerOpened:
    def test_keeps_what_that_one_said(self, server, monkeypatch):
        """Who waits because of it has seen nothing of the service, however little was answered."""
        ask = writing.AiWriter._ask

        def asked_and_down_meanwhile(writer, block):
            ask(writer, block)
            services.trip("gemini", "It is down.", reason=outages.DOWN)

        monkeypatch.setattr(writing.AiWriter, "_ask", asked_and_down_meanwhile)
        monkeypatch.setattr(outages, "LOOK_EVERY", 0.0)
        monkeypatch.setattr(asking, "FIRST_BACKOFF", 30.0)
        server.usually = lambda _asked: error(503, "UNAVAILABLE")
        nights.make_agency()

        run = night()

        assert (run.status, Draft.objects.count()) == ("RUNNING", 0)
        assert ServiceState.objects.get(service="gemini").last_error == "It is down."


class TestALeadWithANovelForNotes:
    def test_is_told_in_part_and_costs_no_more_than_others(self, server):
        """20 KB that the prompt asks for: a cell may be as long as a page."""
        Prompt.objects.update(text="Speak of {{notes: their work}}.")
        nights.make_agency()
        novel = "They mend old mills and are proud of it. " * 500
        one_more(f"email,company,country,notes\nmia@mills.com,Mills,France,{novel}\n")

        run = night()

        assert run.status == "DONE"
        (asked,) = [each.data for each in server.asked if "Mills" in each.data]
        assert "They mend old mills" in asked
        assert len(asked) < 1_500
        assert Draft.objects.get(lead__email="mia@mills.com").source == "AI"
        assert Lead.objects.get(email="mia@mills.com").value("notes") == novel.strip()
        most = AiCall.objects.order_by("-reserved_micros")[0].reserved_micros
        assert most < 2 * AiCall.objects.order_by("reserved_micros")[0].reserved_micros


class TestALeadWithAnAddressOnly:
    def test_is_written_for_and_its_address_is_not_told(self, server):
        nights.make_agency()
        Plan.objects.update(cap_day=None)
        TargetRule.objects.all().delete()
        one_more("email\nzoe@zinc-yard.com\n")

        night()

        draft = Draft.objects.get(lead__email="zoe@zinc-yard.com")
        assert (draft.source, draft.subject) == ("AI", WORDS["subject"])
        (asked,) = [each.data for each in server.asked if not json_of(each.data)["lead"]]
        assert "zinc-yard" not in asked
        assert set(json_of(asked)["instead_of_missing"]) == {"company", "title", "industry"}

    def test_reads_well_from_the_template(self, settings):
        assert not settings.GEMINI_API_KEY
        nights.make_agency()
        TargetRule.objects.all().delete()
        one_more("email\nzoe@zinc-yard.com\n")

        night()

        draft = Draft.objects.get(lead__email="zoe@zinc-yard.com")
        assert draft.body.startswith("Hello,\n\n")
        assert not {"{", "[", "None"} & set(draft.body)
        assert draft.subject == "A question for zoe@zinc-yard.com"


def json_of(data: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(data.partition("\n")[2])
    return found


def change(row: object) -> str:
    meta = row._meta  # type: ignore[attr-defined]
    name = f"admin:{meta.app_label}_{meta.model_name}_change"
    return reverse(name, args=[row.pk])  # type: ignore[attr-defined]


class TestWithoutAKey:
    """Everything works, and wherever a draft is shown it is called a template, with the reason."""

    @pytest.fixture
    def run(self, settings):
        assert not settings.GEMINI_API_KEY
        nights.make_agency()
        return night()

    @pytest.fixture
    def desk(self, client):
        client.force_login(User.objects.create_superuser("ida"))
        return client

    def test_the_run_ends_with_its_files_and_mails(self, run):
        assert run.status == "DONE"
        assert report.run_object(run)["drafts"] == {"ai": 0, "template": 4, "human": 0}
        assert Mail.objects.filter(status="SENT").count() == run.deliveries.count() == 2
        assert audit.run(deep=True)["ok"]

    @pytest.mark.parametrize(
        "page",
        [
            pytest.param(change, id="run"),
            pytest.param(lambda run: change(run.deliveries.order_by("pk")[0]), id="delivery"),
            pytest.param(lambda run: change(run.drafts.order_by("pk")[0]), id="draft"),
            pytest.param(lambda run: change(run.drafts.order_by("pk")[0].lead), id="lead"),
            pytest.param(lambda run: change(run.drafts.order_by("pk")[0].client), id="client"),
            pytest.param(lambda _run: reverse("admin:pipeline_draft_changelist"), id="drafts"),
        ],
    )
    def test_every_page_that_shows_a_draft_says_so(self, run, desk, page):
        text = desk.get(page(run)).content.decode()

        assert "template" in text.lower()
        assert in_words("no_ai_account") in text

    def test_the_preview_of_a_prompt_says_so(self, run, desk):
        preview = reverse("admin:pipeline_prompt_preview")
        shown = desk.post(preview, {"text": "Be brief.", "try": "1"}).content.decode()

        assert "What stands in without an answer" in shown
        assert "What the AI answered" not in shown
        assert in_words("no_ai_account") in shown

    def test_the_clients_mail_says_so(self, run):
        deliveries = run.deliveries.all()

        assert len(deliveries) == 2
        for delivery in deliveries:
            letter = letters.about_delivery(delivery, delivery.mails.get())
            assert letters.BECAUSE.get("no_ai_account", letters.ELSE) in letter.text


class TestABaseUrlWithoutItsScheme:
    def test_costs_nothing_for_no_call_has_left(self, server, settings):
        nights.make_agency()
        settings.GEMINI_BASE_URL = "generativelanguage.googleapis.com"

        found = report.run_object(night())

        assert found["drafts"]["template"] == 4
        assert set(AiCall.objects.values_list("outcome", "micros")) == {("REFUSED", 0)}

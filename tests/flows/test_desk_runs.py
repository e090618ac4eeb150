"""Starting, watching, continuing and cancelling runs at the desk."""

from __future__ import annotations

import uuid

import pytest
from django.contrib.auth.models import User
from django.contrib.messages import get_messages
from django.urls import reverse

from pipeline import budget, services
from pipeline.admin.stages import stage_cards
from pipeline.models import AiCall, Chunk, Run
from pipeline.reasons import in_words
from pipeline.states import Stage
from tests.factories import (
    NOW,
    AiCallFactory,
    ChunkFactory,
    DeliveryFactory,
    LeadFileFactory,
    RunFactory,
    StageRunFactory,
    complete_run,
)
from tests.flows import nights

pytestmark = pytest.mark.django_db

START = "/admin/pipeline/run/start/"


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch):
    monkeypatch.setattr("pipeline.tasks.wake", lambda: None)
    monkeypatch.setattr("pipeline.tasks.publish", lambda: None)


@pytest.fixture
def desk(client):
    client.force_login(User.objects.create_superuser("ida"))
    return client


def page(run: Run) -> str:
    return reverse("admin:pipeline_run_change", args=[run.pk])


def press(desk, address, **fields):
    """POST a button and return what the desk says."""
    response = desk.post(address, fields)
    return [str(message) for message in get_messages(response.wsgi_request)]


def failed_run() -> Run:
    run = RunFactory.create(status="FAILED", error="The disk is full.")
    stage_run = StageRunFactory.create(run=run, status="FAILED", kept=0)
    ChunkFactory.create(stage_run=stage_run, status="FAILED", error="The disk is full.")
    return run


class TestTheStartButton:
    def test_starts_a_manual_run_in_the_operators_name(self, desk):
        services.beat("worker:night-shift:17")

        said = press(desk, START, press=uuid.uuid4())

        run = Run.objects.get()
        assert (run.kind, run.status, run.started_by) == ("MANUAL", "RUNNING", "ida")
        assert said == [f"Run {run.pk} has started."]

    def test_pressed_twice_starts_one_run(self, desk):
        once = desk.get("/admin/pipeline/run/").context["press"]

        first = desk.post(START, {"press": once})
        second = desk.post(START, {"press": once})

        assert Run.objects.count() == 1
        assert first["Location"] == second["Location"] == page(Run.objects.get())

    def test_says_which_run_is_in_progress(self, desk):
        active = RunFactory.create(status="RUNNING")

        said = press(desk, START, press=uuid.uuid4())

        assert said == [f"Run {active.pk} is in progress."]
        assert Run.objects.count() == 1
        assert (
            f"Run {active.pk} is in progress." in desk.get("/admin/pipeline/run/").content.decode()
        )

    def test_says_how_to_start_a_worker_where_none_is_alive(self, desk):
        said = press(desk, START, press=uuid.uuid4())

        assert "make up" in said[-1]

    def test_starts_nothing_without_the_form_it_stands_in(self, desk):
        said = press(desk, START, press="x")

        assert said == ["Nothing was started: reload the page and press again."]
        assert not Run.objects.exists()

    def test_stands_on_the_page_of_a_queued_file(self, desk):
        found = nights.take_in()

        shown = desk.get(reverse("admin:pipeline_leadfile_change", args=[found.pk]))

        assert f'action="{START}"' in shown.content.decode()


class TestButtons:
    @pytest.mark.parametrize("button", ["start/", "1/continue/", "1/cancel/"])
    def test_do_nothing_when_they_are_only_visited(self, desk, button):
        assert desk.get(f"/admin/pipeline/run/{button}").status_code == 405

    @pytest.mark.parametrize("button", ["start/", "1/continue/", "1/cancel/"])
    def test_need_the_right_to_press_them(self, client, button):
        client.force_login(User.objects.create_user("guest", is_staff=True))

        assert client.post(f"/admin/pipeline/run/{button}").status_code == 403

    @pytest.mark.parametrize("button", ["start/", "1/continue/", "1/cancel/"])
    def test_take_no_press_from_elsewhere(self, desk, button):
        desk.handler.enforce_csrf_checks = True

        assert desk.post(f"/admin/pipeline/run/{button}").status_code == 403


class TestContinue:
    def test_goes_on_where_the_run_failed(self, desk):
        run = failed_run()
        assert "Continue" in desk.get(page(run)).content.decode()

        said = press(desk, f"/admin/pipeline/run/{run.pk}/continue/")

        run.refresh_from_db()
        assert (run.status, Chunk.objects.get().status) == ("RUNNING", "PENDING")
        assert said == [f"Run {run.pk} goes on where it failed."]

    def test_says_why_it_cannot(self, desk):
        run = RunFactory.create(status="DONE")
        assert "Continue" not in desk.get(page(run)).content.decode()

        said = press(desk, f"/admin/pipeline/run/{run.pk}/continue/")

        assert said == [f"Not continued. Run {run.pk} has not failed."]

    def test_is_not_offered_once_a_later_run_took_over(self, desk):
        run = failed_run()
        RunFactory.create()

        assert not desk.get(page(run)).context["may_continue"]

    def test_waits_for_the_run_in_progress(self, desk):
        run = failed_run()
        DeliveryFactory.create(run=run)
        active = RunFactory.create(status="RUNNING")

        assert f"run {active.pk}</a> has ended" in desk.get(page(run)).content.decode()


class TestCancel:
    def test_stops_a_run_that_promised_nothing(self, desk):
        run = RunFactory.create(status="RUNNING")
        StageRunFactory.create(run=run, status="RUNNING")
        assert "Cancel this run" in desk.get(page(run)).content.decode()

        said = press(desk, f"/admin/pipeline/run/{run.pk}/cancel/")

        run.refresh_from_db()
        assert run.status == "CANCELLED"
        assert said == [f"Run {run.pk} is cancelled; the next run takes up what it left."]

    def test_says_why_it_cannot(self, desk):
        run = RunFactory.create(status="RUNNING")
        DeliveryFactory.create(run=run)
        assert "Cancel this run" not in desk.get(page(run)).content.decode()

        said = press(desk, f"/admin/pipeline/run/{run.pk}/cancel/")

        run.refresh_from_db()
        assert run.status == "RUNNING"
        assert "promised leads" in said[0]


class TestARunsPage:
    def test_shows_seven_stages_whose_drops_are_in_words(self, desk):
        night = complete_run()

        response = desk.get(page(night.run))

        cards = response.context["cards"]
        assert [card.stage for card in cards] == list(Stage)
        assert all(
            card.counts.seen == card.counts.kept + card.counts.dropped_total for card in cards
        )
        for code in ("bad_email", "dup_file", "suppressed_global", "no_client"):
            assert in_words(code) in response.content.decode()

    def test_links_what_was_dropped_to_the_list_of_just_those(self, desk):
        night = complete_run()
        cards = {card.stage: card for card in desk.get(page(night.run)).context["cards"]}

        for stage in (Stage.VALIDATE, Stage.DEDUPE, Stage.ALLOCATE):
            for dropped in cards[stage].dropped:
                listed = desk.get(dropped.url).context["cl"].result_count
                assert listed == dropped.count, dropped

    @pytest.mark.parametrize(
        ("stage", "code"),
        [
            (Stage.ALLOCATE, "suppressed_global"),
            (Stage.ALLOCATE, "too_old"),
            (Stage.UPLOAD, "released"),
        ],
    )
    def test_links_nothing_that_no_list_shows(self, desk, stage, code):
        night = complete_run()
        night.run.stage_runs.filter(stage=stage).update(reasons={code: 1})

        cards = {card.stage: card for card in desk.get(page(night.run)).context["cards"]}

        assert [(each.code, each.url) for each in cards[stage].dropped] == [(code, "")]

    def test_shows_progress_and_problems_of_the_stage_at_work(self, desk):
        run = RunFactory.create(status="RUNNING")
        LeadFileFactory.create(run=run, status="IMPORTING", accepted=10, records_done=4)
        stage_run = StageRunFactory.create(run=run, status="RUNNING", kept=0)
        ChunkFactory.create_batch(2, stage_run=stage_run, status="PENDING", error="No answer.")

        validate, dedupe, *_ = stage_cards(run, now=NOW)

        assert (validate.done, validate.planned, validate.measures) == (4, 10, "rows")
        assert [(p.error, p.chunks, p.given_up) for p in validate.problems] == [
            ("No answer.", 2, False)
        ]
        assert dedupe.status == "WAITING"

    def test_watches_itself_until_the_run_has_ended(self, desk):
        run = RunFactory.create(status="RUNNING")
        watching = desk.get(page(run), headers={"HX-Request": "true"})
        assert b"every 3s" in watching.content
        assert "HX-Refresh" not in watching

        Run.objects.update(status="DONE", ended_at=NOW)
        response = desk.get(page(run), headers={"HX-Request": "true"})

        assert response["HX-Refresh"] == "true"
        assert b"every 3s" not in response.content

    def test_does_not_call_done_what_is_not_finished(self, desk):
        night = complete_run()
        DeliveryFactory.create(run=night.run, status="FAILED", error="Refused.")

        assert (
            "Done, but 1 of 2 deliveries is not finished"
            in desk.get(page(night.run)).content.decode()
        )


class TestWhatTheAiCosts:
    @pytest.fixture
    def night(self, settings):
        settings.GEMINI_API_KEY = "an-invented-key"
        night = complete_run()
        AiCallFactory.create(run=night.run, client=night.client, lead=night.left_over)
        AiCallFactory.create(
            run=night.run, client=night.client, lead=night.left_over, outcome="LOST", micros=3_000
        )
        return night

    def test_stands_on_the_runs_page(self, desk, night):
        found = desk.get(page(night.run)).content.decode()

        assert "What the AI costs" in found
        assert "of it 1 call without an answer" in found
        assert "<b>0.35</b> of 500 cents" in found

    def test_says_why_the_template_writes_for_now(self, desk, night):
        Run.objects.update(status="RUNNING", ended_at=None)
        services.trip("gemini", "Gemini does not accept the key.", reason="ai_auth")

        assert in_words("ai_auth") in desk.get(page(night.run)).content.decode()

    def test_is_not_spoken_of_where_there_is_no_ai(self, desk, settings):
        assert "What the AI costs" not in desk.get(page(complete_run().run)).content.decode()

    def test_is_summed_by_month_and_client_above_the_ledger(self, desk, night):
        today = budget.today()
        AiCall.objects.update(day=today)

        found = desk.get(reverse("admin:pipeline_aicall_changelist")).content.decode()

        assert f"{today:%B %Y}" in found
        assert night.client.name in found
        assert "No answer came; counts as paid" in found
        assert "0.35 cents</span>" in found
        assert "Simulate tonight, and what it would cost" in found

    def test_of_one_call_is_told_in_cents_and_words(self, desk, night):
        call = AiCallFactory.create(
            run=night.run, client=night.client, reserved_micros=3_000, micros=345, reason="ai_unfit"
        )

        found = desk.get(reverse("admin:pipeline_aicall_change", args=[call.pk])).content.decode()

        for words in ("Cents, at most", "0.3000", "0.0345", "Its answer failed our checks"):
            assert words in found
        assert "micros" not in found

    def test_tells_one_call_that_failed_the_checks_from_a_draft_that_did(self, desk, night):
        AiCallFactory.create(run=night.run, client=night.client, reason="ai_unfit")

        found = desk.get(reverse("admin:pipeline_aicall_changelist")).content.decode()

        assert "Its answer failed our checks" in found
        assert in_words("ai_unfit").replace("'", "&#x27;") not in found
